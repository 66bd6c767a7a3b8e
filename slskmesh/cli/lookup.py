"""`slskmesh lookup`: what MusicBrainz knows under words, an id or a page's address.

JSON: a line an entity {"mbid", "kind", "title", "artist", "detail", "year", "tracks", "score", "held"}, then
{"ended": true, "kind", "found", "stale", "note"}. `score` is 0-100 of a search, `held` counts tracks in the library;
`stale` tells that MusicBrainz could not be asked and the answer is an old one, and `note` why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running
from slskmesh.cli.output import Output
from slskmesh.engine.commands import LookUp
from slskmesh.engine.job_views import EntityView
from slskmesh.errors import UserError

_TEXT_MAX: Final = 2000


def run_lookup(home: Path, text: str, kind: str, limit: int, out: Output) -> int:
    """Prints what was found; returns 1 if that is nothing."""
    question = LookUp(check_text(text), kind, limit)
    answers = Answers()
    with running(home, answers.event) as console:
        answer = answers.look_up(console, question)
    for entity in answer.entities:
        out.row(entity_fields(entity), entity_text(entity))
    if out.as_json:
        fields = {"kind": answer.kind, "found": len(answer.entities), "stale": answer.stale}
        out.row({"ended": True, **fields, "note": answer.note}, "")
    out.say(answer.note or f"{len(answer.entities)} found")
    return 0 if answer.entities else 1


def check_text(text: str) -> str:
    """The text without outer white space; UserError if there is none or too much."""
    text = text.strip()
    if not text:
        raise UserError("nothing to look up: give words, a MusicBrainz id, or a page's address")
    if len(text) > _TEXT_MAX:
        raise UserError(f"the text is too long: {len(text)} characters, at most {_TEXT_MAX}")
    return text


def entity_fields(entity: EntityView) -> dict[str, Any]:
    """An entity as JSON."""
    names = "mbid kind title artist detail year tracks score held"
    return {name: getattr(entity, name) for name in names.split()}


def entity_text(entity: EntityView) -> str:
    """An entity as one line for people."""
    name = " - ".join(part for part in (entity.artist, entity.title) if part)
    year = f"({entity.year})" if entity.year else ""
    tracks = f"{entity.tracks} tracks" if entity.tracks else ""
    held = f"{entity.held} held" if entity.held else ""
    facts = "  ".join(part for part in (year, entity.detail, tracks, held) if part)
    return f"{entity.mbid}  {name}  {facts}".rstrip()
