"""Adding a job of a release, artist or label that was chosen, on the conditions typed in one line.

Rules: what is wrong with a line is said at its prompt and nothing is lost of it, also where the engine refuses it; the
up key brings back earlier lines.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import AddJob
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.job_views import EntityView
from slskmesh.errors import UserError
from tui.viewmodel.conditions import LIMIT, PROFILES, Conditions, complete, explain, parse, tracks_text
from tui.viewmodel.formats import plural
from tui.viewmodel.lookups import JOB_KINDS
from tui.viewmodel.spans import clip
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

LABEL_CELLS = 24
_FIRST = {"artist": f"profile={PROFILES[0][0]} ", "label": f"limit={LIMIT} "}


def send(
    desk: MeshApp, entity: EntityView, on: Conditions, then: Callable[[str], None] | None = None
) -> None:
    """Asks the engine for the job; `then` gets what was wrong, or empty text. Without it that is a toast."""
    by = f"{entity.artist} / " if entity.artist else ""
    title = f"{by}{entity.title}"

    def answered(reply: Reply) -> None:
        wrong = "" if reply.ok else str(reply.text) or "the job was refused"
        if then is not None:
            then(wrong)
        elif wrong:
            desk.say(wrong, Level.ERROR)
        if reply.ok:
            part = f", {plural(len(on.tracks), 'track')}" if on.tracks else ""
            desk.say(f"job {reply.value} added: {title}{part}; 3 shows it", Level.GOOD)

    job = AddJob(
        JOB_KINDS.get(entity.kind, "mb_release"),
        entity.mbid,
        title=title,
        target_dir=on.dir,
        layout=on.layout,
        tracks=on.tracks,
        profile=on.profile,
        limit=on.limit,
        scene=on.scene,
        preferred_codecs=on.codec,
        allow_lossy=not on.lossless,
        overlay_bandwidth_kbps=on.kbps,
    )
    desk.ask(job, answered)


def ask_conditions(
    desk: MeshApp, entity: EntityView, tracks: tuple[int, ...] = (), text: str = "", wrong: str = ""
) -> None:
    """The prompt for a job's conditions. `text` stands in it; else the tracks chosen, or how much is usual."""

    def submit(line: str) -> str | None:
        try:
            on = parse(line, entity.kind)
        except UserError as error:
            return str(error)
        send(desk, entity, on, then)
        return "adding the job ..."

    def then(refused: str) -> None:
        here = desk.prompt.question is question
        if not refused and here:
            desk.prompt.close()
        elif refused and here:
            desk.prompt.fail(refused)
        elif refused:
            desk.say(refused, Level.ERROR)

    chosen = f"tracks={tracks_text(tracks)} " if tracks else _FIRST.get(entity.kind, "")
    question = Question(
        f"job of {clip(str(entity.title), LABEL_CELLS, desk.glyphs.ellipsis)}",
        submit,
        text=text or chosen,
        help="enter adds the job",
        complete=partial(complete, kind=entity.kind),
        explain=partial(explain, kind=entity.kind),
        history=desk.search.releases.conditions,
    )
    desk.question(question)
    if wrong:
        desk.prompt.fail(wrong)
