"""A legacy side in memory: a real partial file that grows, and what was asked of it."""

from __future__ import annotations

from pathlib import Path

import trio


class GrowingFile:
    """One user's transfer of `data`; `path` holds what came."""

    def __init__(self, path: Path, data: bytes, begin: int = 0, user: str = "a legacy user") -> None:
        self.path = path
        self.user = user
        self.data = data
        self.active = False
        self.paused = False
        self.asked: list[str] = []
        self.different = ""
        self.whole_first = False  # a pause comes too late
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data[:begin])

    @property
    def length(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def grow(self, size: int) -> None:
        """So many more bytes came."""
        at = self.length
        with self.path.open("ab") as file:
            file.write(self.data[at : at + size])

    async def run(self, rate: float, step: float = 0.02) -> None:
        """Grows at this rate (bytes per second) until paused or whole."""
        self.active = True
        while self.active and self.length < len(self.data):
            await trio.sleep(step)
            if self.active:
                self.grow(int(rate * step))

    def grows(self) -> bool:
        return self.active

    async def pause(self) -> bool:
        self.asked.append("pause")
        await trio.lowlevel.checkpoint()
        if self.whole_first:
            return False
        self.active, self.paused = False, True
        return True

    async def resume(self) -> None:
        self.asked.append("resume")
        await trio.lowlevel.checkpoint()
        self.paused = False

    def differs(self, why: str) -> None:
        self.different = why
