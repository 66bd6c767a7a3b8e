"""Searches of programs: begun, followed and stopped through the engine. One for each gateway.

Rules:
- One is begun at a time, as slskd does it, and RUNNING_MAX run; who comes then is told when to come again. So is who
  would use up what the Soulseek server allows (`commands.Search.program`).
- A search asks whom the mode lets it ask: without the server it goes to peers alone, answered in the same shapes.
- It is over when the networks are done, nobody has answered for the program's time, or there is enough for it.
"""

from __future__ import annotations

import math
import time
import uuid
from typing import Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.console import Refused
from slskmesh.engine.events import Event, Found, SearchEnded
from slskmesh.engine.views import HitView
from slskmesh.engine.visitor import Stream, Visitor
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.names import key_of_uuid, uuid_of_key
from slskmesh.gateway.search_finds import Finds
from slskmesh.gateway.search_memory import Memory, Record
from slskmesh.gateway.search_shapes import CANCELLED, ERRORED, TIMED_OUT, SearchRequest, quiet_seconds
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire.limits import QUERY_MAX

RUNNING_MAX: Final = 16
_LONGEST: Final = 180.0  # seconds; the engine ends any search sooner
_HITS_OF_ONE: Final = 5_000  # from one user or peer
_STOP_SECONDS: Final = 20.0
_SOON: Final = 1.0  # seconds until a place is free, most likely
_TOKENS: Final = 1 << 31


class Searches:
    """See the head of this file."""

    def __init__(self, engine: Visitor, nursery: trio.Nursery) -> None:
        self._engine = engine
        self._nursery = nursery
        self._memory = Memory()
        self._running: dict[int, trio.Event] = {}  # set when it is over
        self._beginning = False

    # -- what programs do with them ------------------------------------------------------------------------------

    async def begin(self, wanted: SearchRequest) -> Record:
        """Begins a search. GatewayError 400: what for? 409: nobody can be asked, or the id is taken; 429: not now."""
        text, id = _text(wanted.search_text), _id(wanted.id)
        if self._beginning:
            raise GatewayError(429, "only one search is begun at a time; come again", _SOON)
        if len(self._running) >= RUNNING_MAX:
            raise GatewayError(429, f"{RUNNING_MAX} searches run already; come again", _SOON)
        if self._memory.get(id) is not None:
            raise GatewayError(409, f"there is a search with the id {id} already")
        number = self._engine.number()
        token = number % _TOKENS
        record = Record(number, id, text, token, time.time(), Finds(wanted, token))
        self._beginning = True
        try:
            await self._nursery.start(self._run, record, wanted)
        finally:
            self._beginning = False
        return record

    def get(self, id: str) -> Record:
        """A search. GatewayError 404: there is none with this id; 400: it is no id."""
        self._memory.tidy(trio.current_time())
        record = self._memory.get(_id(id))
        if record is None:
            raise GatewayError(404, "there is no such search")
        return record

    def all(self) -> list[Record]:
        """All that are remembered, the oldest first."""
        self._memory.tidy(trio.current_time())
        return self._memory.all()

    async def stop(self, record: Record) -> None:
        """Wants no more of it; returns when it is over."""
        if record.number not in self._running:
            return
        record.cancelled = True
        await self._engine.ask(cmd.StopSearch(record.number))
        with trio.move_on_after(_STOP_SECONDS):
            await self.over(record)

    async def over(self, record: Record) -> None:
        """Returns when it is over."""
        if (over := self._running.get(record.number)) is not None:
            await over.wait()

    async def delete(self, record: Record) -> None:
        """Forgets a search, but for what it found: that can still be ordered for a while."""
        self._memory.delete(record)
        await self.stop(record)

    def find(self, username: str, filename: str) -> tuple[int, HitView] | None:
        """The query and the hit of a file, by the names programs were shown; None: they were not, or long ago."""
        return self._memory.find(username, filename)

    def of_user(self, username: str) -> list[tuple[str, HitView]]:
        """Remote path and hit of all that was found at a user or peer, by path."""
        return self._memory.of_user(username)

    def in_folder(self, username: str, folder: str) -> list[tuple[int, HitView]]:
        """The same of all that was found right in one remote folder, given without a stroke at its end."""
        return self._memory.in_folder(username, folder)

    # -- one search ----------------------------------------------------------------------------------------------

    async def _run(
        self,
        record: Record,
        wanted: SearchRequest,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """One search to its end; started once somebody is asked."""
        quiet = quiet_seconds(wanted.search_timeout)
        limit = min(wanted.file_limit, _HITS_OF_ONE)
        async with self._engine.stream(lambda event: _is_of(event, record.number)) as stream:
            try:
                await self._engine.ask(
                    cmd.Search(record.text, limit, quiet=quiet, program=True), record.number
                )
            except Refused as error:
                raise GatewayError(409 if error.retry is None else 429, str(error), error.retry) from error
            self._memory.add(record, trio.current_time())
            self._running[record.number] = trio.Event()
            task_status.started()
            state = ERRORED
            try:
                with trio.move_on_after(_LONGEST):
                    await self._follow(record, stream, quiet)
                    state = record.finds.full or (CANCELLED if record.cancelled else TIMED_OUT)
            finally:
                self._memory.end(record, state, time.time(), trio.current_time())
                self._running.pop(record.number).set()

    async def _follow(self, record: Record, stream: Stream, quiet: float) -> None:
        """Takes in what it finds; stops it when there is enough or nobody answers, returns when it is over."""
        stopped = False
        while True:
            with trio.move_on_after(math.inf if stopped else quiet) as silence:
                event = await stream.next()
                if isinstance(event, SearchEnded):
                    return
                if isinstance(event, Found):
                    self._memory.take(record, event.hits, trio.current_time())
            if not stopped and (silence.cancelled_caught or record.finds.full):
                stopped = True
                await self._engine.ask(cmd.StopSearch(record.number))


def _is_of(event: Event, number: int) -> bool:
    return isinstance(event, Found | SearchEnded) and event.query == number


def _text(text: str) -> SafeStr:
    """The words of a search. GatewayError 400: there are none, or too many."""
    words = sanitize(text, QUERY_MAX + 1).strip()
    if not words:
        raise GatewayError(400, "searchText: what is searched for? it has no words")
    if len(words) > QUERY_MAX:
        raise GatewayError(400, f"searchText: at most {QUERY_MAX} characters")
    return SafeStr(words)


def _id(text: str | None) -> str:
    """An id as it is written commonly, a new one for None. GatewayError 400: it is none."""
    return str(uuid.uuid4()) if text is None else uuid_of_key(key_of_uuid(text))
