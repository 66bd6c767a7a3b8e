"""Owns being on the Soulseek server: connects when that is wanted, waits by outcome, leaves when it is not.

Rules: one task does all of it, so there is never more than one try, and a session is left before the next begins. What
is decided, `watch` decides; here is only trio. A client that answers nothing is given up after a while, and a session
that went without a word is noticed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import trio

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.port import Client, Line, Offline
from slskmesh.soulseek.values import Outcome, ServerChanged
from slskmesh.soulseek.watch import Phase, Standing, Watch

CONNECT_MOST: Final = 45.0  # seconds; the client itself promises 30
LEAVE_MOST: Final = 10.0
LOOK_EVERY: Final = 30.0  # at the line and at the session, whatever happens


class Supervisor:
    """Of one client. All calls on the engine's loop.

    `line` gives the line as it is set now, None for no account; it must not block and may raise UserError (said in
    words until it is mended). `on_change` is told of every change.
    """

    def __init__(
        self,
        client: Client,
        line: Callable[[], Line | None],
        *,
        on_change: Callable[[Standing], None] | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._client = client
        self._line = line
        self._on_change = on_change
        self._clock = clock
        self._watch = Watch(rng or random.Random(), clock())
        self._wake = trio.Event()
        self._trying: trio.CancelScope | None = None
        self._session = False  # the client has one, or may have
        self._told: Standing | None = None

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return self._watch.standing()

    # -- what the person wants ---------------------------------------------------------------------------------

    def set_wanted(self, wanted: bool) -> None:
        """Whether to be on the server. Waits go on counting while it is not wanted."""
        self._look()
        self._watch.want(wanted, self._clock())
        self._changed()

    def line_changed(self) -> None:
        """The settings changed: looks at the line now and not only every half minute."""
        self._look()
        self._changed()

    def retake(self) -> bool:
        """Takes the name back from the other login that had us closed; False: there is none."""
        taken = self._watch.retake(self._clock())
        self._changed()
        return taken

    def retry_now(self) -> float | None:
        """Tries before its time. Seconds until then (a suspected ban keeps some); None: nothing is waited for."""
        wait = self._watch.retry_now(self._clock())
        self._changed()
        return wait

    def server_changed(self, event: ServerChanged) -> None:
        """To be called with every such event of the client."""
        self._watch.heard(event.outcome, self._clock(), event.text)
        if event.outcome is not Outcome.ONLINE and self._watch.phase in (Phase.WAITING, Phase.STOPPED):
            self._session = False
        self._changed()

    # -- the task ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; then the server is left."""
        try:
            while True:
                self._wake = trio.Event()
                self._look()
                self._tell()
                if self._session and self._watch.phase is not Phase.ONLINE:
                    await self._leave()
                elif self._watch.due(self._clock()):
                    await self._attempt()
                else:
                    await self._wait()
        finally:
            if self._session:
                with trio.CancelScope(shield=True):
                    await self._leave()

    async def _wait(self) -> None:
        now = self._clock()
        next_at = self._watch.next_at
        pause = LOOK_EVERY if next_at is None else min(LOOK_EVERY, next_at - now)
        with trio.move_on_after(max(0.0, pause)):
            await self._wake.wait()
        if self._watch.phase is Phase.ONLINE and not self._client.online:
            self._session = False
            self._watch.heard(Outcome.LOST, self._clock())

    async def _attempt(self) -> None:
        """One try. Where it is no longer wanted its scope is cancelled, and the run loop leaves the server."""
        line = self._watch.begin()
        self._session = True
        self._tell()
        outcome, text, unusable = Outcome.NO_ANSWER, "", ""
        with trio.move_on_after(CONNECT_MOST) as scope:
            self._trying = scope
            try:
                outcome = await self._client.connect(line)
            except UserError as error:
                unusable = str(error)
            except SlskmeshError as error:
                outcome, text = Outcome.UNREACHABLE, str(error)
        self._trying = None
        now, online = self._clock(), outcome is Outcome.ONLINE
        if unusable:
            self._watch.unusable(unusable, now)
        else:
            self._watch.ended(outcome, now, text, alive=not online or self._client.online)
        self._session = online or scope.cancelled_caught
        self._tell()

    async def _leave(self) -> None:
        with trio.move_on_after(LEAVE_MOST):
            try:
                await self._client.disconnect()
            except Offline:
                pass  # gone already
        self._session = False

    # -- inside ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Hands the line to the watch as it is set now."""
        line, trouble = None, ""
        try:
            line = self._line()
        except UserError as error:
            trouble = str(error)
        self._watch.line_is(line, self._clock(), trouble)

    def _changed(self) -> None:
        """Something may have: breaks off a try that is no longer wanted, tells, wakes the task."""
        if self._trying is not None and self._watch.phase is not Phase.CONNECTING:
            self._trying.cancel()
        self._tell()
        self._wake.set()

    def _tell(self) -> None:
        standing = self._watch.standing()
        if self._on_change is not None and standing != self._told:
            self._told = standing
            self._on_change(standing)
