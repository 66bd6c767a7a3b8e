"""Search results: grouped by content, sorted while they stream in, filtered, marked.

Rules:
- Copies of one content are one row ("x3"); a hit is counted once (its `key`).
- The order is kept incrementally: a batch costs the batch, not the list (insertion into a sorted list); a full sort
  runs in slices of at most SLICE rows, so a loop can breathe between them (`resort` is a generator).
- While the person moves, new rows wait (`freeze`) and are merged later; the cursor is a row's key, never a number.
- At most ROWS_MAX rows a query and COPIES_MAX copies a row; what is beyond is counted in `dropped`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from slskmesh.engine.views import HitView
from tui.viewmodel.facets import LOSSLESS, held_facets, passes

ROWS_MAX = 100_000
COPIES_MAX = 100
SLICE = 20_000
BULK = 512
SORTS = ("score", "name", "album", "size", "length", "quality", "copies", "source")


@dataclass(slots=True, eq=False)
class Row:
    """One content: its best hit and all its copies."""

    number: int
    hit: HitView
    copies: list[HitView]
    words: str
    rank: tuple[Any, ...] = ()

    @property
    def key(self) -> str:
        """Stable over sorts and filters."""
        return self.hit.content


def quality(hit: HitView) -> int:
    """A comparable number: lossless above lossy, then bits per second."""
    if hit.format.upper() in LOSSLESS:
        return 10_000_000 + hit.sample_rate * max(16, hit.bit_depth) // 100
    return hit.bitrate


def _score(row: Row) -> tuple[Any, ...]:
    hit = row.hit
    return (hit.have, not hit.trusted, -min(len(row.copies), 5), *album_rank(row))


def album_rank(row: Row) -> tuple[Any, ...]:
    """The order of files in a release."""
    hit = row.hit
    return (
        (hit.artist or hit.folder).casefold(),
        hit.album.casefold(),
        hit.disc,
        hit.track,
        hit.name.casefold(),
    )


_RANKS: dict[str, Callable[[Row], tuple[Any, ...]]] = {
    "score": _score,
    "name": lambda row: ((row.hit.title or row.hit.name).casefold(),),
    "album": album_rank,
    "size": lambda row: (-row.hit.size,),
    "length": lambda row: (-row.hit.duration,),
    "quality": lambda row: (-quality(row.hit), *album_rank(row)),
    "copies": lambda row: (-len(row.copies), *album_rank(row)),
    "source": lambda row: (row.hit.short, *album_rank(row)),
}
_MOVES_WITH_COPIES = frozenset({"score", "copies", "source"})


def _words(hit: HitView) -> str:
    parts = (hit.artist, hit.album, hit.title, hit.name, hit.folder, hit.format, hit.peer_name, hit.short)
    return " ".join(parts).casefold()


@dataclass(slots=True)
class Results:
    """The rows of one query. `order` holds (rank, number, row), sorted; what is shown, after the filter."""

    sort: str = "score"
    reverse: bool = False
    filter: str = ""
    facets: frozenset[str] = frozenset()
    rows: dict[str, Row] = field(default_factory=dict)
    order: list[tuple[tuple[Any, ...], int, Row]] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)
    frozen: bool = False
    returned: int = 0  # rows that a facet hid and a better copy brought back
    hits: int = 0
    dropped: int = 0
    sources: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)  # rows that each facet would show
    _terms: tuple[str, ...] = ()
    _seen: set[int] = field(default_factory=set)
    _folders: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def narrowed(self) -> bool:
        """Whether words or facets hide rows."""
        return bool(self.filter or self.facets)

    def row(self, position: int) -> Row:
        """The row at a place on the screen's order (0 is the top)."""
        return self.order[-1 - position if self.reverse else position][2]

    def key(self, row: Row) -> str:
        """The row's stable name."""
        return row.key

    def position(self, key: str) -> int | None:
        """Where the row of this key stands, None while it is filtered out, waiting or unknown."""
        row = self.rows.get(key)
        if row is None:
            return None
        index = bisect_left(self.order, (row.rank, row.number))
        if index >= len(self.order) or self.order[index][2] is not row:
            return None
        return len(self.order) - 1 - index if self.reverse else index

    def add(self, hits: Iterable[HitView]) -> int:
        """Takes hits; returns how many rows are new. Frozen: new rows wait for `merge`."""
        fresh: list[Row] = []
        for hit in hits:
            if hit.key in self._seen:
                continue
            self._seen.add(hit.key)
            self.hits += 1
            self.sources.add(hit.peer)
            row = self.rows.get(hit.content)
            if row is not None:
                self._add_copy(row, hit)
            elif len(self.rows) >= ROWS_MAX:
                self.dropped += 1
            else:
                row = Row(len(self.rows), hit, [hit], _words(hit))
                self.rows[hit.content] = row
                self._folders.setdefault((hit.peer, hit.folder), []).append(row)
                self._count(hit, 1)
                fresh.append(row)
        self.waiting.extend(fresh)
        if not self.frozen:
            self.merge()
        return len(fresh)

    def _add_copy(self, row: Row, hit: HitView) -> None:
        if len(row.copies) >= COPIES_MAX:
            self.dropped += 1
            return
        self._folders.setdefault((hit.peer, hit.folder), []).append(row)
        moves = self.sort in _MOVES_WITH_COPIES and not self.frozen and bool(row.rank)
        index = bisect_left(self.order, (row.rank, row.number)) if moves else -1
        shown = 0 <= index < len(self.order) and self.order[index][2] is row
        row.copies.append(hit)
        if hit.trusted and not row.hit.trusted:
            hidden = self.facets and bool(row.rank) and not self.matches(row)
            self._count(row.hit, -1)
            row.hit = hit
            self._count(hit, 1)
            if hidden and self.matches(row):
                self.returned += 1
                self.waiting.append(row)  # a facet that hid it does so no more
        if shown:
            rank = _RANKS[self.sort](row)
            if rank != row.rank:
                del self.order[index]
                row.rank = rank
                insort(self.order, (rank, row.number, row))

    def _count(self, hit: HitView, by: int) -> None:
        for name in held_facets(hit):
            self.counts[name] = self.counts.get(name, 0) + by

    def merge(self) -> int:
        """Puts the waiting rows into their places; returns how many."""
        fresh, self.waiting = self.waiting, []
        ranked = _RANKS[self.sort]
        entries = []
        for row in fresh:
            row.rank = ranked(row)
            if self.matches(row):
                entries.append((row.rank, row.number, row))
        if len(entries) > BULK:
            self.order.extend(entries)
            self.order.sort()
        else:
            for entry in entries:
                insort(self.order, entry)
        return len(fresh)

    def freeze(self, on: bool) -> None:
        """The person moves (True) or rests (False: merges)."""
        self.frozen = on
        if not on:
            self.merge()

    def matches(self, row: Row) -> bool:
        """Whether filter and facets show a row."""
        if self.facets and not passes(row.hit, self.facets):
            return False
        return all(term in row.words for term in self._terms)

    def refilter(self, text: str, facets: frozenset[str]) -> None:
        """Shows rows that hold every word of `text` and pass the facets; narrowing looks only at what is shown."""
        terms = tuple(text.casefold().split())
        narrower = text.startswith(self.filter) and bool(self.filter) and facets == self.facets
        self.filter, self._terms, self.facets = text, terms, facets
        self.merge()
        if narrower:
            self.order = [entry for entry in self.order if self.matches(entry[2])]
        else:
            self.order = [(row.rank, row.number, row) for row in self.rows.values() if self.matches(row)]
            self.order.sort()

    def resort(self, sort: str, reverse: bool = False) -> Iterator[None]:
        """Changes the order, yielding between slices; until it ends the old order stands."""
        rank = _RANKS[sort]
        ranked = []
        rows = list(self.rows.values())
        for start in range(0, len(rows), SLICE):
            part = [(rank(row), row.number, row) for row in rows[start : start + SLICE]]
            part.sort()
            ranked.extend(part)
            yield
        ranked.sort()
        for entry in ranked:
            entry[2].rank = entry[0]
        self.sort, self.reverse, self.waiting = sort, reverse, []
        late = list(self.rows.values())[len(rows) :]
        self.order = [entry for entry in ranked if self.matches(entry[2])]
        self.waiting = late
        if not self.frozen:
            self.merge()

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
        """All known rows of this row's release: the same folder at the same peer, in track order."""
        return sorted(self._folders.get((row.hit.peer, row.hit.folder), [row]), key=album_rank)


