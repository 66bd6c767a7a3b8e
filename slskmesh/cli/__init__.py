"""The slskmesh command."""
