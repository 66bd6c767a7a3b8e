"""Search results: grouped by file, sorted while they stream in, filtered, marked.

Rules:
- Copies of one file are one row ("x12"), whoever has them, users and peers; a hit is counted once (its `key`).
- A row is shown where one of its copies passes filter and facets; it leads with the best source of those.
- The order is kept incrementally: a batch costs the batch, not the list (insertion into a sorted list). Another order
  or filter comes by `arrange`, which does about SLICE copies between two yields; until it ends the list stands.
- While the person moves, new rows wait (`freeze`) and are merged later; the cursor is a row's key, never a number.
- At most HITS_MAX hits a query and COPIES_MAX copies a row, the best ones; what is beyond is counted.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from slskmesh.engine.hit_facts import facts_of
from slskmesh.engine.views import HitView
from tui.viewmodel.facets import held, names_of
from tui.viewmodel.hits import same_key, who
from tui.viewmodel.rows import RANKS, Copy, Judged, Order, Row, Wanted, album_rank, judge, preference, settle

HITS_MAX = 100_000
COPIES_MAX = 100
SLICE = 1_000  # copies looked at between two yields
MERGED = 4_000  # rows put in order between two yields
BULK = 256


@dataclass(slots=True)
class Results:
    """The rows of one query. `order` holds (rank, number, row), sorted: what is shown."""

    wanted: Wanted = field(default_factory=Wanted)  # in force
    asked: Wanted = field(init=False)  # as soon as `arrange` has ended
    rows: dict[str, Row] = field(default_factory=dict)
    order: list[tuple[Order, int, Row]] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)
    frozen: bool = False
    arranged: int = 0  # how often another order or filter came into force
    taken: list[Copy] = field(default_factory=list)  # in the order they came
    hits: int = 0
    dropped: int = 0
    sources: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)  # rows that each facet would show
    _seen: set[int] = field(default_factory=set)
    _stale: dict[Row, None] = field(default_factory=dict)  # shown rows that may stand elsewhere now
    _touched: dict[Row, None] | None = None  # while `arrange` is on: rows that changed meanwhile
    _folders: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asked = self.wanted

    def __len__(self) -> int:
        return len(self.order)

    @property
    def narrowed(self) -> bool:
        """Whether filter or facets hide rows."""
        return self.wanted.narrows

    def row(self, position: int) -> Row:
        """The row at a place on the screen's order (0 is the top)."""
        return self.order[-1 - position if self.wanted.reverse else position][2]

    def key(self, row: Row) -> str:
        """The row's stable name."""
        return row.key

    def position(self, key: str) -> int | None:
        """Where the row of this key stands, None while it is filtered out, waiting or unknown."""
        row = self.rows.get(key)
        index = self._index(row) if row is not None else None
        if index is None:
            return None
        return len(self.order) - 1 - index if self.wanted.reverse else index

    def _index(self, row: Row) -> int | None:
        index = bisect_left(self.order, (row.rank, row.number))
        return index if index < len(self.order) and self.order[index][2] is row else None

    # -- what comes in -----------------------------------------------------------------------------------------

    def add(self, hits: Iterable[HitView]) -> int:
        """Takes hits; returns how many rows are new. Frozen: new rows wait for `merge`."""
        fresh = 0
        for hit in hits:
            if hit.key in self._seen:
                continue
            if len(self._seen) >= HITS_MAX:
                self.dropped += 1
                continue
            self._seen.add(hit.key)
            self.hits += 1
            self.sources.add(who(hit))
            key = same_key(hit)
            row = self.rows.get(key)
            if row is None:
                row = self.rows[key] = Row(len(self.rows), key)
                fresh += 1
            self._take(row, hit)
        if not self.frozen:
            self.merge()
        return fresh

    def _take(self, row: Row, hit: HitView) -> None:
        """One more copy of a row."""
        facts = facts_of(hit)
        copy = Copy(hit, facts, held(hit, facts), row)
        copy.ok = not self.wanted.narrows or self.wanted.passes(copy)
        self.taken.append(copy)
        self._folders.setdefault((who(hit), hit.folder), {})[row.key] = row
        new = not row.copies
        if new or preference(copy) < preference(row.best):
            row.best = copy
        if len(row.copies) < COPIES_MAX:
            row.copies.append(copy)
        else:
            row.more += 1
            worst = max(range(len(row.copies)), key=lambda at: preference(row.copies[at]))
            if preference(copy) < preference(row.copies[worst]):
                row.copies[worst] = copy
        row.have = row.have or hit.have
        if copy.held & ~row.held:
            for name in names_of(copy.held & ~row.held):
                self.counts[name] = self.counts.get(name, 0) + 1
            row.held |= copy.held
        if copy.ok and not row.kept:
            row.kept = True
            self.waiting.append(row)
        elif not new:
            self._stale[row] = None
        if self._touched is not None:
            self._touched[row] = None

    def merge(self) -> int:
        """Puts the waiting rows into their places, and rows that changed into others; returns how many waited."""
        fresh, self.waiting = self.waiting, []
        stale, self._stale = self._stale, {}
        rank = RANKS[self.wanted.sort]
        moved = [row for row in stale if row.rank and rank(row, row.hit) != row.rank]
        entries = []
        for row in (*self._take_out(moved), *fresh):
            row.rank = rank(row, row.hit)
            if row.kept:
                entries.append((row.rank, row.number, row))
        if len(entries) > max(BULK, len(self.order) // 8):
            self.order.extend(entries)
            self.order.sort()
        else:
            for entry in entries:
                insort(self.order, entry)
        return len(fresh)

    def _take_out(self, rows: list[Row]) -> list[Row]:
        """Those of the rows that stand in the order; they do no more."""
        if len(rows) > BULK:
            gone = set(rows)
            found = [entry[2] for entry in self.order if entry[2] in gone]
            self.order = [entry for entry in self.order if entry[2] not in gone]
            return found
        found = []
        for row in rows:
            index = self._index(row)
            if index is not None:
                del self.order[index]
                found.append(row)
        return found

    def freeze(self, on: bool) -> None:
        """The person moves (True) or rests (False: merges)."""
        self.frozen = on
        if not on:
            self.merge()

    # -- another order or filter ---------------------------------------------------------------------------------

    def arrange(self, wanted: Wanted) -> Iterator[None]:
        """Brings another order, filter or facets into force, yielding between slices; few rows need no yield.

        Another call makes one that has not ended void: it must not be stepped on.
        """
        self.asked = wanted
        self._touched = {}
        return self._arranging(wanted, self._touched)

    def _arranging(self, wanted: Wanted, touched: dict[Row, None]) -> Iterator[None]:
        judged: list[Judged] = []
        runs: list[list[tuple[Order, int, Row]]] = [[]]
        looked = 0
        for row in list(self.rows.values()):
            looked += len(row.copies)
            if looked > SLICE:
                looked = 0
                runs[-1].sort()
                runs.append([])
                yield
            found = judge(row, wanted)
            judged.append(found)
            if found.kept:
                runs[-1].append((found.rank, row.number, row))
        runs[-1].sort()
        order: list[tuple[Order, int, Row]] = []
        for at, entry in enumerate(heapq.merge(*runs), 1):
            order.append(entry)
            if at % MERGED == 0:
                yield
        for at, found in enumerate(
            judged, 1
        ):  # the list that is shown stands as it is, whatever its rows say
            settle(found)
            if at % MERGED == 0:
                yield
        self._put_in_force(wanted, order, touched)

    def _put_in_force(
        self, wanted: Wanted, order: list[tuple[Order, int, Row]], touched: dict[Row, None]
    ) -> None:
        if touched:
            order = [entry for entry in order if entry[2] not in touched]
            for row in touched:
                found = judge(row, wanted)
                settle(found)
                if found.kept:
                    order.append((found.rank, row.number, row))
            order.sort()
        self.wanted, self.order = wanted, order
        self.waiting, self._stale, self._touched = [], {}, None
        self.arranged += 1

    # -- marks and folders ---------------------------------------------------------------------------------------

    def mark(self, keys: Iterable[str], on: bool | None = None) -> None:
        """Marks rows (None: flips each)."""
        for key in keys:
            if on or (on is None and key not in self.marked):
                self.marked.add(key)
            else:
                self.marked.discard(key)

    def invert(self) -> None:
        """Marks what is shown and not marked, and the other way round."""
        shown = {entry[2].key for entry in self.order}
        self.marked = (self.marked - shown) | (shown - self.marked)

    def folder(self, row: Row) -> list[Row]:
        """All known rows of this row's folder at its best source, in track order."""
        found = self._folders.get((who(row.hit), row.hit.folder), {row.key: row})
        return sorted(found.values(), key=lambda one: album_rank(one.hit))
