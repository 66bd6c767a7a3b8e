"""Signed records found by topic among peers, with no server: routing, records, lookups over UDP."""
