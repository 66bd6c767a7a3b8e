"""Why a download from a legacy user did not go on, and when it is tried again. Pure.

| class | what happens |
|---|---|
| NETWORK | again after 30 s, twice as long each time, up to 1 h; bytes that came begin the count anew |
| LIMIT | the user takes no more now: asked once one of ours there has ended, or after 5 min, doubling up to 1 h |
| OFFLINE | when the server says that the user is back |
| GONE | the user does not share it any more: nothing to wait for, another source is wanted |
| REFUSED | the user, or his client by a rule, does not want to give it: as GONE |
| CHANGED | the file has another size there now: as GONE |
| DISK | this machine's disk: the person must act |

The network has no numbers for these, only each client's words; words nobody knows count as NETWORK.
"""

from __future__ import annotations

import enum
import random
import re
from typing import Final

NETWORK_FIRST: Final = 30.0  # seconds
LIMIT_FIRST: Final = 300.0
MOST: Final = 3600.0
JITTER: Final = 0.1  # of the delay, so that many files of one user do not ask at one moment


class Trouble(enum.Enum):
    """See the head of this file."""

    NONE = ""
    NETWORK = "network"
    LIMIT = "limit"
    OFFLINE = "offline"
    GONE = "gone"
    REFUSED = "refused"
    CHANGED = "changed"
    DISK = "disk"


FINAL: Final = frozenset({Trouble.GONE, Trouble.REFUSED, Trouble.CHANGED, Trouble.DISK})
ELSEWHERE: Final = frozenset({Trouble.GONE, Trouble.REFUSED, Trouble.CHANGED})

# In this order; the adapter's own words first, then those of the network's clients.
_WORDS: Final = (
    (re.compile(r"disk: "), Trouble.DISK),
    (re.compile(r"the file has \d+ bytes there now"), Trouble.CHANGED),
    (
        re.compile(r"too many (files|megabytes)|(limit of|limit reached|exceeded)|queue (is )?full"),
        Trouble.LIMIT,
    ),
    (re.compile(r"(file )?not shared|no such file|not available|remote file error"), Trouble.GONE),
    (re.compile(r"banned|blocked|disallowed|not allowed|denied|cancelled|aborted"), Trouble.REFUSED),
)


def classify(reason: str) -> Trouble:
    """The class of the network's words for an end."""
    words = reason[:300].lower()
    for pattern, trouble in _WORDS:
        if pattern.match(words) if trouble in (Trouble.DISK, Trouble.CHANGED) else pattern.search(words):
            return trouble
    return Trouble.NETWORK


def delay_for(trouble: Trouble, tries: int, rng: random.Random) -> float | None:
    """Seconds until the next try after `tries` tries in vain before this one; None: something else must happen."""
    first = {Trouble.NETWORK: NETWORK_FIRST, Trouble.LIMIT: LIMIT_FIRST}.get(trouble)
    if first is None:
        return None
    return min(MOST, first * 2.0 ** min(tries, 16)) * (1 + JITTER * rng.random())
