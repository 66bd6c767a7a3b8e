"""Exit codes of the command line; 0, 1, 2 and 3 come from `errors.py`."""

WAITING = 4  # `jobs`: something is not done yet and nothing can be done for it now
INTERRUPTED = 130
