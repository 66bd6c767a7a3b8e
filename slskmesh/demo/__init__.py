"""A whole small network on loopback, to see and to prove the real thing."""
