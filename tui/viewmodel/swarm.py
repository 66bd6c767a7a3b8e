"""The chunk map of one transfer as lines: any number of chunks on any number of cells.

Rules:
- Zoomed out the whole file fits: a cell stands for `per_cell` chunks and shows a bad one first, then one in flight,
  then the least advanced. Zoomed in a cell is a chunk and the map scrolls.
- A chunk in flight is its source's letter, one that was asked of a source is that letter in lower case.
- What a Soulseek user sent is the user's letter, what comes next from there its lower case: one range that grows.
- States come as bytes and are aggregated with byte operations: 65,536 chunks cost a few milliseconds.
- State is told by sign; colour (by state, source or age) only adds to it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from slskmesh.engine.views import (
    BAD,
    IN_FLIGHT,
    MISSING,
    QUEUED,
    RECEIVED,
    VERIFIED,
    ChunkMapView,
    SourceView,
)
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line

LABEL = 7
GROUP = 10
COLOURS = ("state", "source", "age")
ORDERS = ("file", "rarest")
STATE_ROLES = (
    "chunk-missing",
    "chunk-queued",
    "chunk-flight",
    "chunk-received",
    "chunk-verified",
    "chunk-bad",
)
STATE_WORDS = ("missing", "queued", "in flight", "received", "verified", "bad")
SOURCE_ROLES = 8
_RANKING = bytes.maketrans(
    bytes([VERIFIED, RECEIVED, QUEUED, MISSING, IN_FLIGHT, BAD]), bytes([0, 1, 2, 3, 4, 5])
)
_UNRANK = (VERIFIED, RECEIVED, QUEUED, MISSING, IN_FLIGHT, BAD)
_AGES = ((5.0, "age-new"), (30.0, "age-young"), (120.0, "age-mid"))
_BLOCK = 256


def source_role(owner: int) -> str:
    """The colour role of the source with this map number (1 + its index)."""
    return f"src{(owner - 1) % SOURCE_ROLES}" if owner else "dim"


@dataclass(slots=True)
class Geometry:
    """How chunks lie on cells: `cols` cells a row in groups of ten, `per_cell` chunks a cell."""

    cols: int
    rows: int
    per_cell: int
    total_rows: int


def geometry(chunks: int, cells: int, rows: int, zoomed: bool) -> Geometry:
    """The layout for `chunks` chunks on a box of `cells` x `rows`; at least one group of ten."""
    groups = max(1, (cells - LABEL + 1) // (GROUP + 1))
    cols, rows = groups * GROUP, max(1, rows)
    per_cell = 1 if zoomed or chunks <= 0 else max(1, -(-chunks // (cols * rows)))
    return Geometry(cols, rows, per_cell, max(1, -(-max(1, chunks) // (cols * per_cell))))


@dataclass(slots=True)
class SwarmMap:
    """The map's own state: the newest view, the cursor, how it is shown."""

    transfer: str = ""
    states: bytes = b""
    owners: bytes = b""
    copies: bytes = b""
    zoomed: bool = False
    colour: str = "state"
    order: str = "file"
    cursor: int = 0
    top: int = 0
    _when: array[float] = field(default_factory=lambda: array("d"))
    _permuted: tuple[bytes, list[int]] | None = None

    @property
    def chunks(self) -> int:
        """Chunks of the file; 0 while unknown."""
        return len(self.states)

    def take(self, view: ChunkMapView, now: float) -> None:
        """Takes a newer map; another transfer starts afresh."""
        if view.transfer != self.transfer or len(view.states) != len(self.states):
            self.transfer, self.cursor, self.top = view.transfer, 0, 0
            self._when = array("d", bytes(8 * len(view.states)))
        else:
            self._note_ages(view.states, now)
        self.states, self.owners, self.copies = view.states, view.owners, view.copies

    def clear(self, transfer: str = "") -> None:
        """Shows nothing until the map of `transfer` comes."""
        self.transfer, self.states, self.owners, self.copies = transfer, b"", b"", b""
        self.cursor = self.top = 0

    def _note_ages(self, states: bytes, now: float) -> None:
        old = self.states
        for start in range(0, len(states), _BLOCK):
            end = start + _BLOCK
            if old[start:end] != states[start:end]:
                for index in range(start, min(end, len(states))):
                    if states[index] == VERIFIED != old[index]:
                        self._when[index] = now

    def _arranged(self) -> tuple[bytes, bytes, list[int] | None]:
        """States and owners in the shown order, and the chunk number of each place (None: the same)."""
        if self.order == "file" or not self.copies:
            return self.states, self.owners, None
        if self._permuted is None or self._permuted[0] != self.copies:
            self._permuted = (self.copies, sorted(range(self.chunks), key=self.copies.__getitem__))
        places = self._permuted[1]
        return (
            bytes(map(self.states.__getitem__, places)),
            bytes(map(self.owners.__getitem__, places)),
            places,
        )

    def chunk_at(self, place: int) -> int:
        """The chunk number shown at a place of the current order."""
        places = self._arranged()[2]
        return place if places is None else places[place]

    def move(self, by: int) -> None:
        """Moves the cursor by chunks, inside the file."""
        self.cursor = max(0, min(self.chunks - 1, self.cursor + by))

    def follow(self, shape: Geometry) -> None:
        """Scrolls so that the cursor's row is on the screen."""
        row = self.cursor // shape.per_cell // shape.cols
        self.top = max(
            0, min(max(self.top, row - shape.rows + 1), row, max(0, shape.total_rows - shape.rows))
        )

    def lines(
        self, cells: int, rows: int, sources: Sequence[SourceView], glyphs: Glyphs, now: float, cursor: bool
    ) -> list[Line]:
        """The map as `rows` lines; the cell under the cursor is marked where `cursor` is set."""
        shape = geometry(self.chunks, cells, rows, self.zoomed)
        self.follow(shape)
        states, owners, places = self._arranged()
        letters = [source.letter for source in sources]
        users = frozenset(at for at, source in enumerate(sources, 1) if not source.peer)
        ranks = states.translate(_RANKING)
        at = self.cursor // shape.per_cell if cursor else -1
        out: list[Line] = []
        for row in range(self.top, min(self.top + shape.rows, shape.total_rows)):
            first = row * shape.cols
            line: Line = [(f"{first * shape.per_cell:>{LABEL - 1}} ", "dim")]
            signs = []
            for cell in range(first, first + shape.cols):
                start = cell * shape.per_cell
                if start >= len(states):
                    break
                sign, role = self._cell(
                    start, shape.per_cell, ranks, states, owners, places, letters, users, glyphs, now
                )
                if (cell - first) % GROUP == 0 and cell > first:
                    signs.append((" ", "text"))
                signs.append((sign, "map-cursor" if cell == at else role))
            line += [("".join(s for s, _ in run), role) for role, run in groupby(signs, key=lambda x: x[1])]
            out.append(line)
        return out

    def _cell(
        self,
        start: int,
        length: int,
        ranks: bytes,
        states: bytes,
        owners: bytes,
        places: list[int] | None,
        letters: list[str],
        users: frozenset[int],
        glyphs: Glyphs,
        now: float,
    ) -> tuple[str, str]:
        state = _UNRANK[ranks[start] if length == 1 else max(ranks[start : start + length])]
        if state == IN_FLIGHT:
            owner = owners[states.index(IN_FLIGHT, start)]
            letter = letters[owner - 1] if 0 < owner <= len(letters) else "?"
            letter = letter.lower() if owner in users else letter
            return letter, source_role(owner) if self.colour == "source" else "chunk-flight"
        if state == QUEUED and (owner := owners[states.index(QUEUED, start)]):
            letter = letters[owner - 1] if owner <= len(letters) else "?"
            if letter.isupper():
                return letter.lower(), source_role(owner) if self.colour == "source" else "chunk-queued"
        sign = glyphs.chunks[state]
        if users and state in (VERIFIED, RECEIVED) and owners[start] in users:
            sign = letters[owners[start] - 1]
        if self.colour == "source" and state in (VERIFIED, RECEIVED):
            return sign, source_role(owners[start])
        if self.colour == "age" and state == VERIFIED:
            when = self._when[start if places is None else places[start]]
            age = now - when if when else 1e9
            return sign, next((role for limit, role in _AGES if age < limit), "age-old")
        return sign, STATE_ROLES[state]


