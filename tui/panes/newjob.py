"""Beginning a job: from a release, artist or label that is on the screen, or from text and ids typed after c.

Rules: the kind of job follows from what was chosen; an artist asks how much, a label how many; nothing is added before
the last answer; several pasted ids are looked up one by one and added as they are, an artist's core, a label's newest.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from slskmesh.engine.commands import AddJob, LookUp
from slskmesh.engine.events import Level, LookedUp, Reply
from slskmesh.engine.job_views import EntityView
from tui.viewmodel.formats import plural
from tui.viewmodel.lookups import JOB_KINDS, detail_text, held_text, is_pasted
from tui.viewmodel.spans import clip
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

PROFILES = (
    ("core", "official albums and EPs"),
    ("extended", "also singles, live and compilations"),
    ("all", "every release group"),
)
LIMIT, LIMIT_MAX = 20, 500
IDS_MAX = 50
CHOICE_CELLS = 96
KINDS = ("release", "artist", "label")


def add(desk: MeshApp, entity: EntityView, tracks: tuple[int, ...] = ()) -> None:
    """A job of what was chosen; asks what it must still know."""
    if entity.kind == "artist":
        _ask_profile(desk, entity)
    elif entity.kind == "label":
        _ask_limit(desk, entity)
    else:
        _send(desk, entity, tracks=tracks)


def _send(
    desk: MeshApp,
    entity: EntityView,
    *,
    tracks: tuple[int, ...] = (),
    profile: str = "core",
    limit: int = LIMIT,
) -> None:
    by = f"{entity.artist} / " if entity.artist else ""
    title = f"{by}{entity.title}"

    def answered(reply: Reply) -> None:
        if reply.ok:
            part = f", {plural(len(tracks), 'track')}" if tracks else ""
            desk.say(f"job {reply.value} added: {title}{part}; 3 shows it", Level.GOOD)
        else:
            desk.say(str(reply.text) or "the job was refused", Level.ERROR)

    kind = JOB_KINDS.get(entity.kind, "mb_release")
    job = AddJob(kind, entity.mbid, title=title, tracks=tracks, profile=profile, limit=limit)
    desk.ask(job, answered)


def _ask_profile(desk: MeshApp, entity: EntityView) -> None:
    entries = [
        Entry(str(at), name, partial(_send, desk, entity, profile=name), note=what, hot=(str(at),))
        for at, (name, what) in enumerate(PROFILES, 1)
    ]
    desk.open(Menu(f"how much of {clip(str(entity.title), 40, desk.glyphs.ellipsis)}", entries))


def _ask_limit(desk: MeshApp, entity: EntityView) -> None:
    def submit(text: str) -> str | None:
        if not text.strip().isdigit() or not 1 <= int(text) <= LIMIT_MAX:
            return f"a number from 1 to {LIMIT_MAX}"
        _send(desk, entity, limit=int(text))
        return None

    name = clip(str(entity.title), 30, desk.glyphs.ellipsis)
    desk.question(Question(f"releases of {name}", submit, text=str(LIMIT), help="how many, newest first"))


# From typed text
def new_job(desk: MeshApp, argument: str) -> None:
    """c and `:job`: asks for a release, artist or label, and makes a job of the one chosen."""
    if argument:
        words = argument.split()
        if len(words) > 1 and all(is_pasted(word) for word in words):
            _add_all(desk, words)
        else:
            _look_up(desk, argument)
        return

    def submit(text: str) -> str | None:
        if not text.strip():
            return "a release, an artist: or label: with its name, an id, or the address of its page"
        _look_up(desk, text)
        return "asking MusicBrainz ..."

    desk.question(
        Question(
            "new job",
            submit,
            help="artist and title of a release; artist: NAME; label: NAME; or a pasted MusicBrainz id",
            complete=lambda text: [f"{kind}: " for kind in KINDS if text and f"{kind}: ".startswith(text)],
        )
    )


def split_kind(text: str) -> tuple[str, str]:
    """ "artist: Moor Mother" as ("artist", "Moor Mother"); no kind where none is named."""
    head, colon, rest = text.partition(":")
    kind = head.strip().casefold()
    return (kind, rest.strip()) if colon and kind in KINDS and rest.strip() else ("", text.strip())


def _look_up(desk: MeshApp, text: str) -> None:
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
            add(desk, event.entities[0])
        else:
            choose(desk, event.entities)

    desk.inquiries.look_up(desk, LookUp(words, kind), found, refused)


def choose(desk: MeshApp, entities: tuple[EntityView, ...]) -> None:
    """A list to choose one from."""
    entries = []
    cells = min(CHOICE_CELLS, desk.size.width - 4)
    room = cells - 18  # the frame and the menu's column of keys
    for entity in entities:
        by = f"{entity.artist} / " if entity.artist else ""
        year = f" ({entity.year})" if entity.year else ""
        held = f" have {held_text(entity)}" if held_text(entity) else ""
        note = clip(detail_text(entity, desk.glyphs), room * 2 // 5 - len(held), desk.glyphs.ellipsis) + held
        title = clip(f"{by}{entity.title}{year}", room - cell_len(note) - 2, desk.glyphs.ellipsis)
        entries.append(Entry("", title, partial(add, desk, entity), note=note))
    menu = Menu(f"a job of which {entities[0].kind}?", entries)
    menu.cells = cells
    desk.open(menu)


def _add_all(desk: MeshApp, ids: list[str]) -> None:
    if len(ids) > IDS_MAX:
        desk.say(f"at most {IDS_MAX} ids at once; the first {IDS_MAX} are taken", Level.WARN)

    def found(word: str, event: LookedUp) -> None:
        if len(event.entities) == 1:
            _send(desk, event.entities[0])
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
