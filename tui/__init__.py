"""The full-screen terminal app: panes over the engine's views."""
