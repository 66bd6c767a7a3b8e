"""Authenticated lines between peers: TLS, sessions, peer book, invites."""
