"""Benches: each prints one JSON line and compares in one run."""
