"""The pace of something that publishes now and then, and at once for somebody who waits for it.

Rules: never closer together than `least`, never further apart than `every`; the event of `hasten` is set once what was
so when it was called is published.
"""

from __future__ import annotations

import trio


class Beat:
    """Paces one task that publishes without giving way and calls `rest` after each time; seconds."""

    def __init__(self, every: float, least: float = 0.1) -> None:
        self._every, self._least = every, least
        self._wanted = trio.Event()
        self._published = trio.Event()

    async def rest(self) -> None:
        """Something was published: returns when it is time for the next."""
        self._published.set()
        self._published = trio.Event()
        await trio.sleep(self._least)
        with trio.move_on_after(self._every - self._least):
            await self._wanted.wait()
        self._wanted = trio.Event()

    def hasten(self) -> trio.Event:
        """Makes the next come soon; the event is set once it was published."""
        self._wanted.set()
        return self._published
