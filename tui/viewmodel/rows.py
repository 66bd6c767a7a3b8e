"""Rows of search results: one file, all its copies, the order it stands in, and what is shown of it.

Rules: a row leads with the best source (hits.py) of the copies that pass filter and facets; all orders are total; what
is not known comes last in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from slskmesh.engine.views import HitView
from slskmesh.filters import Facts, Filter, Verdict
from tui.viewmodel.facets import passes
from tui.viewmodel.hits import is_legacy, pace, quality, source_rank, who

NONE: frozenset[str] = frozenset()
ALL = Filter()
Order = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Copy:
    """One hit of a row. `held`: bits of the facets it passes; `ok`: it passes filter and facets that are on."""

    hit: HitView
    facts: Facts
    held: int
    row: Row
    ok: bool = True


@dataclass(slots=True, eq=False)
class Row:
    """One file: its best source and all its copies. `held`: bits of the facets that some copy passes."""

    number: int
    key: str  # stable over sorts and filters
    best: Copy = field(init=False)
    copies: list[Copy] = field(default_factory=list)
    more: int = 0  # copies left out
    kept: bool = False  # one copy passes
    have: bool = False
    held: int = 0
    rank: Order = ()

    @property
    def hit(self) -> HitView:
        """The best source's hit."""
        return self.best.hit

    @property
    def words(self) -> str:
        """Names of its first copy, case folded."""
        return self.copies[0].facts.words

    @property
    def users(self) -> int:
        """How many users and peers have it."""
        return 1 if len(self.copies) == 1 else len({who(copy.hit) for copy in self.copies}) + self.more

    def sources(self) -> list[Copy]:
        """Its copies, the best source first, one of each who has it."""
        found: dict[str, Copy] = {}
        for copy in sorted(self.copies, key=preference):
            found.setdefault(who(copy.hit), copy)
        return list(found.values())


def preference(copy: Copy) -> Order:
    """Smaller is the better source of a row."""
    return (not copy.ok, *source_rank(copy.hit))


# -- orders ------------------------------------------------------------------------------------------------------------


def album_rank(hit: HitView) -> Order:
    """The order of files in a release."""
    return (
        (hit.artist or hit.group_title or hit.folder).casefold(),
        hit.album.casefold(),
        hit.disc,
        hit.track,
        hit.name.casefold(),
    )


def _score(row: Row, hit: HitView) -> Order:
    locked, slot, *_ = source_rank(hit)
    return (row.have, locked, not hit.trusted, slot, -pace(hit), *album_rank(hit))


RANKS: dict[str, Callable[[Row, HitView], Order]] = {
    "score": _score,
    "name": lambda row, hit: ((hit.title or hit.name).casefold(),),
    "album": lambda row, hit: album_rank(hit),
    "size": lambda row, hit: (-hit.size,),
    "length": lambda row, hit: (-hit.duration,),
    "bitrate": lambda row, hit: (-quality(hit), *album_rank(hit)),
    "speed": lambda row, hit: (-(hit.speed or 0), *album_rank(hit)),
    "queue": lambda row, hit: (hit.queue is None, hit.queue or 0, *album_rank(hit)),
    "users": lambda row, hit: (-row.users, *album_rank(hit)),
    "source": lambda row, hit: (hit.short.casefold(), *album_rank(hit)),
}
SORTS = tuple(RANKS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown, and in which order. `hidden`: Soulseek users whose copies are not wanted at all."""

    sort: str = "score"
    reverse: bool = False
    filter: Filter = ALL
    facets: frozenset[str] = NONE
    hidden: frozenset[str] = NONE

    @property
    def narrows(self) -> bool:
        """Whether it hides anything."""
        return bool(self.filter.terms or self.facets or self.hidden)

    def passes(self, copy: Copy) -> bool:
        """Whether it shows a copy."""
        if self.hidden and is_legacy(copy.hit) and copy.hit.user in self.hidden:
            return False
        if self.facets and not passes(copy.held, self.facets):
            return False
        return not self.filter.terms or self.filter.matches(copy.facts) is not Verdict.NO


class Judged(NamedTuple):
    """What `arrange` found about a row, until it is in force."""

    row: Row
    oks: list[bool] | None  # of its copies; None: all
    best: Copy
    kept: bool
    rank: Order


def judge(row: Row, wanted: Wanted) -> Judged:
    """What would be shown of a row."""
    oks: list[bool] | None = None
    kept = True
    if wanted.narrows:
        oks = [wanted.passes(copy) for copy in row.copies]
        kept = any(oks)
    if len(row.copies) == 1:
        best = row.copies[0]
    else:
        allowed = (
            [copy for copy, ok in zip(row.copies, oks, strict=True) if ok] if oks and kept else row.copies
        )
        best = min(allowed, key=lambda copy: source_rank(copy.hit))
    return Judged(row, oks, best, kept, RANKS[wanted.sort](row, best.hit))


def settle(found: Judged) -> None:
    """It is so from now on."""
    row, oks = found.row, found.oks
    row.best, row.kept, row.rank = found.best, found.kept, found.rank
    for at, copy in enumerate(row.copies):
        copy.ok = oks is None or at >= len(oks) or oks[at]
