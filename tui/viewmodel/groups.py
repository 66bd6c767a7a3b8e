"""Search results folded into releases: by the release's id where tags carry one, else by artist, album and folder.

Rules:
- The discs of one release are one line ("CD1" and "Disc 2" below the same folder are the same place).
- A file stays in the release it came in with; what is shown obeys the results' filter and facets.
- New files cost themselves; only another filter, order or query makes everything anew.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from slskmesh.engine.views import HitView
from tui.viewmodel.facets import LOSSLESS
from tui.viewmodel.results import Results, Row, album_rank

_DISC = re.compile(
    r"(?:cd|dis[ck]|disque|lp|side|vinyl)(?:[ _.-]*\d{1,2}(?!\d)|[ _.-]+[a-z](?![a-z]))[^/\\]*", re.IGNORECASE
)


def folder_of(hit: HitView) -> str:
    """The last part of a folder that is not one of its discs, case folded."""
    parts = [part for part in re.split(r"[/\\]", hit.folder) if part]
    while len(parts) > 1 and _DISC.fullmatch(parts[-1].strip()):
        parts.pop()
    return parts[-1].casefold() if parts else ""


def group_key(hit: HitView) -> str:
    """The release a file belongs to."""
    if hit.release:
        return f"id {hit.release}"
    if hit.artist and hit.album:
        return f"tags {hit.artist.casefold()}\n{hit.album.casefold()}\n{folder_of(hit)}"
    return f"folder {hit.peer}\n{folder_of(hit)}"


@dataclass(frozen=True, slots=True)
class Sum:
    """What the files of a release come to. `formats`: "FLAC x8  MP3 x2", the lossless first."""

    peers: int
    size: int
    have: int
    discs: int
    formats: str

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Sum:
        """The sum over files."""
        names: dict[str, int] = {}
        for row in rows:
            name = str(row.hit.format) or "?"
            names[name] = names.get(name, 0) + 1
        ordered = sorted(names.items(), key=lambda item: (item[0].upper() not in LOSSLESS, -item[1], item[0]))
        return cls(
            peers=len({copy.peer for row in rows for copy in row.copies}),
            size=sum(row.hit.size for row in rows),
            have=sum(row.hit.have for row in rows),
            discs=max((row.hit.disc for row in rows), default=0),
            formats="  ".join(f"{name} x{many}" for name, many in ordered),
        )


@dataclass(slots=True, eq=False)
class Group:
    """One release and the files of it that are shown."""

    key: str
    number: int
    first: HitView
    rows: list[Row] = field(default_factory=list)
    open: bool = False
    rank: tuple[Any, ...] = ()
    told: tuple[int, Sum] | None = None  # the sum, and after how many hits it was made

    @property
    def title(self) -> str:
        """The album, or the folder."""
        return (
            str(self.first.album)
            or str(self.first.folder).replace("\\", "/").rpartition("/")[2]
            or "(no name)"
        )

    def score(self) -> tuple[Any, ...]:
        """Trusted first, then what has most files."""
        trusted = any(row.hit.trusted for row in self.rows)
        return (not trusted, -len(self.rows), str(self.first.artist).casefold(), self.title.casefold())


Item = Group | Row


class Groups:
    """The lines of the folded list: releases, and the files of those that are open."""

    def __init__(self) -> None:
        self._results: Results | None = None
        self._taken = 0
        self._shape: tuple[object, ...] = ()
        self._groups: dict[str, Group] = {}
        self._order: list[tuple[tuple[Any, ...], int, Group]] = []
        self._opened: set[str] = set()
        self._lines: list[Item] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def releases(self) -> int:
        """Releases shown."""
        return len(self._order)

    def row(self, position: int) -> Item:
        """The line at a place."""
        return self._lines[position]

    def key(self, row: Item) -> str:
        """The name of a line."""
        return row.key

    def position(self, key: str) -> int | None:
        """The place of a line."""
        return self._places.get(key)

    def update(self, results: Results) -> None:
        """Follows the results: new files, or everything where the query, the filter or the facets are others."""
        shape = (results.filter, results.facets, results.returned)
        if shape != self._shape or results is not self._results:
            if results is not self._results:
                self._opened = set()
            self._results, self._shape = results, shape
            self._groups, self._order, self._taken = {}, [], 0
        elif results.frozen:
            return
        fresh = list(islice(results.rows.values(), self._taken, None))
        self._taken += len(fresh)
        self._take(row for row in fresh if results.matches(row))
        self._flatten()

    def _take(self, rows: Iterable[Row]) -> None:
        touched: dict[str, Group] = {}
        for row in rows:
            key = group_key(row.copies[0])
            group = self._groups.get(key)
            if group is None:
                group = Group(key, len(self._groups), row.copies[0], open=key in self._opened)
                self._groups[key] = group
            group.rows.append(row)
            touched[key] = group
        for group in touched.values():
            self._place(group)

    def _place(self, group: Group) -> None:
        index = bisect_left(self._order, (group.rank, group.number)) if group.rank else len(self._order)
        if index < len(self._order) and self._order[index][2] is group:
            del self._order[index]
        group.rank, group.told = group.score(), None
        group.rows.sort(key=album_rank)
        insort(self._order, (group.rank, group.number, group))

    def sum(self, group: Group) -> Sum:
        """What a release's files come to; made anew only after new hits."""
        hits = self._results.hits if self._results is not None else 0
        if group.told is None or group.told[0] != hits:
            group.told = (hits, Sum.of(group.rows))
        return group.told[1]

    def flip(self, group: Group) -> None:
        """Opens a release, or folds it."""
        group.open = not group.open
        self._opened ^= {group.key}
        self._flatten()

    def group_of(self, item: Item) -> Group:
        """The release of a line."""
        return item if isinstance(item, Group) else self._groups[group_key(item.copies[0])]

    def _flatten(self) -> None:
        lines: list[Item] = []
        for _, _, group in self._order:
            lines.append(group)
            if group.open:
                lines.extend(group.rows)
        self._lines = lines
        self._places = {line.key: at for at, line in enumerate(lines)}
