"""Whole networks of real nodes in virtual time."""