def legend(glyphs: Glyphs, user: str = "") -> Line:
    """What the signs mean, for a box's lower border; `user` is the letter of a Soulseek user who sent a part."""
    signs = glyphs.chunks
    entries: tuple[tuple[str, str, str], ...] = (
        (signs[VERIFIED], "verified", "chunk-verified"),
        (signs[RECEIVED], "have", "chunk-received"),
        ("A", "coming", "chunk-flight"),
        ("a", "asked", "chunk-queued"),
        (signs[MISSING], "missing", "chunk-missing"),
        (signs[BAD], "bad", "chunk-bad"),
    )
    if user:
        entries = (
            (user, "from Soulseek", "chunk-verified"),
            (user.lower(), "next", "chunk-queued"),
            *entries,
        )
    line: Line = []
    for sign, word, role in entries:
        line += [(" ", "dim"), (sign, role), (f" {word} ", "dim")]
    return line


@dataclass(slots=True)
class Availability:
    """Copies of the chunks that are still wanted: `counts[n]` chunks have n copies (8 means 8 or more)."""

    counts: list[int]
    rarest: list[int]
    wanted: int


def availability(states: bytes, copies: bytes, shown: int = 4) -> Availability:
    """The histogram of copies and the first `shown` of the rarest chunks still wanted."""
    wanted = [
        (n, i) for i, (s, n) in enumerate(zip(states, copies, strict=False)) if s not in (VERIFIED, RECEIVED)
    ]
    counts = [0] * 9
    for number, _ in wanted:
        counts[min(8, number)] += 1
    least = min((number for number, _ in wanted), default=0)
    rarest = [index for number, index in wanted if number == least][:shown]
    return Availability(counts, rarest, len(wanted))


def chunk_details(
    view: SwarmMap, chunk: int, chunk_size: int, size: int, sources: Sequence[SourceView], now: float
) -> list[tuple[str, str]]:
    """Label and text of one chunk's details."""
    start = chunk * chunk_size
    end = min(size, start + chunk_size)
    owner = view.owners[chunk]
    who = "nobody yet"
    if 0 < owner <= len(sources):
        source = sources[owner - 1]
        who = f"{source.letter} {source.short} {source.name}"
    when = view._when[chunk]
    return [
        ("chunk", f"{chunk:,} of {view.chunks:,}"),
        ("bytes", f"{start:,} to {end:,} ({end - start:,})"),
        ("state", STATE_WORDS[view.states[chunk]]),
        ("source", who),
        ("copies", f"{view.copies[chunk]} connected sources offer it"),
        ("verified", f"{now - when:.0f} s ago" if when else "not while this screen watched"),
    ]
