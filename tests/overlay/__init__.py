"""Tests of the overlay: honest peers and attackers over real sockets."""
