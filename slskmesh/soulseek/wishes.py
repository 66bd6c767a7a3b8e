"""Wishes: searches that are repeated until they find something, and what each of them found. Pure.

Rules:
- One wish at a time in turn, no oftener than the server wants (720 s until it says so); the one whose run is longest
  ago comes next, so none runs twice in a row while there are others. Turns and times outlive restarts.
- A folder counts as a hit once, however often it is found; what is new since the person looked is `fresh`.
- With the rule `FOLDER` the best new folder is taken (`offers.best`); while that is under way the wish rests, when it
  has come it is done, and when it failed that folder is not taken again.
- At most 500 wishes, 200 offers remembered for each, 2,000 digests of those seen.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from slskmesh.errors import UserError
from slskmesh.soulseek.offers import Offer, best
from slskmesh.text import sanitize

INTERVAL: Final = 720.0  # seconds, until the server says otherwise
_INTERVALS: Final = (60, 86_400)  # that are believed
WISHES_MAX: Final = 500
OFFERS_MAX: Final = 200
SEEN_MAX: Final = 2_000
TRIED_MAX: Final = 200
TEXT_BYTES: Final = 256  # the server passes no longer search on
_NOTE_MAX: Final = 300
_FILES_MOST: Final = 1_000  # of one offer


class Auto(enum.Enum):
    """What a wish takes by itself."""

    OFF = "off"
    FOLDER = "folder"  # the best folder


class Phase(enum.Enum):
    """Where a wish stands."""

    LOOKING = "looking"
    TAKING = "taking"  # something was chosen and is being fetched
    DONE = "done"
    PAUSED = "paused"


class Wish(msgspec.Struct):
    """One wish. Times are Unix seconds; digests are of offers."""

    id: int
    text: str
    filter: str = ""
    auto: Auto = Auto.OFF
    phase: Phase = Phase.LOOKING
    added: float = 0.0
    turn: int = 0  # of its last run; 0: it had none
    ran_at: float = 0.0
    runs: int = 0
    hits: int = 0
    fresh: int = 0
    note: str = ""  # what became of it last, in words
    took: bytes = b""
    seen: tuple[bytes, ...] = ()
    tried: tuple[bytes, ...] = ()


class WishChanges(msgspec.Struct, frozen=True):
    """What is to be written."""

    wishes: tuple[Wish, ...]
    gone: tuple[int, ...] = ()


class WishList:
    """All wishes and whose turn it is. `parse` checks a filter's text (UserError)."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        parse: Callable[[str], object],
        on_change: Callable[[], None] = lambda: None,
        restored: Iterable[Wish] = (),
    ) -> None:
        self.interval = INTERVAL
        self._clock = clock
        self._parse = parse
        self._on_change = on_change
        self._wishes = {wish.id: wish for wish in restored}
        self._offers: dict[int, dict[bytes, Offer]] = {}
        self._seen: dict[int, dict[bytes, None]] = {}  # Wish.seen, to look up
        self._dirty: set[int] = set()
        self._gone: set[int] = set()
        self._last_id = max(self._wishes, default=0)

    # -- what the person does ----------------------------------------------------------------------------------

    def add(self, text: str, filter: str = "", auto: Auto = Auto.OFF) -> Wish:
        """A new wish; it comes next. UserError."""
        text = self._checked(text, filter, 0)
        if len(self._wishes) >= WISHES_MAX:
            raise UserError(f"there are {WISHES_MAX} wishes already; take one away first")
        self._last_id += 1
        wish = Wish(self._last_id, text, filter, auto, added=self._clock())
        self._wishes[wish.id] = wish
        self._changed(wish)
        return wish

    def change(self, id: int, text: str, filter: str, auto: Auto) -> None:
        """Other words or rules; a wish that was done looks again. UserError."""
        wish = self._get(id)
        text = self._checked(text, filter, id)
        if (text, filter) != (wish.text, wish.filter):
            self._forget(id)
            wish.seen, wish.hits, wish.fresh = (), 0, 0
        wish.text, wish.filter, wish.auto = text, filter, auto
        if wish.phase is Phase.DONE:
            wish.phase = Phase.LOOKING
        self._changed(wish)

    def remove(self, id: int) -> bool:
        """Takes a wish away; what it fetches goes on. False: there is none."""
        if self._wishes.pop(id, None) is None:
            return False
        self._forget(id)
        self._dirty.discard(id)
        self._gone.add(id)
        self._on_change()
        return True

    def pause(self, id: int, paused: bool) -> None:
        """Lets a wish rest, or look (again). UserError while it is being fetched."""
        wish = self._get(id)
        if wish.phase is Phase.TAKING:
            raise UserError("what this wish found is being fetched; pause that download")
        wish.phase = Phase.PAUSED if paused else Phase.LOOKING
        self._changed(wish)

    def read(self, id: int) -> None:
        """The person saw what it found."""
        wish = self._wishes.get(id)
        if wish is not None and wish.fresh:
            wish.fresh = 0
            self._changed(wish)

    # -- turns -------------------------------------------------------------------------------------------------

    def told(self, seconds: int) -> None:
        """The interval the server wants; one nobody means is not believed."""
        lowest, highest = _INTERVALS
        self.interval = float(seconds) if lowest <= seconds <= highest else INTERVAL
        self._on_change()

    def next(self) -> Wish | None:
        """Whose turn it is; None: nobody looks."""
        looking = [wish for wish in self._wishes.values() if wish.phase is Phase.LOOKING]
        return min(looking, key=lambda wish: (wish.turn, wish.id), default=None)

    def wait(self) -> float:
        """Seconds until a wish may run. After a clock was put back it is one interval, no longer."""
        now = self._clock()
        for wish in self._wishes.values():
            wish.ran_at = min(wish.ran_at, now)
        latest = max((wish.ran_at for wish in self._wishes.values()), default=0.0)
        return max(0.0, latest + self.interval - now)

    def ran(self, id: int, note: str = "") -> None:
        """It had its turn."""
        if (wish := self._wishes.get(id)) is not None:
            wish.turn = max(other.turn for other in self._wishes.values()) + 1
            wish.ran_at = self._clock()
            wish.runs += 1
            self._noted(wish, note)

    # -- what was found ----------------------------------------------------------------------------------------

    def found(self, id: int, offers: Iterable[Offer]) -> int:
        """Takes in what a search brought; how much of it is new."""
        wish = self._wishes.get(id)
        if wish is None:
            return 0
        known = self._offers.setdefault(id, {})
        seen = self._seen.setdefault(id, dict.fromkeys(wish.seen))
        new = 0
        for offer in offers:
            digest = offer.digest
            if digest in known:
                offer = _merged(known.pop(digest), offer)
            known[digest] = offer
            if len(known) > OFFERS_MAX:
                del known[next(iter(known))]
            if digest not in seen:
                seen[digest] = None
                new += 1
        if new:
            while len(seen) > SEEN_MAX:
                del seen[next(iter(seen))]
            wish.seen = tuple(seen)
            wish.hits += new
            wish.fresh += new
            self._changed(wish)
        return new

    def choose(self, id: int, hidden: Callable[[str], bool] = lambda user: False) -> Offer | None:
        """What the rule of a wish takes now; None: nothing."""
        wish = self._wishes.get(id)
        if wish is None or wish.auto is Auto.OFF or wish.phase is not Phase.LOOKING:
            return None
        tried = frozenset(wish.tried)
        return best(
            self._offers.get(id, {}).values(), lambda offer: offer.digest in tried or hidden(offer.user)
        )

    def taking(self, id: int, offer: Offer) -> None:
        """It is being fetched."""
        wish = self._get(id)
        wish.phase, wish.took = Phase.TAKING, offer.digest
        self._noted(wish, f"takes {len(offer.audio)} files from {offer.user}")

    def ended(self, id: int, came: bool, why: str = "") -> None:
        """What was being fetched has come, or cannot be had: then it looks on, and does not take that again."""
        wish = self._wishes.get(id)
        if wish is None or wish.phase is not Phase.TAKING:
            return
        if came:
            wish.phase = Phase.DONE
        else:
            wish.phase = Phase.LOOKING
            wish.tried = (*wish.tried, wish.took)[-TRIED_MAX:]
        wish.took = b""
        self._noted(wish, why)

    def offers(self, id: int) -> list[Offer]:
        """What it found since the start, the newest last."""
        return list(self._offers.get(id, {}).values())

    def wishes(self) -> list[Wish]:
        """Copies of all, the oldest first."""
        return [msgspec.structs.replace(wish) for wish in self._wishes.values()]

    def get(self, id: int) -> Wish | None:
        """A copy of one."""
        wish = self._wishes.get(id)
        return None if wish is None else msgspec.structs.replace(wish)

    # -- to be written -----------------------------------------------------------------------------------------

    def take_changes(self) -> WishChanges | None:
        """What changed since the last call."""
        if not self._dirty and not self._gone:
            return None
        wishes = tuple(msgspec.structs.replace(self._wishes[id]) for id in self._dirty if id in self._wishes)
        changes = WishChanges(wishes, tuple(self._gone))
        self._dirty.clear()
        self._gone.clear()
        return changes

    def put_back(self, changes: WishChanges) -> None:
        """What `take_changes` gave could not be written."""
        self._dirty.update(wish.id for wish in changes.wishes if wish.id in self._wishes)
        self._gone.update(changes.gone)

    # -- inside ------------------------------------------------------------------------------------------------

    def _checked(self, text: str, filter: str, id: int) -> str:
        text = " ".join(text.split())
        if not text:
            raise UserError("a wish needs words to search for")
        try:
            length = len(text.encode())
        except UnicodeEncodeError:
            raise UserError("these words have characters that cannot be sent; take them out") from None
        if length > TEXT_BYTES:
            raise UserError(f"the server passes on {TEXT_BYTES} bytes of words, these are {length}")
        self._parse(filter)
        for wish in self._wishes.values():
            same = (wish.text.casefold(), wish.filter) == (text.casefold(), filter)
            if same and wish.id != id:
                raise UserError(f"“{sanitize(text, 60)}” with this filter is wished for already")
        return text

    def _get(self, id: int) -> Wish:
        if id not in self._wishes:
            raise UserError(f"there is no wish {id}; it was taken away")
        return self._wishes[id]

    def _forget(self, id: int) -> None:
        self._offers.pop(id, None)
        self._seen.pop(id, None)

    def _noted(self, wish: Wish, note: str) -> None:
        wish.note = sanitize(note, _NOTE_MAX)
        self._changed(wish)

    def _changed(self, wish: Wish) -> None:
        self._dirty.add(wish.id)
        self._on_change()


def _merged(old: Offer, new: Offer) -> Offer:
    """One folder found twice, by answers that name some of its files each."""
    files = {file.path: file for file in (*old.files, *new.files)}
    return msgspec.structs.replace(new, files=tuple(files.values())[:_FILES_MOST])
