"""The person's limits on what all sessions together receive and send.

Rules: a limit is kept in small portions that sessions take in turn, so that a slow line flows instead of coming in
gusts, and no session waits for another's whole chunk. Control messages are never held back for what is sent.
"""

from __future__ import annotations

import trio

from slskmesh.overlay.pacing import TokenBucket
from slskmesh.wire.limits import DATA_FRAME_MAX, DATA_FRAME_MIN

_PORTION_MIN = 2 * 1024
_PORTION_MAX = 512 * 1024
_LOOK = 1.0  # seconds after which one who waits sees a changed limit


class DownloadLimit:
    """The bound on what all sessions together receive (`overlay/tls.py` Throttle)."""

    def __init__(self) -> None:
        self._bucket: TokenBucket | None = None

    def set(self, rate: int) -> None:
        """`rate` bytes per second, 0 for no limit."""
        if rate != (self._bucket.rate if self._bucket else 0):
            self._bucket = TokenBucket(rate, max(rate / 4, _PORTION_MIN)) if rate else None

    def portion(self) -> int:
        """A twentieth of a second's worth, so that many sessions can take turns."""
        if self._bucket is None:
            return _PORTION_MAX
        return int(min(max(self._bucket.rate / 20, _PORTION_MIN), _PORTION_MAX))

    async def took(self, count: int) -> None:
        """Waits until the bytes taken are within the rate."""
        if self._bucket is not None:
            wait = self._bucket.owe(trio.current_time(), count)
            if wait > 0:
                await trio.sleep(wait)


class UploadLimit:
    """The bound on chunk data that all sessions together send; each session holds a `Turn`."""

    def __init__(self) -> None:
        self.bucket: TokenBucket | None = None

    def set(self, rate: int) -> None:
        """`rate` bytes per second, 0 for no limit."""
        if rate != (self.bucket.rate if self.bucket else 0):
            self.bucket = TokenBucket(rate, max(rate / 10, DATA_FRAME_MIN)) if rate else None


class Turn:
    """One session's place under an upload limit. Times are those of `trio.current_time`."""

    def __init__(self, limit: UploadLimit) -> None:
        self._limit = limit
        self._bucket: TokenBucket | None = None  # the one `_due` is of
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next data frame may leave, or until it is worth asking again."""
        if self._bucket is not self._limit.bucket:
            return 0.0
        return min(max(0.0, self._due - now), _LOOK)

    def portion(self, wanted: int) -> int:
        """Payload bytes of the next data frame: `wanted`, or a twentieth of a second's worth."""
        bucket = self._limit.bucket
        if bucket is None:
            return wanted
        return int(min(wanted, max(bucket.rate / 20, DATA_FRAME_MIN), DATA_FRAME_MAX))

    def sent(self, now: float, size: int) -> None:
        """A data frame left: whoever sends next pays for it too, so that all come round equally often."""
        bucket = self._bucket = self._limit.bucket
        self._due = now + bucket.owe(now, size) if bucket is not None else 0.0
