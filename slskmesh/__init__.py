"""slskmesh: a terminal client for people who share music, with a mesh of peers that needs no server."""

__version__ = "0.1.0"
