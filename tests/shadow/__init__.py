"""Tests of the shadow index."""
