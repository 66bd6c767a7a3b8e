"""How the MusicBrainz host does, in words for the screens. Pure."""

from __future__ import annotations

import time
from typing import Final

from slskmesh.catalogue.objects import CatalogueError, CatalogueStatus, Trouble

_WORDS: Final = {
    Trouble.UNREACHABLE: "unreachable",
    Trouble.LIMITED: "asking us to wait",
    Trouble.MALFORMED: "giving answers that cannot be read",
    Trouble.REFUSED: "refusing requests",
    Trouble.NOT_FOUND: "answering",
}


class Health:
    """What the last requests to one host came to. `since` is Unix seconds."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._asked = False
        self._reason = ""
        self.trouble: Trouble | None = None
        self.since: float | None = None

    def answered(self, error: CatalogueError | None = None) -> None:
        """The host answered; `error` where it was no use. Not knowing a thing is a good answer."""
        self._asked = True
        self.trouble = error.trouble if error is not None and error.trouble is not Trouble.NOT_FOUND else None
        self._reason = str(error) if self.trouble else ""
        self.since = None

    def failed(self, error: CatalogueError, now: float) -> None:
        """It did not answer, or asked us to wait, at `now`."""
        if self.since is None:
            self.since = now
        self._asked = True
        self.trouble = error.trouble
        self._reason = str(error)

    @property
    def text(self) -> str:
        """One line."""
        if not self._host:
            return "no host is set: only kept answers are used"
        if not self._asked:
            return f"{self._host}: not asked yet"
        if self.trouble is None:
            return f"{self._host}: answers"
        since = (
            f" since {time.strftime('%H:%M', time.localtime(self.since))}" if self.since is not None else ""
        )
        return f"{self._host}: {_WORDS[self.trouble]}{since}: kept answers are used ({self._reason})"

    def status(self, waiting: int) -> CatalogueStatus:
        """For the screens; `waiting` requests."""
        return CatalogueStatus(self._host, self.trouble, self.since, waiting, self.text)
