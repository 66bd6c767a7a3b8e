"""One browse under way: a user's shares as they come off the line, handed on in portions.

Rules:
- A few portions wait at most; while they do the line is not read, so a slow taker slows the sender.
- It ends once: whole, or with a PeerError that says why not. Nobody waits for ever.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from aioslsk.exceptions import ConnectionReadError

from slskmesh.errors import PeerError
from slskmesh.soulseek.replies import SharesReader
from slskmesh.soulseek.values import Listing

SILENCE: Final = 60.0  # seconds without anything of it
_WAITING: Final = 4


class Browse:
    """The shares of `user`."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = SharesReader(user)
        self._waiting: asyncio.Queue[Listing | PeerError] = asyncio.Queue(_WAITING)
        self._over = False
        self._received = self._of = 0

    async def sink(self, piece: bytes, left: int) -> None:
        """Takes the next bytes, b"" at the end; `left` come after. ConnectionReadError when no more is wanted."""
        self._received += len(piece)
        self._of = self._received + left
        if not self.begun.done():
            self.begun.set_result(None)
        try:
            if not piece:
                await self._hand_on(self._reader.end())
                self._over = True
            for portion in self._reader.feed(piece):
                if portion is None:
                    await asyncio.sleep(0)
                else:
                    await self._hand_on(portion)
        except PeerError as error:
            await self._hand_on(error)
            self._over = True
            raise ConnectionReadError("shares that cannot be read") from error

    async def next(self) -> Listing:
        """The next portion, the last one `done`."""
        try:
            async with asyncio.timeout(SILENCE):
                item = await self._waiting.get()
        except TimeoutError:
            raise PeerError("no-answer", "the user did not send his shares", blame=False) from None
        if isinstance(item, PeerError):
            raise item
        return item

    def lost(self) -> None:
        """The line is gone."""
        if self.begun.done() and not self._over:
            self._over = True
            if self._waiting.full():
                self._waiting.get_nowait()
            self._waiting.put_nowait(
                PeerError("gone", "the user's line was lost in the middle of his shares", blame=False)
            )

    def close(self) -> None:
        """No more of it is wanted."""
        self._over = True
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def _hand_on(self, item: Listing | PeerError) -> None:
        if isinstance(item, Listing):
            item = msgspec.structs.replace(item, received=self._received, of=self._of)
        if not self._over:
            await self._waiting.put(item)
        if self._over:
            raise ConnectionReadError("shares that are not wanted any more")
