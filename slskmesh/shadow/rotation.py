"""Which releases and recordings are told of now: a rotating random part of what is held, at a fixed cost. Pure.

Rules:
- At most `slots` shards are in force, whatever the library's size. A small library is told of whole, always.
- A large one passes by in laps: pages of it come in order from a random start, each is shuffled, and a shard stays
  one `STAY`. Every release comes up once a lap.
- Half of the slots may be held longer: by what hardly anybody else tells of (`RARE_STAYS` turns) and by what was asked
  for or verified just now, which comes up at once. The other half always rotates, so nothing waits for ever.
- Nothing is stored: after a restart a lap begins at another random place, and the old shards lapse by themselves.
"""

from __future__ import annotations

import enum
import random
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

SLOTS: Final = 200
STAY: Final = 6 * 3600.0
RARE: Final = 3  # fewer other publishers than this: rare
RARE_STAYS: Final = 4
URGENT_MAX: Final = 256
RETRY: Final = 300.0


class Topic(NamedTuple):
    """`kind` is "release" or "recording", `mbid` its canonical text; or "content" and a content id in hex."""

    kind: str
    mbid: str


class Act(enum.Enum):
    """What to do with a topic."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"


@dataclass(slots=True)
class _Slot:
    until: float
    turns: int = 0  # that it may stay longer
    urgent: bool = False


class Rotation:
    """Slots and who is next. Times are of one monotonic clock, in seconds."""

    def __init__(self, rng: random.Random, slots: int = SLOTS, stay: float = STAY) -> None:
        self._rng, self._slots_max, self._stay = rng, slots, stay
        self._slots: dict[Topic, _Slot] = {}
        self._urgent: OrderedDict[Topic, None] = OrderedDict()
        self._deck: deque[Topic] = deque()

    @property
    def in_force(self) -> list[Topic]:
        """What is told of now."""
        return list(self._slots)

    def coming(self, most: int) -> list[Topic]:
        """At most so many that come up next, those asked for first; then those in force whose turn ends first."""
        fresh = [topic for topic in (*self._urgent, *self._deck) if topic not in self._slots]
        again = sorted(self._slots, key=lambda topic: self._slots[topic].until)
        return list(dict.fromkeys([*fresh, *again]))[:most]

    @property
    def wants_page(self) -> bool:
        """The deck is used up: the next page of the library may be offered."""
        return not self._deck

    def offer(self, page: Iterable[Topic]) -> None:
        """The next page of the lap."""
        fresh = [topic for topic in page if topic not in self._slots]
        self._rng.shuffle(fresh)
        self._deck.extend(fresh)

    def ask(self, topic: Topic) -> None:
        """Comes up at once: somebody asked for it, or a file of it was verified."""
        self._urgent[topic] = None
        while len(self._urgent) > URGENT_MAX:
            self._urgent.popitem(last=False)

    def step(self, now: float) -> tuple[Act, Topic] | None:
        """What to do next; None: nothing for now. A withdrawn topic is gone, a published one needs `published`."""
        return self._hurry() or self._fill() or self._turn(now)

    def published(self, topic: Topic, now: float, others: int, held: bool = True) -> None:
        """It is told of; `others` publish it too. Not `held`: no node took it, and it is tried again soon."""
        old = self._slots.get(topic)
        turns = old.turns if old else RARE_STAYS - 1 if others < RARE else 0
        urgent = topic in self._urgent
        self._urgent.pop(topic, None)
        self._slots[topic] = _Slot(now + (self._stay if held else RETRY), turns, urgent)

    def drop(self, topic: Topic) -> bool:
        """It is no longer held; True if it was told of, so that it has to be withdrawn."""
        self._urgent.pop(topic, None)
        return self._slots.pop(topic, None) is not None

    def later(self, topic: Topic) -> None:
        """Puts it behind all others in `in_force`."""
        if (slot := self._slots.pop(topic, None)) is not None:
            self._slots[topic] = slot

    def clear(self) -> list[Topic]:
        """Everything stops; what has to be withdrawn."""
        told = list(self._slots)
        self._slots.clear()
        self._urgent.clear()
        self._deck.clear()
        return told

    def _hurry(self) -> tuple[Act, Topic] | None:
        for topic in self._urgent:
            if topic in self._slots or len(self._slots) < self._slots_max:
                return Act.PUBLISH, topic
            return self._make_room()
        return None

    def _make_room(self) -> tuple[Act, Topic]:
        asked = [one for one, slot in self._slots.items() if slot.urgent]
        others = [one for one, slot in self._slots.items() if not slot.urgent]
        # Once half of the slots are asked for, one such topic gives way to another.
        give = asked if asked and len(asked) >= self._slots_max // 2 else others
        topic = min(give, key=lambda one: (self._slots[one].turns, self._slots[one].until))
        del self._slots[topic]
        return Act.WITHDRAW, topic

    def _fill(self) -> tuple[Act, Topic] | None:
        while self._deck and len(self._slots) < self._slots_max:
            topic = self._deck.popleft()
            if topic not in self._slots:
                return Act.PUBLISH, topic
        return None

    def _turn(self, now: float) -> tuple[Act, Topic] | None:
        over = [(slot.until, topic) for topic, slot in self._slots.items() if slot.until <= now]
        if not over:
            return None
        topic = min(over)[1]
        slot = self._slots[topic]
        if self._deck and len(self._slots) >= self._slots_max:
            if not slot.turns or self._stayers() > self._slots_max // 2:
                del self._slots[topic]
                return Act.WITHDRAW, topic
            slot.turns -= 1
        return Act.PUBLISH, topic

    def _stayers(self) -> int:
        return sum(slot.turns > 0 or slot.urgent for slot in self._slots.values())
