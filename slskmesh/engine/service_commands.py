"""Services of peers, called for programs: commands, the view of one service, and the events that answer.

Same rules as `engine/commands.py` and `engine/events.py`. Bodies are JSON: an object by the names of the struct's
fields, bytes as hexadecimal digits (dashes between them mean nothing, so MusicBrainz ids may be given as they are).
"""

from __future__ import annotations

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View
from slskmesh.text import SafeStr


class CallService(Command, frozen=True):
    """Calls a method of a peer's service, for at most `timeout` seconds (up to 60).

    `peer` empty: the one the directory names, else a connected one. Answered by `ServiceReplied` events and then one
    `ServiceEnded`; the `Reply` comes after them.
    """

    service: str
    method: str
    body: bytes = b""
    peer: str = ""
    timeout: float = 30.0


class StopCall(Command, frozen=True):
    """No more of call `query` is wanted; the peer is told."""

    query: int


class ShowServices(Command, frozen=True):
    """Services whose methods are known here, so that they can be called. Answered by one `ServicesShown` event."""


class ServiceMethodView(View, frozen=True):
    """One method: the names of the fields it takes and gives, and whether it gives several parts."""

    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    stream: bool


class ServiceView(View, frozen=True):
    """One service."""

    name: str
    version: int
    methods: tuple[ServiceMethodView, ...]


class ServicesShown(Event, frozen=True):
    """All services whose methods are known here, by name."""

    query: int
    services: tuple[ServiceView, ...]


class ServiceReplied(Event, frozen=True):
    """One part of an answer, as JSON. `peer` gave it; `stream`: there may be more."""

    query: int
    peer: str
    body: bytes
    stream: bool = False


class ServiceEnded(Event, frozen=True):
    """A call is over. `status` as the fabric numbers them (`fabric/status.py`); `text` says why it went wrong."""

    query: int
    status: int
    text: SafeStr = SafeStr("")
