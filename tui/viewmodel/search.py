"""Columns and words of the Search pane."""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.events import SearchEnded
from slskmesh.engine.views import HitView, PeerView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import clock, count, length, millis, plural, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.groups import Groups, Item
from tui.viewmodel.peers import trust
from tui.viewmodel.results import Results, Row, quality_text, release_text, title_text
from tui.viewmodel.spans import Line


def _source(row: Row) -> Cell:
    return Cell(
        row.hit.short if not row.hit.peer_name else str(row.hit.peer_name),
        "accent" if row.hit.trusted else "dim",
    )


def _copies(row: Row) -> Cell:
    if row.hit.have:
        return Cell("have", "dim")
    many = len(row.copies)
    return Cell(f"x{many}" if many > 1 else "", "good")


def _trusted(row: Row) -> Cell:
    return Cell("+++" if row.hit.trusted else "?", "good" if row.hit.trusted else "faint")


def columns() -> tuple[Column[Row], ...]:
    """The results list."""
    return (
        Column("title", 18, lambda r: title_text(r.hit), weight=3),
        Column("artist / album", 12, lambda r: Cell(release_text(r.hit), "dim"), weight=3),
        Column("format", 12, lambda r: quality_text(r.hit)),
        Column("size", 6, lambda r: size(r.hit.size), right=True),
        Column("len", 6, lambda r: length(r.hit.duration), right=True),
        Column("source", 10, _source, weight=1),
        Column("copy", 4, _copies, right=True),
        Column("trust", 5, _trusted, level=84),
    )


def _name(item: Item, glyphs: Glyphs) -> Cell:
    if isinstance(item, Row):
        return Cell(f"   {title_text(item.hit)}", "text")
    year = f" ({item.first.year})" if item.first.year else ""
    return Cell(f"{glyphs.opened if item.open else glyphs.folded} {item.title}{year}", "bold")


def folded_columns(groups: Groups, glyphs: Glyphs) -> tuple[Column[Item], ...]:
    """The results folded into releases."""

    def formats(item: Item) -> Cell:
        if isinstance(item, Row):
            return Cell(quality_text(item.hit))
        found = groups.sum(item)
        return Cell(found.formats + (f"  {found.discs} discs" if found.discs > 1 else ""))

    def peers(item: Item) -> str:
        return str(len(item.copies) if isinstance(item, Row) else groups.sum(item).peers)

    def held(item: Item) -> Cell:
        if isinstance(item, Row):
            return Cell("have" if item.hit.have else "", "dim")
        have, files = groups.sum(item).have, len(item.rows)
        return Cell("all" if have == files else f"{have}/{files}" if have else "", "good")

    return (
        Column("release / file", 22, lambda item: _name(item, glyphs), weight=4),
        Column("artist", 10, lambda item: Cell(str(_first(item).artist), "dim"), weight=2),
        Column("files", 5, lambda item: "" if isinstance(item, Row) else str(len(item.rows)), right=True),
        Column("format", 14, formats, weight=1),
        Column(
            "size", 6, lambda i: size(i.hit.size if isinstance(i, Row) else groups.sum(i).size), right=True
        ),
        Column("src", 3, peers, right=True),
        Column("held", 5, held, right=True),
        Column("MBID", 8, lambda item: Cell(_first(item).release[:8], "faint"), level=90),
    )


def _first(item: Item) -> HitView:
    return item.hit if isinstance(item, Row) else item.first


def note(results: Results, ended: SearchEnded | None, searching: bool) -> str:
    """The results' right-hand title."""
    if not results.rows and not searching and ended is None:
        return ""
    parts = [f"{count(results.hits)} hits {count(len(results.sources))} src"]
    if results.dropped:
        parts.append(f"{count(results.dropped)} left out")
    if results.filter or results.facets:
        words = f" /{results.filter}" if results.filter else ""
        parts.insert(0, f"{count(len(results))} shown{words}")
    if results.marked:
        parts.insert(0, f"{count(len(results.marked))} marked")
    if results.waiting:
        parts.insert(0, f"{count(len(results.waiting))} new, . merges")
    if ended is not None:
        parts.append(_ended(ended))
    elif searching:
        parts.append("asking")
    parts.append(f"sort:{results.sort}{' up' if results.reverse else ''}")
    return "  ".join(parts)


def _ended(ended: SearchEnded) -> str:
    if ended.reason:
        return str(ended.reason)
    refused = f", {ended.refused} refused" if ended.refused else ""
    return f"{ended.answered}/{ended.asked} peers answered{refused}"


def empty(searched: str, ended: SearchEnded | None, filtered: bool) -> Sequence[str]:
    """What stands in the empty list."""
    if filtered:
        return ("", "no result has these words and facets; esc clears the words, f the facets")
    if not searched:
        return ("", "press i and type what you look for: artist, album, title, format")
    if ended is None:
        return ("", "asking connected peers ...")
    if not ended.asked:
        return ("", "no peer was asked: nobody is connected", "", "c connects by an invite; b says more")
    return ("", f"{plural(ended.answered, 'peer')} answered, none has this")


def release_lines(results: Results, row: Row, rows: list[Row] | None = None) -> list[Line]:
    """The release box: the release (`rows`) or the folder this row stands in."""
    hit = row.hit
    rows = results.folder(row) if rows is None else rows
    total = sum(r.hit.size for r in rows)
    playing = sum(r.hit.duration for r in rows)
    year = f" ({hit.year})" if hit.year else ""
    lines: list[Line] = [[(release_text(hit), "bold"), (year, "dim")]]
    summary = f"{plural(len(rows), 'file')} found here, {size(total)}"
    lines.append([(summary + (f", {clock(playing)}" if playing else ""), "text")])
    lines.append([("folder  ", "dim"), (str(hit.folder) or "(top)", "text")])
    lines.append([("file    ", "dim"), (str(hit.name), "text")])
    channels = {1: ", mono", 2: ", stereo"}.get(
        hit.channels, f", {hit.channels} channels" if hit.channels else ""
    )
    lines.append([("sound   ", "dim"), (f"{quality_text(hit) or 'unknown'}{channels}", "text")])
    if hit.release or hit.recording:
        what = f"release {hit.release}" if hit.release else f"recording {hit.recording}"
        lines.append([("MBID    ", "dim"), (what, "text")])
    lines.append(
        [
            ("content ", "dim"),
            (f"{hit.content[:16]}", "text"),
            ("  a gets this, A all of the folder", "faint"),
        ]
    )
    return lines


def source_lines(row: Row, known: Sequence[PeerView | None]) -> list[Line]:
    """The source box: who has it."""
    lines: list[Line] = []
    for hit, peer in zip(row.copies[:6], known, strict=False):
        line: Line = [(f"{hit.short}  ", "accent"), (str(hit.peer_name), "text")]
        if peer is not None:
            line.append((f"  {trust(peer)}  {millis(peer.rtt)}  {peer.good_chunks} ok", "dim"))
            line.append((f" {peer.bad_chunks} bad", "bad" if peer.bad_chunks else "dim"))
        lines.append(line)
    if len(row.copies) > 6:
        lines.append([(f"and {len(row.copies) - 6} more", "dim")])
    return lines
