"""Widgets that paint lines made by the view-models."""
