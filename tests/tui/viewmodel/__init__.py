"""The pure view-models."""
