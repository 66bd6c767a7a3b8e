"""Beginning a job: from a release, artist or label that is on the screen, or from text and ids typed after c.

Rules: the kind of job follows from what was chosen; an artist asks how much, a label how many; nothing is added before
the last answer; several pasted ids are looked up one by one and added as they are, an artist's core, a label's newest.
Conditions may follow what is typed (viewmodel/conditions.py); they are read before anything is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from slskmesh.engine.commands import LookUp
from slskmesh.engine.events import Level, LookedUp
from slskmesh.engine.job_views import EntityView
from slskmesh.errors import UserError
from tui.panes.addjob import ask_conditions, send
from tui.viewmodel.conditions import LIMIT, LIMIT_MAX, PROFILES, Conditions, begin_of, complete, parse
from tui.viewmodel.formats import plural
from tui.viewmodel.lookups import detail_text, held_text, is_pasted
from tui.viewmodel.spans import clip
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

IDS_MAX = 50
CHOICE_CELLS = 96
KINDS = ("release", "artist", "label")
_WHAT = "a release, an artist: or label: with its name, an id, or the address of its page"


def add(desk: MeshApp, entity: EntityView, tracks: tuple[int, ...] = (), given: str = "") -> None:
    """A job of what was chosen, on the conditions given; asks what it must still know."""
    try:
        on = parse(given, entity.kind)
    except UserError as error:
        ask_conditions(desk, entity, tracks, given, str(error))
        return
    if tracks and not on.tracks:
        on = replace(on, tracks=tracks)
    if entity.kind == "artist" and "profile" not in on.named:
        _ask_profile(desk, entity, on)
    elif entity.kind == "label" and "limit" not in on.named:
        _ask_limit(desk, entity, on)
    else:
        send(desk, entity, on)


def _ask_profile(desk: MeshApp, entity: EntityView, on: Conditions) -> None:
    entries = [
        Entry(
            str(at), name, partial(send, desk, entity, replace(on, profile=name)), note=what, hot=(str(at),)
        )
        for at, (name, what) in enumerate(PROFILES, 1)
    ]
    if not on.named:
        more = partial(ask_conditions, desk, entity)
        entries.append(Entry("O", "on conditions", more, note="codec, lossless, rate, folder", hot=("O",)))
    desk.open(Menu(f"how much of {clip(str(entity.title), 40, desk.glyphs.ellipsis)}", entries))


def _ask_limit(desk: MeshApp, entity: EntityView, on: Conditions) -> None:
    def submit(text: str) -> str | None:
        if not text.strip().isdigit() or not 1 <= int(text) <= LIMIT_MAX:
            return f"a number from 1 to {LIMIT_MAX}"
        send(desk, entity, replace(on, limit=int(text)))
        return None

    name = clip(str(entity.title), 30, desk.glyphs.ellipsis)
    desk.question(
        Question(f"releases of {name}", submit, text=str(LIMIT), help="how many, the earliest first")
    )


# From typed text
class Choice(Menu):
    """A list of releases, artists or labels: enter makes a job of one, O asks for its conditions before."""

    def __init__(self, title: str, entries: list[Entry], on_conditions: Callable[[int], None]) -> None:
        super().__init__(title, entries)
        self.hints.insert(1, ("O", "conditions"))
        self._on_conditions = on_conditions  # takes the place among all entries

    def key(self, key: str, character: str | None) -> bool:
        if key == "O" and not self.typing and self.shown:
            self.desk.close_overlay()
            chosen = self.shown[self.cursor]
            self._on_conditions(next(at for at, entry in enumerate(self.entries) if entry is chosen))
            return True
        return super().key(key, character)


def completions(text: str) -> list[str]:
    """What a line that begins a job may become: the kind before a name, and the conditions behind it."""
    kinds = [f"{kind}: " for kind in KINDS if text and f"{kind}: ".startswith(text)]
    if kinds:
        return kinds
    at = begin_of(text)
    if at is None:
        head, _, last = text.rpartition(" ")
        if not head.strip() or (len(last) < 2 and not is_pasted(head.split()[0])):
            return []
        at = len(text) - len(last)
    return [text[:at] + found for found in complete(text[at:], split_kind(text[:at])[0])]


def split_conditions(text: str) -> tuple[str, str]:
    """What a job is of, and its conditions as typed. UserError: a condition is wrong, or nothing is before them."""
    at = begin_of(text)
    if at is None:
        return text.strip(), ""
    what, given = text[:at].strip(), text[at:].strip()
    if not what:
        raise UserError(f"{_WHAT}; then its conditions")
    parse(given, split_kind(what)[0])
    return what, given


def new_job(desk: MeshApp, argument: str) -> None:
    """c and `:job`: asks for a release, artist or label, and makes a job of the one chosen."""
    if not argument:
        _ask(desk)
        return
    wrong = _begin(desk, argument)
    if wrong:
        _ask(desk, argument)
        desk.prompt.fail(wrong)


def _ask(desk: MeshApp, text: str = "") -> None:
    def submit(line: str) -> str | None:
        return _begin(desk, line) or "asking MusicBrainz ..."

    desk.question(
        Question(
            "new job",
            submit,
            text=text,
            help="artist and title of a release; artist: NAME; label: NAME; or a pasted MusicBrainz id",
            complete=completions,
        )
    )


def _begin(desk: MeshApp, line: str) -> str:
    """Looks up what was typed; returns what is wrong with it."""
    try:
        what, given = split_conditions(line)
    except UserError as error:
        return str(error)
    if not what:
        return _WHAT
    words = what.split()
    if len(words) > 1 and all(is_pasted(word) for word in words):
        if desk.prompt.question is not None:
            desk.prompt.close()
        _add_all(desk, words, given)
    else:
        _look_up(desk, what, given)
    return ""


def split_kind(text: str) -> tuple[str, str]:
    """ "artist: Moor Mother" as ("artist", "Moor Mother"); no kind where none is named."""
    head, colon, rest = text.partition(":")
    kind = head.strip().casefold()
    return (kind, rest.strip()) if colon and kind in KINDS and rest.strip() else ("", text.strip())


def _look_up(desk: MeshApp, text: str, given: str) -> None:
    kind, words = split_kind(text)
    asked = desk.prompt.question

    def refused(reason: str) -> None:
        if asked is not None and desk.prompt.question is asked:
            desk.prompt.fail(reason)
        else:
            desk.say(reason, Level.WARN)

    def found(event: LookedUp) -> None:
        if not event.entities:
            refused(str(event.note) or "MusicBrainz knows nothing with these words")
            return
        if asked is not None and desk.prompt.question is not asked:
            return  # the person left the question
        if asked is not None:
            desk.prompt.close()
        if event.stale:
            desk.say(f"old answer: {event.note}", Level.WARN)
        if len(event.entities) == 1 and is_pasted(words):
            add(desk, event.entities[0], given=given)
        else:
            choose(desk, event.entities, given)

    desk.inquiries.look_up(desk, LookUp(words, kind), found, refused)


def choose(desk: MeshApp, entities: tuple[EntityView, ...], given: str = "") -> None:
    """A list to choose one from; `given` are its conditions."""
    entries: list[Entry] = []
    cells = min(CHOICE_CELLS, desk.size.width - 4)
    room = cells - 18  # the frame and the menu's column of keys
    for entity in entities:
        by = f"{entity.artist} / " if entity.artist else ""
        year = f" ({entity.year})" if entity.year else ""
        held = f" have {held_text(entity)}" if held_text(entity) else ""
        note = clip(detail_text(entity, desk.glyphs), room * 2 // 5 - len(held), desk.glyphs.ellipsis) + held
        title = clip(f"{by}{entity.title}{year}", room - cell_len(note) - 2, desk.glyphs.ellipsis)
        entries.append(Entry("", title, partial(add, desk, entity, given=given), note=note))

    def on_conditions(at: int) -> None:
        ask_conditions(desk, entities[at], text=given)

    menu = Choice(f"a job of which {entities[0].kind}?", entries, on_conditions)
    menu.cells = cells
    desk.open(menu)


def _add_all(desk: MeshApp, ids: list[str], given: str) -> None:
    if len(ids) > IDS_MAX:
        desk.say(f"at most {IDS_MAX} ids at once; the first {IDS_MAX} are taken", Level.WARN)

    def found(word: str, event: LookedUp) -> None:
        if len(event.entities) == 1:
            try:
                send(desk, event.entities[0], parse(given, event.entities[0].kind))
            except UserError as error:
                failed(word, str(error))
        else:
            note = (
                str(event.note)
                or f"{plural(len(event.entities), 'release')}: :job with it alone lets you choose"
            )
            desk.say(f"{word[-36:]}: {note}", Level.WARN)

    def failed(word: str, reason: str) -> None:
        desk.say(f"{word[-36:]}: {reason}", Level.WARN)

    for word in ids[:IDS_MAX]:
        desk.inquiries.look_up(desk, LookUp(word), partial(found, word), partial(failed, word))
