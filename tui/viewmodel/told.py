"""What this peer tells the mesh of itself, as lines: every record that is out, what comes next, what is withdrawn.

Rules: all of it is shown, nothing is summed up or left out; a title stands here for the person and is said not to be
part of the record; words narrow the list to records that have them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.legacy_events import PublishedShown
from slskmesh.engine.legacy_views import ToldView
from tui.viewmodel.formats import clock, count, plural
from tui.viewmodel.spans import Line

_INDENT = " " * 10
_WHAT = {
    "shard": "what is held of",
    "service": "a service",
    "endpoints": "where this peer is reached",
    "other": "another record",
}


def words_of(record: ToldView) -> str:
    """What a filter looks at."""
    return " ".join((record.kind, record.name, record.title, *record.says)).casefold()


def _record(record: ToldView) -> list[Line]:
    head: Line = [(f"{record.kind:<10}", "accent")]
    head.append((str(record.name) or _WHAT.get(record.kind, record.kind), "bold"))
    lines = [head, [(_INDENT, "dim"), (f"{count(record.size)} bytes, lives {clock(record.life)}", "dim")]]
    if record.title:
        lines.append([(_INDENT, "dim"), (f"{record.title} (looked up for you, not in the record)", "dim")])
    return [*lines, *([(_INDENT, "dim"), (str(words), "text")] for words in record.says)]


def _records(title: str, records: Sequence[ToldView], terms: Sequence[str]) -> list[Line]:
    shown = [record for record in records if not terms or all(term in words_of(record) for term in terms)]
    of = f"{count(len(shown))} of " if len(shown) < len(records) else ""
    part = of + plural(len(records), "record")
    lines: list[Line] = [[], [(f"{title}, {part}", "title")]]
    for record in shown:
        lines += _record(record)
    return lines


def lines(event: PublishedShown, words: str = "") -> list[Line]:
    """All of it, or only the records with all these words."""
    terms = words.casefold().split()
    out: list[Line] = [[(str(line), "text")] for line in event.lines]
    out += _records("out now", event.out, terms)
    out += _records("next", event.next, terms)
    leaving = [str(name) for name in event.leaving if all(term in name.casefold() for term in terms)]
    out += [[], [(f"to be withdrawn, {plural(len(leaving), 'record')}", "title")]]
    return [*out, *([(name, "text")] for name in leaving)]
