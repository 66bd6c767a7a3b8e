"""The façade: the only door for the terminal app and the command line (design.md 2.2)."""
