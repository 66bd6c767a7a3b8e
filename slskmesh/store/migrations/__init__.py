"""Numbered schema steps, each a module with up(db)."""