def quality_text(hit: HitView) -> str:
    """Format and quality in few letters: "FLAC 16/44", "MP3 320"."""
    if quality(hit) >= 10_000_000:
        depth = f"{hit.bit_depth}/" if hit.bit_depth else ""
        rate = f"{hit.sample_rate / 1000:.3g}" if hit.sample_rate else ""
        return f"{hit.format} {depth}{rate}".strip()
    return f"{hit.format} {hit.bitrate // 1000}" if hit.bitrate else str(hit.format)


def title_text(hit: HitView) -> str:
    """What a row is called: "07 Night Ferry", else the file's name."""
    if not hit.title:
        return str(hit.name)
    number = f"{hit.disc}.{hit.track:02} " if hit.disc > 1 else f"{hit.track:02} " if hit.track else ""
    return f"{number}{hit.title}"


def release_text(hit: HitView) -> str:
    """Whose it is: "Artist / Album", else the peer's folder."""
    return " / ".join(part for part in (hit.artist, hit.album) if part) or str(hit.folder)


def target_folder(hit: HitView) -> str:
    """Where a download goes below the downloads folder: "Artist/Album", else the last part of the peer's folder."""
    if hit.artist and hit.album:
        return f"{hit.artist.replace('/', '_')}/{hit.album.replace('/', '_')}"
    return hit.folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
