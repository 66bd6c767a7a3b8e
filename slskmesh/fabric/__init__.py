"""Calls between peers by service name: descriptors, directory, rates, streams."""
