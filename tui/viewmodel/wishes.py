"""Rows and words of wishes and of what they found."""

from __future__ import annotations

import re

from slskmesh.engine.legacy_views import OfferView, WishView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import ago, clock, count, plural, rate, size
from tui.viewmodel.spans import Line

_DISC = re.compile(r"(?:cd|dis[ck]|lp|side|vinyl)[ _.-]*\w{1,2}$", re.IGNORECASE)

PHASE_ROLES = {"looking": "text", "taking": "accent", "done": "good", "paused": "dim"}


def wish_columns(now: float) -> tuple[Column[WishView], ...]:
    """The list of wishes."""
    return (
        Column("words", 16, lambda w: Cell(w.text, "bold" if w.fresh else "text"), weight=3),
        Column("filter", 8, lambda w: Cell(w.filter, "dim"), weight=1),
        Column("takes", 6, lambda w: Cell("auto" if w.auto else "", "accent")),
        Column("state", 7, lambda w: Cell(w.phase, PHASE_ROLES.get(w.phase, "text"))),
        Column("hits", 5, lambda w: Cell(count(w.hits), "dim"), right=True),
        Column("new", 4, lambda w: Cell(f"+{w.fresh}" if w.fresh else "", "mark"), right=True),
        Column("asked", 6, lambda w: Cell(ago(w.ran_at, now) if w.ran_at else "never", "dim"), right=True),
    )


def head(wishes: tuple[WishView, ...], next_in: float) -> list[Line]:
    """What stands above the list. `next_in`: seconds until one may run."""
    looking = sum(wish.phase == "looking" for wish in wishes)
    if not looking:
        return [[("no wish is looking: a adds one, p lets one look again", "dim")]]
    when = f"the next may be asked in {clock(next_in)}" if next_in > 0 else "the next is asked now"
    return [[(f"{plural(looking, 'wish', 'wishes')} looking, one at a time; {when}", "dim")]]


def wish_lines(wish: WishView, now: float) -> list[Line]:
    """One wish in words."""
    takes = "the best new folder by itself" if wish.auto else "nothing by itself; enter shows what it found"
    asked = f"{plural(wish.runs, 'time')}, last {ago(wish.ran_at, now)} ago" if wish.runs else "not yet"
    return [
        [],
        [("takes  ", "dim"), (takes, "text")],
        [("asked  ", "dim"), (asked, "text")],
        [("note   ", "dim"), (str(wish.note) or "none", "text" if wish.note else "dim")],
    ]


def folder_name(path: str) -> str:
    """The last part of a remote folder; of a disc's folder the release, too."""
    parts = [part for part in re.split(r"[\\/]", path) if part]
    if len(parts) > 1 and _DISC.match(parts[-1]):
        return "/".join(parts[-2:])
    return parts[-1] if parts else path


def offer_columns() -> tuple[Column[OfferView], ...]:
    """What a wish found."""
    return (
        Column("folder", 16, lambda o: folder_name(o.folder), weight=3),
        Column("from", 10, lambda o: Cell(o.user, "accent"), weight=1),
        Column("via", 8, lambda o: Cell(o.via, "dim"), level=70),
        Column("files", 5, lambda o: count(o.files), right=True),
        Column("size", 6, lambda o: size(o.size), right=True),
        Column("lossless", 8, lambda o: Cell("yes" if o.lossless else "no", "good" if o.lossless else "dim")),
        Column("slot", 4, lambda o: Cell("free" if o.free_slot else str(o.queue), "dim"), right=True),
        Column("speed", 7, lambda o: Cell(rate(o.speed) if o.speed else "", "dim"), right=True, level=84),
    )


def offer_lines(offer: OfferView) -> list[Line]:
    """One offer in words."""
    where = "a peer of the mesh: verified chunk by chunk" if offer.via == "mesh" else "a Soulseek user"
    slot = "a free slot" if offer.free_slot else f"{plural(offer.queue, 'file')} before you"
    return [
        [],
        [("folder ", "dim"), (str(offer.folder), "text")],
        [("from   ", "dim"), (f"{offer.user}, {where}; {slot}", "text")],
    ]
