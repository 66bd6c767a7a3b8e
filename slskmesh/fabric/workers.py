"""Tasks that answer calls, kept between calls: starting one, and a cancel scope, cost more than most answers.

Rules:
- A worker runs one job at a time inside its own scope. The job's deadline and cancellation are that scope's; a scope
  that was cancelled is left and replaced, so that nothing of one job reaches the next.
- Nobody waits behind a job that takes long: before a worker takes a job up, another is awake for the rest.
- As many workers as jobs that take long, and a few that wait. Jobs are bounded by whoever hands them in.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import trio

_IDLE_MAX: Final = 16
_TURNS: Final = 64  # jobs in a row before the other tasks of the loop get theirs

J = TypeVar("J")


class Workers(Generic[J]):
    """Runs `work(job, scope)` for every job, in order as far as jobs do not wait; `work` sets the scope's deadline."""

    def __init__(self, nursery: trio.Nursery, work: Callable[[J, trio.CancelScope], Awaitable[None]]) -> None:
        self._nursery = nursery
        self._work = work
        self._queue: deque[J] = deque()
        self._idle: list[trio.Event] = []
        self._called = False  # a worker was woken or started and has not looked yet

    def put(self, job: J) -> None:
        """Adds a job."""
        self._queue.append(job)
        self._call_one()

    def _call_one(self) -> None:
        if self._called:
            return
        self._called = True
        if self._idle:
            self._idle.pop().set()
        else:
            self._nursery.start_soon(self._serve)

    async def _serve(self) -> None:
        self._called = False
        wanted = True
        while wanted:
            with trio.CancelScope() as scope:
                wanted = await self._serve_within(scope)
            # A scope cancelled in the middle of a job leaves here too, with `wanted` as it was: True.

    async def _serve_within(self, scope: trio.CancelScope) -> bool:
        """Jobs until the scope is used up (True) or there are enough workers that wait (False)."""
        turns = 0
        while not scope.cancel_called:
            if not self._queue:
                if len(self._idle) >= _IDLE_MAX:
                    return False
                turns = 0
                scope.deadline = math.inf
                event = trio.Event()
                self._idle.append(event)
                await event.wait()
                self._called = False
                continue
            job = self._queue.popleft()
            if self._queue:
                self._call_one()
            await self._work(job, scope)
            turns += 1
            if turns % _TURNS == 0 and not scope.cancel_called:
                scope.deadline = math.inf
                await trio.lowlevel.checkpoint()
        return True
