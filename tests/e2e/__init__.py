"""Whole peers as real processes on loopback, and what may befall them."""
