"""Who we are: one Ed25519 key, its certificate, its text forms, what it signs."""
