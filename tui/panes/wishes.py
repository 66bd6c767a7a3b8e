"""Wishes: searches that are repeated until they find something; their list, what one found, adding and changing them.

Rules: nothing is fetched but what the person takes, or what a wish that takes by itself chooses in the engine; what is
wrong with a wish is said at its prompt, and the text stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import (
    AddWish,
    ChangeWish,
    PauseWish,
    RemoveWish,
    ShowOffers,
    TakeOffer,
)
from slskmesh.engine.legacy_events import OffersShown
from slskmesh.engine.legacy_views import OfferView, WishesView, WishView
from tui.actions import EVERYWHERE, Action, engine_off
from tui.panes import people_actions as people
from tui.panes.asking import OnText, asked, sure
from tui.viewmodel.formats import plural
from tui.viewmodel.spans import Line, clip
from tui.viewmodel.wishes import head, offer_columns, offer_lines, wish_columns, wish_lines
from tui.widgets.overlay import Overlay
from tui.widgets.prompt import Question
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.app import MeshApp

WORDS = "words to look for, as in a search"
FILTER = "what must be true of hits, as filters of a search say it; empty: anything goes"
NAME_CELLS = 40


class _Clock:
    """Seconds until the next wish may run; the engine tells them with each view, here they go on."""

    def __init__(self, desk: MeshApp) -> None:
        self._desk = desk
        self._view: WishesView | None = None
        self._came = 0.0

    def left(self) -> float:
        """As of now."""
        view, now = self._desk.state.wishes, self._desk.clock()
        if view is not self._view:
            self._view, self._came = view, now
        return max(0.0, view.next_in - (now - self._came)) if view is not None else 0.0


def _list(desk: MeshApp) -> tuple[WishView, ...]:
    return desk.state.wishes.wishes if desk.state.wishes is not None else ()


def wishes(desk: MeshApp, argument: str) -> None:
    """The list of wishes; `argument` puts the cursor on the wish of that number."""

    def on(act: Callable[[MeshApp, WishView], None]) -> Callable[[], None]:
        def run() -> None:
            if box.current is not None:
                act(desk, box.current)

        return run

    clock = _Clock(desk)
    box: Table[WishView] = Table(
        "wishes",
        partial(_list, desk),
        lambda: wish_columns(desk.clock()),
        lambda wish: str(wish.wish),
        keys={
            "enter": on(offers),
            "a": partial(add, desk, ""),
            "e": on(change),
            "o": on(_auto),
            "p": on(_pause),
            "d": on(_remove),
        },
        empty="no wish yet: a adds one. It is searched for again and again until it finds something.",
    )
    box.hints = [
        ("enter", "what it found"),
        ("a", "add"),
        ("e", "change"),
        ("o", "take by itself"),
        ("p", "pause"),
        ("d", "remove"),
        ("esc", "close"),
    ]
    box.above = lambda: head(_list(desk), clock.left())
    box.below = lambda wish: wish_lines(wish, desk.clock())
    if argument.isdigit():
        box.aim(argument)
    desk.open(box)


def _name(desk: MeshApp, wish: WishView) -> str:
    return clip(str(wish.text), NAME_CELLS, desk.glyphs.ellipsis)


def _auto(desk: MeshApp, wish: WishView) -> None:
    desk.ask(ChangeWish(wish.wish, str(wish.text), str(wish.filter), not wish.auto))


def _pause(desk: MeshApp, wish: WishView) -> None:
    desk.ask(PauseWish(wish.wish, wish.phase != "paused"))


def _remove(desk: MeshApp, wish: WishView) -> None:
    words = f"take the wish for {_name(desk, wish)} away? What it fetches goes on"
    sure(desk, words, RemoveWish(wish.wish))


# Adding and changing
def add(desk: MeshApp, argument: str) -> None:
    """A new wish: its words, then its filter."""

    def submit(text: str) -> str | None:
        words = text.strip()
        if not words:
            return WORDS
        name = clip(words, NAME_CELLS, desk.glyphs.ellipsis)
        asked(
            desk,
            Question(f"{name}, filter", lambda text: None, help=FILTER),
            lambda filter: AddWish(words, filter.strip()),
            f"wished for: {name}; :wishes shows it",
        )
        return None

    if argument.strip():
        submit(argument)
    else:
        desk.question(Question("wish", submit, help=WORDS))


def change(desk: MeshApp, wish: WishView) -> None:
    """Other words, then another filter."""

    def submit(text: str) -> str | None:
        words = text.strip()
        if not words:
            return WORDS
        name = clip(words, NAME_CELLS, desk.glyphs.ellipsis)
        asked(
            desk,
            Question(f"{name}, filter", lambda text: None, text=str(wish.filter), help=FILTER),
            lambda filter: ChangeWish(wish.wish, words, filter.strip(), wish.auto),
        )
        return None

    desk.question(Question("wish", submit, text=str(wish.text), help=WORDS))


# What a wish found
def offers(desk: MeshApp, wish: WishView) -> None:
    """Asks what it found and shows it; esc goes back to the list."""
    back = partial(wishes, desk, str(wish.wish))
    name = _name(desk, wish)
    wait = Overlay(f"wish: {name}", [[("asking ...", "dim")]])
    desk.open(wait)

    def shown(event: object) -> None:
        if isinstance(event, OffersShown) and desk.overlay is wait:
            desk.open(_offers_box(desk, wish, event.offers, back))

    def failed(why: str) -> None:
        if desk.overlay is wait:
            back()
        desk.say(why, Level.WARN)

    desk.inquiries.show(desk, ShowOffers(wish.wish), shown, failed)


def _offers_box(
    desk: MeshApp, wish: WishView, found: tuple[OfferView, ...], back: Callable[[], None]
) -> Table[OfferView]:
    def on(act: Callable[[MeshApp, OfferView], None]) -> Callable[[], None]:
        def run() -> None:
            if box.current is not None:
                act(desk, box.current)

        return run

    def take(desk: MeshApp, offer: OfferView) -> None:
        desk.ask(TakeOffer(wish.wish, offer.offer), partial(_took, desk, offer))

    box: Table[OfferView] = Table(
        f"{plural(len(found), 'folder')} for {_name(desk, wish)}",
        lambda: found,
        offer_columns,
        lambda offer: offer.offer,
        keys={
            "enter": on(take),
            "a": on(take),
            "o": on(_browse),
            "m": on(_message),
            "escape": back,
            "q": back,
        },
        empty="nothing found since the program started; it goes on looking",
    )
    box.hints = [("a", "take it"), ("o", "browse its user"), ("m", "message"), ("esc", "back")]
    box.below = offer_lines
    box.above = lambda: _took_before(wish)
    return box


def _took_before(wish: WishView) -> list[Line]:
    return [[(str(wish.note), "dim")]] if wish.note else []


def _took(desk: MeshApp, offer: OfferView, reply: Reply) -> None:
    words = str(reply.text)
    if not reply.ok:
        desk.say(words or "it cannot be taken", Level.ERROR)
    else:
        desk.say(words or f"{plural(offer.files, 'file')} asked of {offer.user}; 4 shows them", Level.GOOD)


def _only_soulseek(desk: MeshApp, offer: OfferView, act: OnText) -> None:
    if offer.via == "mesh":
        desk.say("this is a peer of the mesh; 6 shows it", Level.WARN)
    else:
        desk.close_overlay()
        act(desk, str(offer.user))


def _browse(desk: MeshApp, offer: OfferView) -> None:
    off = people.no_browse(desk)
    if off is not None:
        desk.say(off, Level.WARN)
    else:
        _only_soulseek(desk, offer, people.browse)


def _message(desk: MeshApp, offer: OfferView) -> None:
    _only_soulseek(desk, offer, people.message)


ACTIONS = (
    Action(
        "wishes",
        "wishes: searches that go on until they find something",
        ("W",),
        wishes,
        "search",
        hint="wishes",
    ),
)
COMMANDS = (
    Action("wish-list", "list of wishes and what they found", (), wishes, EVERYWHERE, command="wishes"),
    Action(
        "wish",
        "wish for something: search for it until it is found",
        (),
        add,
        EVERYWHERE,
        engine_off,
        "wish",
        "words",
    ),
)
