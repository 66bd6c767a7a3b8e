"""One release among search results: which source has what of it, its files, the best source.

Rules:
- The discs of one release are one place ("CD1" and "Disc 2" below the same folder), and so are their folders.
- The best source is the one that has most, then the better one (hits.py). Peers together are one source there, because
  a file is fetched from all of them: what one lacks another gives.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from slskmesh.engine.hit_facts import extension
from slskmesh.engine.views import HitView
from slskmesh.filters import is_lossless
from tui.viewmodel.hits import is_legacy, last_part, release_text, root_of, source_rank, who
from tui.viewmodel.rows import Copy, Order, Row, album_rank

TOGETHER_MAX = 2_000  # files of peers; with more of them each peer is looked at alone
INSIDE = "\0"  # between the keys of a release and a file; no shown text holds it


def group_key(hit: HitView) -> str:
    """The release a file belongs to."""
    if hit.group:
        return f"group {hit.group}"
    if hit.release:
        return f"id {hit.release}"
    folder = last_part(root_of(hit.folder)).casefold()
    if hit.artist and hit.album:
        return f"tags {hit.artist.casefold()}\n{hit.album.casefold()}\n{folder}"
    return f"folder {who(hit)}\n{folder}"


def number(hit: HitView) -> tuple[int, int]:
    """Disc and track of a file that has a number; a disc that nobody names is the first."""
    return hit.disc or 1, hit.track


@dataclass(slots=True, eq=False)
class Holding:
    """What one source has of a release, as far as it was found. `hit`: one of its files, for its slots and speed."""

    hit: HitView
    ok: bool = False  # some file passes filter and facets
    files: dict[str, HitView] = field(default_factory=dict)  # by the row's key
    numbers: set[tuple[int, int]] = field(default_factory=set)
    size: int = 0
    locked: bool = True

    def add(self, key: str, hit: HitView, ok: bool) -> None:
        """One more file of it."""
        self.ok = self.ok or ok
        self.locked = self.locked and hit.locked
        if key not in self.files:
            self.files[key] = hit
            self.size += hit.size
            if hit.track:
                self.numbers.add(number(hit))

    def formats(self) -> str:
        """ "FLAC x8  MP3 x2", the lossless first."""
        names = Counter(extension(hit).upper() or "?" for hit in self.files.values())
        ordered = sorted(names.items(), key=lambda one: (not is_lossless(one[0].lower()), -one[1], one[0]))
        if len(ordered) == 1:
            return ordered[0][0]
        return "  ".join(f"{name} x{many}" for name, many in ordered)

    @property
    def discs(self) -> int:
        """How many discs its files name."""
        return len({disc for disc, _ in self.numbers})


@dataclass(slots=True, eq=False)
class Member:
    """One file of one release: a row, and its copies that stand in folders of this release."""

    group: Group
    row: Row
    best: Copy
    shown: bool = False
    have: bool = False
    users: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """The name of its line."""
        return f"{self.group.key}{INSIDE}{self.row.key}"

    @property
    def hit(self) -> HitView:
        """Its best copy here."""
        return self.best.hit


@dataclass(slots=True, eq=False)
class Group:
    """One release."""

    key: str
    number: int
    first: HitView
    members: dict[str, Member] = field(default_factory=dict)  # by the row's key
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)  # by source and folder
    shown: int = 0  # files that are
    have: int = 0
    trusted: bool = False
    rank: Order = ()
    _last: dict[int, int] = field(default_factory=dict)  # the highest track of each disc
    _numbers: set[tuple[int, int]] = field(default_factory=set)
    _lines: list[Member] | None = None
    _peers: Holding | None = None  # what peers have together, once it was asked for

    @property
    def title(self) -> str:
        """Artist and album, or what the folder is called."""
        return release_text(self.first)

    @property
    def users(self) -> int:
        """How many users and peers have something of it."""
        return len({who for who, _ in self.holdings})

    def add(self, copy: Copy, ok: bool) -> None:
        """One more copy."""
        hit, row = copy.hit, copy.row
        if hit.album and not self.first.album:
            self.first = hit
        member = self.members.get(row.key)
        if member is None:
            member = self.members[row.key] = Member(self, row, copy)
            self._lines = None
        elif (not ok, *source_rank(hit)) < (not member.shown, *source_rank(member.hit)):
            member.best = copy
            self._lines = None
        if ok and not member.shown:
            member.shown = True
            self.shown += 1
            self._lines = None
        if hit.have and not member.have:
            member.have = True
            self.have += 1
        member.users.add(who(hit))
        place = who(hit), root_of(hit.folder)
        holding = self.holdings.get(place)
        if holding is None:
            holding = self.holdings[place] = Holding(hit)
        holding.add(row.key, hit, ok)
        self.trusted = self.trusted or hit.trusted
        self._peers = None if not is_legacy(hit) else self._peers
        if hit.track:
            disc, track = number(hit)
            self._numbers.add((disc, track))
            self._last[disc] = max(self._last.get(disc, 0), track)

    def completeness(self, holding: Holding) -> tuple[int, int]:
        """How many of its tracks a source has, and how many there are, by the highest numbers seen; of all files
        where they have no numbers, or numbers of which most are missing."""
        tracks = sum(self._last.values())
        if not self._numbers or tracks > 2 * len(self._numbers):
            return len(holding.files), len(self.members)
        return len(holding.numbers), tracks

    def sources(self) -> list[Holding]:
        """Who has it, the best source first; another folder of the same one only where it holds something else."""
        found: list[Holding] = []
        kept: dict[str, list[Holding]] = {}
        for holding in sorted(self.holdings.values(), key=self._preference):
            others = kept.setdefault(who(holding.hit), [])
            if not any(holding.files.keys() <= other.files.keys() for other in others):
                others.append(holding)
                found.append(holding)
        return found

    @property
    def best(self) -> Holding:
        """The best source; peers together are one."""
        best = min(self.holdings.values(), key=self._preference)
        peers = self.peers
        return best if peers is None or self._preference(best) <= self._preference(peers) else peers

    @property
    def peers(self) -> Holding | None:
        """What peers have together: all that the best of them has, and from others what is missing there. None where
        there are not several, or they have too much."""
        if self._peers is None:
            some = [one for one in self.holdings.values() if not is_legacy(one.hit)]
            if len(some) < 2 or sum(len(one.files) for one in some) > TOGETHER_MAX:
                return None
            self._peers = _together(sorted(some, key=self._preference))
        return self._peers

    def _preference(self, holding: Holding) -> Order:
        return (not holding.ok, holding.locked, -self.completeness(holding)[0], *source_rank(holding.hit)[1:])

    def lines(self) -> list[Member]:
        """Its files that are shown, in the order of its tracks."""
        if self._lines is None:
            shown = [member for member in self.members.values() if member.shown]
            self._lines = sorted(shown, key=lambda member: (album_rank(member.hit)[2:], member.row.number))
        return self._lines


def _together(holdings: list[Holding]) -> Holding:
    """The first one's files, and of the others those that are neither there nor have a number of one that is."""
    made = Holding(holdings[0].hit)
    for holding in holdings:
        before = set(made.numbers)
        for key, hit in holding.files.items():
            if key not in made.files and (not hit.track or number(hit) not in before):
                made.add(key, hit, holding.ok)
    return made
