"""`slskmesh wishes list|add|pause|resume|remove|offers|take`: searches that are repeated until they find something.

JSON: list: {"wish", "text", "filter", "auto", "phase", "runs", "hits", "fresh", "ran_at", "note"}; add: {"added": true,
"wish"}; offers: {"offer", "via", "user", "folder", "files", "size", "lossless", "free_slot", "speed", "queue"}; the
others {"wish", "did", "text"}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running
from slskmesh.cli.job_words import fields_of
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.commands import Command
from slskmesh.engine.legacy_commands import AddWish, ShowOffers
from slskmesh.engine.legacy_events import OffersShown
from slskmesh.engine.legacy_views import WishesView

LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its lists


def list_wishes(home: Path, out: Output) -> int:
    """Prints every wish, the oldest first; returns 1 if there is none."""
    with running(home) as console:
        view = console.wait_view(WishesView, lambda view: True, LOOK_TIMEOUT, "the wishes")
    for wish in view.wishes:
        sieve = f"  [{wish.filter}]" if wish.filter else ""
        facts = f"{wish.hits} hits, {wish.fresh} new" + (f"; {wish.note}" if wish.note else "")
        out.row(fields_of(wish), f"#{wish.wish}  {wish.phase:8s} {wish.text}{sieve}  {facts}")
    if not view.wishes:
        out.say("no wishes")
    return 0 if view.wishes else 1


def add_wish(home: Path, wish: AddWish, out: Output) -> None:
    """Adds a wish. Refused with the engine's words."""
    with running(home) as console:
        number = int(console.ask(wish).value)
    out.row({"added": True, "wish": number}, f"wish {number} is in the list")


def tell_wish(home: Path, wish: int, did: str, command: Command, out: Output) -> None:
    """Has the engine do something with a wish. Refused with the engine's words."""
    with running(home) as console:
        text = str(console.ask(command).text)
    out.row({"wish": wish, "did": did, "text": text}, text or f"wish {wish}: {did}")


def show_offers(home: Path, wish: int, out: Output) -> int:
    """Prints what a wish found; returns 1 if that is nothing."""
    answers = Answers()
    with running(home, answers.event) as console:
        answer = answers.ask(console, ShowOffers(wish), OffersShown, f"what wish {wish} found")
    for offer in answer.offers:
        lossless = "  lossless" if offer.lossless else ""
        text = f"{offer.offer}  {offer.folder}  {offer.files} files, {size_text(offer.size)}{lossless}  {offer.user}"
        out.row(fields_of(offer), text)
    if not answer.offers:
        out.say("nothing yet")
    return 0 if answer.offers else 1
