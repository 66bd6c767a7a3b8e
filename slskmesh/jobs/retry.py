"""What went wrong with a job's work, and when it is tried again. Pure.

| class | what happens |
|---|---|
| NO_SOURCE | nobody has it now: again after 1 min, then twice as long each time, up to 6 h |
| CATALOGUE | MusicBrainz cannot be asked: again after 30 s (or what it asked for), doubling up to 30 min |
| STORAGE | disk full, folder gone: the person must act; the job fails and says which folder |
| REFUSED | it does not exist, or is not what it should be: nothing to wait for |
| HELD | the person paused its downloads: the job pauses too |

A content that came out wrong is not a class of its own: the next candidate is tried at once.
"""

from __future__ import annotations

import enum
import random
from typing import Final

from slskmesh.catalogue.objects import CatalogueError
from slskmesh.catalogue.objects import Trouble as CatalogueTrouble
from slskmesh.errors import SlskmeshError, StorageError

NO_SOURCE_FIRST: Final = 60.0  # seconds
NO_SOURCE_MOST: Final = 6 * 3600.0
CATALOGUE_FIRST: Final = 30.0
CATALOGUE_MOST: Final = 1800.0
JITTER: Final = 0.1  # of the delay, so that many jobs do not ask at one moment
_WRONG: Final = "whole file's SHA-256"  # the swarm's one failure that is the content's and not the disk's


class Trouble(enum.Enum):
    """See the head of this file."""

    NO_SOURCE = "no source"
    CATALOGUE = "catalogue"
    STORAGE = "storage"
    REFUSED = "refused"
    HELD = "held"


class Stopped(Exception):
    """Work on a job cannot go on now. `delay`: seconds the other side asked to wait, if it did."""

    def __init__(self, trouble: Trouble, reason: str, delay: float | None = None) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason
        self.delay = delay


def delay_for(
    trouble: Trouble, attempts: int, rng: random.Random, asked: float | None = None
) -> float | None:
    """Seconds until the next try after `attempts` tries in vain before this one; None: only the person can help.

    `asked` is what the other side wants at least; it counts up to the class's most.
    """
    if trouble is Trouble.NO_SOURCE:
        first, most = NO_SOURCE_FIRST, NO_SOURCE_MOST
    elif trouble is Trouble.CATALOGUE:
        first, most = CATALOGUE_FIRST, CATALOGUE_MOST
    else:
        return None
    delay = min(most, first * 2.0 ** min(attempts, 32))
    delay = max(delay, min(asked or 0.0, most))
    return delay * (1 + JITTER * rng.random())


def stopped_by(error: SlskmeshError) -> Stopped:
    """The class of an error that a question to a neighbour raised."""
    if isinstance(error, CatalogueError):
        if error.trouble in (CatalogueTrouble.NOT_FOUND, CatalogueTrouble.REFUSED):
            return Stopped(Trouble.REFUSED, str(error))
        return Stopped(Trouble.CATALOGUE, str(error), error.retry)
    if isinstance(error, StorageError):
        return Stopped(Trouble.STORAGE, str(error))
    return Stopped(Trouble.NO_SOURCE, str(error))


def is_wrong_content(reason: str) -> bool:
    """Whether a download failed for what the content is; else it failed for the disk."""
    return _WRONG in reason


def foremost(troubles: list[Stopped]) -> Stopped | None:
    """The one of several that decides what becomes of a job: what needs the person now, then what comes soonest."""
    order = (Trouble.STORAGE, Trouble.CATALOGUE, Trouble.NO_SOURCE, Trouble.HELD, Trouble.REFUSED)
    return min(troubles, key=lambda stopped: order.index(stopped.trouble), default=None)
