"""Search results folded into releases: the lines of that list, and its order.

Rules:
- A file is shown in each release of which somebody offered it; what is shown obeys the results' filter and facets.
- New copies cost themselves; another filter or order makes everything anew, in parts: `update` looks at so many copies.
- A line is found by place or key without looking at all of them; what is open costs what is open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable

from tui.viewmodel.hits import quality, source_rank
from tui.viewmodel.holdings import INSIDE, Group, Holding, Member, group_key
from tui.viewmodel.results import Results
from tui.viewmodel.rows import Order

Item = Group | Member


def _score(group: Group, best: Holding) -> Order:
    _, slot, *_ = source_rank(best.hit)
    had = group.have == len(group.members)
    return (had, best.locked, not group.trusted, -group.completeness(best)[0], slot, -group.users)


_RANKS: dict[str, Callable[[Group, Holding], Order]] = {
    "score": _score,
    "name": lambda group, best: (),
    "album": lambda group, best: (str(group.first.artist).casefold(),),
    "size": lambda group, best: (-best.size,),
    "length": lambda group, best: (-sum(hit.duration for hit in best.files.values()),),
    "bitrate": lambda group, best: (-quality(best.hit),),
    "speed": lambda group, best: (-(best.hit.speed or 0),),
    "queue": lambda group, best: (best.hit.queue is None, best.hit.queue or 0),
    "users": lambda group, best: (-group.users,),
    "source": lambda group, best: (best.hit.short.casefold(),),
}


class _Shelf:
    """All releases of some results in one order; made anew for another."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.arranged = results.arranged
        self.wanted = results.wanted
        self.groups: dict[str, Group] = {}
        self.order: list[tuple[Order, int, Group]] = []
        self.taken = 0
        self.whole = False  # it had all copies once

    def take(self, most: int) -> bool:
        """Looks at so many copies; True where there are no more."""
        touched: dict[Group, None] = {}
        wanted = self.wanted
        upto = min(len(self.results.taken), self.taken + most)
        for copy in self.results.taken[self.taken : upto]:
            key = group_key(copy.hit)
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = Group(key, len(self.groups), copy.hit)
            group.add(copy, not wanted.narrows or wanted.passes(copy))
            touched[group] = None
        self.taken = upto
        for group in touched:
            self._place(group)
        self.whole = self.whole or upto == len(self.results.taken)
        return upto == len(self.results.taken)

    def index(self, group: Group) -> int | None:
        """Where a release stands in the order."""
        index = bisect_left(self.order, (group.rank, group.number))
        return index if index < len(self.order) and self.order[index][2] is group else None

    def _place(self, group: Group) -> None:
        index = self.index(group) if group.rank else None
        if index is not None:
            del self.order[index]
        if group.shown:
            group.rank = (*_RANKS[self.wanted.sort](group, group.best), group.title.casefold())
            insort(self.order, (group.rank, group.number, group))


class Groups:
    """The lines of the folded list: releases, and the files of those that are open."""

    def __init__(self) -> None:
        self._opened: set[str] = set()
        self._shelf = _Shelf(Results())
        self._next: _Shelf | None = None  # being made
        self._open: list[Group] = []  # in order
        self._places: list[int] = []  # where each of them stands among the releases
        self._starts: list[int] = []  # and its line
        self._children: list[int] = [0]  # files shown above each of them, and in all

    def __len__(self) -> int:
        return self.releases + self._children[-1]

    @property
    def releases(self) -> int:
        """Releases shown."""
        return len(self._shelf.order)

    def update(self, results: Results, most: int = 1_000_000_000) -> bool:
        """Follows the results: at most `most` new copies, or all anew where filter or order are others.

        True: up to date (or nothing moves because the person does); False: there is more to do.
        """
        if results is not self._shelf.results:
            self._opened.clear()
            self._shelf, self._next = _Shelf(results), None
        now = self._shelf
        if now.arranged != results.arranged:
            if self._next is None or self._next.arranged != results.arranged:
                self._next = _Shelf(results)
            now = self._next
        elif results.frozen and now.whole:
            return True
        done = now.take(most)
        if done and now is self._next:
            self._shelf, self._next = now, None
        if now is self._shelf:
            self._settle()
        return done

    # -- lines -------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Where the files of the open releases stand; costs the open ones only."""
        found = []
        for key in self._opened:
            group = self._shelf.groups.get(key)
            index = self._shelf.index(group) if group is not None and group.shown else None
            if group is not None and index is not None:
                found.append((self._mirrored(index), group))
        found.sort(key=lambda one: one[0])
        self._open, self._places, self._starts, self._children = [], [], [], [0]
        for index, group in found:
            self._open.append(group)
            self._places.append(index)
            self._starts.append(index + self._children[-1])
            self._children.append(self._children[-1] + group.shown)

    def _mirrored(self, index: int) -> int:
        return self.releases - 1 - index if self._shelf.wanted.reverse else index

    def row(self, position: int) -> Item:
        """The line at a place."""
        at = bisect_right(self._starts, position) - 1
        if at >= 0:
            inside = position - self._starts[at] - 1
            if inside < 0:
                return self._open[at]
            if inside < self._open[at].shown:
                return self._open[at].lines()[inside]
        return self._shelf.order[self._mirrored(position - self._children[at + 1])][2]

    def key(self, row: Item) -> str:
        """The name of a line."""
        return row.key

    def position(self, key: str) -> int | None:
        """The place of a line."""
        group = self._shelf.groups.get(key)
        if group is not None:
            return self._line_of(group)
        above, _, inside = key.partition(INSIDE)
        group = self._shelf.groups.get(above)
        member = group.members.get(inside) if group is not None else None
        if group is None or member is None or not member.shown or above not in self._opened:
            return None
        line = self._line_of(group)
        return None if line is None else line + 1 + group.lines().index(member)

    def _line_of(self, group: Group) -> int | None:
        index = self._shelf.index(group) if group.shown else None
        if index is None:
            return None
        index = self._mirrored(index)
        return index + self._children[bisect_left(self._places, index)]

    def flip(self, group: Group) -> None:
        """Opens a release, or folds it."""
        self._opened ^= {group.key}
        self._settle()

    def is_open(self, group: Group) -> bool:
        """Whether its files are shown."""
        return group.key in self._opened

    def group_of(self, item: Item) -> Group:
        """The release of a line."""
        return item if isinstance(item, Group) else item.group
