"""Pure state and text of the panes: no Textual, no clock, no I/O; every function here is plain Python."""
