"""Tests of slskmesh.dht."""
