"""Events: what happens once and must not be lost by coalescing. Views (`engine/views.py`) are the other way up."""

from __future__ import annotations

import enum

import msgspec

from slskmesh.engine.job_views import EntityView, PlanView, SpecView
from slskmesh.engine.views import DiskFolderView, HitView, OwnFileView, OwnShareView
from slskmesh.text import SafeStr


class Event(msgspec.Struct, frozen=True):
    """Base of all events."""


class Reply(Event, frozen=True):
    """Answer to the command posted as `request`. `text` is for people: what was done, or what was wrong.

    `value` of a refusal: seconds after which the same may be asked again; empty: it is no matter of time.
    """

    request: int
    ok: bool
    text: SafeStr = SafeStr("")
    value: str = ""


class Found(Event, frozen=True):
    """More hits for a query, in batches of at most 2,000."""

    query: int
    hits: tuple[HitView, ...]


class SearchEnded(Event, frozen=True):
    """A query is over: how many peers were asked, answered, refused; hits left out by limits.

    `users`: Soulseek users who answered. `reason`: why it ended early, or why a network was not asked.
    """

    query: int
    asked: int
    answered: int
    refused: int
    dropped: int
    reason: SafeStr = SafeStr("")
    users: int = 0


class SharesShown(Event, frozen=True):
    """All shares, in the order they were made."""

    query: int
    shares: tuple[OwnShareView, ...]


class LibraryShown(Event, frozen=True):
    """A page of what we share, at most 1,000 files; `next` is where the following one begins, empty at the end."""

    query: int
    files: tuple[OwnFileView, ...]
    next: str = ""


class DownloadsListed(Event, frozen=True):
    """One folder of the downloads, and then those in it, each behind the one it is in, by name."""

    query: int
    folders: tuple[DiskFolderView, ...]


class LookedUp(Event, frozen=True):
    """What the catalogue knows under a text or id. `kind` is that of `entities`: "release", "artist", "label".

    `note` is empty, or says why there is nothing, or that the answer is an old one and why.
    """

    query: int
    kind: str
    entities: tuple[EntityView, ...] = ()
    stale: bool = False
    note: SafeStr = SafeStr("")


class SpecsShown(Event, frozen=True):
    """Jobs as they were asked for."""

    query: int
    specs: tuple[SpecView, ...]


class Resolving(Event, frozen=True):
    """How the search for a release's holders stands: counts so far, at most four times a second, before `Resolved`.

    The first one, with zeros, comes when the catalogue told the release's tracks. `holders` showed what they hold,
    `publishers` are named by the table, `estimate` is a guess by sketches.
    """

    query: int
    holders: int = 0
    publishers: int = 0
    estimate: int = 0


class Resolved(Event, frozen=True):
    """Who has a release. `plan` is None where nothing could be found out; `note` says why."""

    query: int
    plan: PlanView | None = None
    note: SafeStr = SafeStr("")


class Level(enum.Enum):
    """How loud a notice is."""

    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    ERROR = "error"


class Notice(Event, frozen=True):
    """One line of the event log, worth a toast from WARN up."""

    when: float
    level: Level
    text: SafeStr


class EngineEnded(Event, frozen=True):
    """The engine's last word: clean stop, or the reason in one sentence."""

    clean: bool
    text: SafeStr
