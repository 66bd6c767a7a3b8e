"""Status of a call, as it stands on the wire (research features 2.2: the numbers people's tools know)."""

from __future__ import annotations

import enum

from slskmesh.errors import PeerError


class Status(enum.IntEnum):
    """How a call ended."""

    OK = 0
    UNKNOWN = 1  # the service failed
    SERVICE_NOT_FOUND = 2  # not there or not exposed: the same answer, so that nobody can probe
    METHOD_NOT_FOUND = 3
    INVALID_PAYLOAD = 4
    TIMEOUT = 5
    RATE_LIMITED = 6
    UNAUTHORIZED = 7
    FORBIDDEN = 8
    PAYLOAD_TOO_LARGE = 9
    UNAVAILABLE = 10  # the peer is gone, or has no work units left for this


class CallFailed(PeerError):
    """A call that did not end well; `status` tells how. Blames the peer only where it broke the protocol."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(status.name.lower(), message, blame=False)
        self.status = status
