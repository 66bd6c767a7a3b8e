"""The owner of the demo's Soulseek server in the headless run: takes it away and brings it back when the user is ready.

Rules: away is SIGKILL. Before, the steady legacy user is told to begin nothing new, so that what waits at him waits
for the server's return. The return is told when every legacy user is on the server again.
"""

from __future__ import annotations

from collections.abc import Callable

from slskmesh.demo.child import Child
from slskmesh.demo.failover import LETTER
from slskmesh.demo.legacy import SLOW, STEADY, YOU, Soulseek
from slskmesh.errors import SlskmeshError


class Outage:
    """See the head of this file; `asked` takes the user's words, `step` is called whenever anything was said."""

    def __init__(self, soulseek: Soulseek, say: Callable[[str], None]) -> None:
        self._soulseek = soulseek
        self._say = say
        self._returning: Child | None = None  # who waits for the server

    def asked(self, stage: str, user: Child) -> None:
        """Does what the user's side asks for. SlskmeshError: it asks for something else."""
        if stage == "begin":
            self._say("  killing the Soulseek server (SIGKILL)")
            self._soulseek.order(STEADY, slots=0)
            self._soulseek.stop_server()
            user.tell({"outage": stage})
        elif stage == "hurry":
            self._soulseek.order(STEADY, limit=0)
            user.tell({"outage": stage})
        elif stage == "end":
            self._say("  the Soulseek server starts again")
            self._soulseek.start_server()
            self._returning = user
        else:
            raise SlskmeshError(f"the user asks for an unknown stage: {stage}")

    def step(self) -> None:
        """Tells who waits for the server, once all are on it."""
        if self._returning is not None and not self._soulseek.missing():
            self._soulseek.order(STEADY, slots=1)
            self._returning.tell({"outage": "end"})
            self._returning = None

    @property
    def delivered(self) -> bool:
        """Whether the message that waited for the server reached its reader, once."""
        return self._soulseek.whispers.count((SLOW, YOU, LETTER)) == 1
