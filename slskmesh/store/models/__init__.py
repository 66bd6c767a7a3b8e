"""Tables, one module a room."""
