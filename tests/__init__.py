"""Tests of slskmesh and its terminal app."""
