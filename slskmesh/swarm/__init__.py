"""Verified multi-source transfers: picker, downloads, uploads."""
