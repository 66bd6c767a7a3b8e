"""The programs that a bench runs against each other, each in its own process."""
