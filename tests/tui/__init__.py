"""The terminal app, from its pure view-models to a real pseudo-terminal."""
