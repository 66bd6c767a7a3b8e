"""Exit codes of the command line; 0, 1, 2 and 3 come from `errors.py`."""

INTERRUPTED = 130
