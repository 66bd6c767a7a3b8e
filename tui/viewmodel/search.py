"""Columns and words of the Search pane's results, as files and as releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slskmesh.engine.events import SearchEnded
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.views import HitView, PeerView
from tui.viewmodel import hits as words
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import clock, count, millis, plural, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.groups import Groups, Item
from tui.viewmodel.holdings import Group, Holding, Member
from tui.viewmodel.peers import trust
from tui.viewmodel.results import Results
from tui.viewmodel.rows import Row
from tui.viewmodel.spans import Line

WIDE = 90  # cells from which on all columns have room
SOURCES_SHOWN = 6
LOW = 5  # searches left from which on the note tells them

HitCell = Callable[[HitView], Cell]


# -- columns -----------------------------------------------------------------------------------------------------------


def _source(hit: HitView) -> Cell:
    return Cell(hit.short, "accent" if hit.trusted else "dim")


def _source_narrow(hit: HitView) -> Cell:
    return Cell(str(hit.user) if words.is_legacy(hit) else hit.short, "accent" if hit.trusted else "dim")


def _slot(hit: HitView) -> Cell:
    text = words.slot_text(hit)
    return Cell(text, {"free": "good", "lock": "warn"}.get(text, "dim"))


def _speed(hit: HitView) -> Cell:
    return Cell(words.speed_text(hit), "dim")


def _queue(hit: HitView) -> Cell:
    return Cell(words.queue_text(hit), "dim")


def _trusted(hit: HitView) -> Cell:
    if hit.trusted:
        return Cell("+++", "good")
    return Cell(words.UNKNOWN if words.is_legacy(hit) else "?", "faint")


def _title(hit: HitView) -> Cell:
    return Cell(words.title_text(hit), "faint" if hit.locked else "text")


def _both(row: Row) -> Cell:
    text = f"{words.title_text(row.hit)} / {words.album_text(row.hit)}"
    return Cell(text, "faint" if row.hit.locked else "text")


def _copies(row: Row) -> Cell:
    if row.have:
        return Cell("have", "dim")
    many = row.users
    return Cell(f"x{many}" if many > 1 else "", "good")


def _via(row: Row) -> Cell:
    found = {words.via_text(copy.hit) for copy in row.copies}
    return Cell("both" if len(found) > 1 else found.pop(), "dim")


def columns(cells: int = WIDE) -> tuple[Column[Row], ...]:
    """The list of files in a box of this inner width."""
    if cells < WIDE:
        return (
            Column("file / release", 20, _both, weight=1),
            Column("format", 10, lambda r: words.short_quality(r.hit)),
            Column("size", 6, lambda r: size(r.hit.size), right=True),
            Column("source", 10, lambda r: _source_narrow(r.hit)),
            Column("src", 4, _copies, right=True),
            Column("slot", 4, lambda r: _slot(r.hit)),
            Column("speed", 7, lambda r: _speed(r.hit), right=True),
            Column("via", 4, _via),
        )
    return (
        Column("file", 16, lambda r: _title(r.hit), weight=3),
        Column("release", 12, lambda r: Cell(words.release_text(r.hit), "dim"), weight=3),
        Column("format", 12, lambda r: words.quality_text(r.hit)),
        Column("size", 6, lambda r: size(r.hit.size), right=True),
        Column("len", 5, lambda r: words.length_text(r.hit.duration), right=True),
        Column("source", 12, lambda r: _source(r.hit), weight=1),
        Column("src", 4, _copies, right=True),
        Column("slot", 4, lambda r: _slot(r.hit)),
        Column("speed", 7, lambda r: _speed(r.hit), right=True),
        Column("queue", 5, lambda r: _queue(r.hit), right=True),
        Column("via", 4, _via),
        Column("trust", 5, lambda r: _trusted(r.hit)),
    )


def _name(item: Item, groups: Groups, glyphs: Glyphs) -> Cell:
    if isinstance(item, Member):
        return Cell(f"   {words.title_text(item.hit)}", "faint" if item.hit.locked else "text")
    year = f" ({item.first.year})" if item.first.year else ""
    return Cell(f"{glyphs.opened if groups.is_open(item) else glyphs.folded} {item.title}{year}", "bold")


def _leading(item: Item) -> HitView:
    """The hit that speaks for a line: its best source's."""
    return item.hit if isinstance(item, Member) else item.best.hit


def _files(item: Item) -> Cell:
    if isinstance(item, Member):
        return Cell("")
    have, of = item.completeness(item.best)
    return Cell(f"{have}/{of}", "good" if have >= of else "warn")


def _formats(item: Item, *, short: bool = False) -> Cell:
    if isinstance(item, Member):
        return Cell(words.short_quality(item.hit) if short else words.quality_text(item.hit))
    best = item.best
    return Cell(best.formats() + (f"  {best.discs} discs" if best.discs > 1 else ""))


def _sources(item: Item) -> Cell:
    many = len(item.users) if isinstance(item, Member) else item.users
    return Cell(f"x{many}" if many > 1 else "", "good")


def _held(item: Item) -> Cell:
    if isinstance(item, Member):
        return Cell("have" if item.row.have else "", "dim")
    have, files = item.have, len(item.members)
    return Cell("all" if have == files else f"{have}/{files}" if have else "", "good")


def folded_columns(groups: Groups, glyphs: Glyphs, cells: int = WIDE) -> tuple[Column[Item], ...]:
    """The results folded into releases, in a box of this inner width; a release's line tells its best source."""

    def weight(item: Item) -> str:
        return size(item.hit.size if isinstance(item, Member) else item.best.size)

    name: Column[Item] = Column("release / file", 18, lambda item: _name(item, groups, glyphs), weight=4)
    files: Column[Item] = Column("files", 5, _files, right=True)
    amount: Column[Item] = Column("size", 6, weight, right=True)
    sources: Column[Item] = Column("src", 4, _sources, right=True)
    slot: Column[Item] = Column("slot", 4, lambda item: _slot(_leading(item)))
    speed: Column[Item] = Column("speed", 7, lambda item: _speed(_leading(item)), right=True)
    via: Column[Item] = Column("via", 4, lambda item: Cell(words.via_text(_leading(item)), "dim"))
    if cells < WIDE:
        form: Column[Item] = Column("format", 10, lambda item: _formats(item, short=True))
        source: Column[Item] = Column("source", 10, lambda item: _source_narrow(_leading(item)))
        return name, files, form, amount, source, sources, slot, speed
    return (
        name,
        files,
        Column("format", 12, _formats, weight=1),
        amount,
        Column("source", 12, lambda item: _source(_leading(item)), weight=1),
        sources,
        slot,
        speed,
        Column("queue", 5, lambda item: _queue(_leading(item)), right=True),
        via,
        Column("held", 5, _held, right=True),
    )


# -- words -------------------------------------------------------------------------------------------------------------


def note(
    results: Results,
    ended: SearchEnded | None,
    searching: bool,
    mode: ModeView | None = None,
    place: str = "",
) -> str:
    """The results' right-hand title. `place`: where was asked, if not everywhere: "mesh", "room X"."""
    budget = searches_left(mode)
    if not results.rows and not searching and ended is None:
        return "  ".join(filter(None, (mesh_only(mode), budget)))
    parts = [f"{count(results.hits)} hits {count(len(results.sources))} src"]
    if results.dropped:
        parts.append(f"{count(results.dropped)} left out")
    if results.narrowed:
        parts.insert(0, f"{count(len(results))} shown")
    if results.marked:
        parts.insert(0, f"{count(len(results.marked))} marked")
    if results.waiting:
        parts.insert(0, f"{count(len(results.waiting))} new, . merges")
    if ended is not None:
        parts.append(_ended(ended))
    elif searching:
        parts.append("asking")
    away = mesh_only(mode) if ended is None or not ended.reason else ""  # else the reason tells it
    parts += filter(None, (place, away, budget))
    parts.append(f"sort:{results.wanted.sort}{' up' if results.wanted.reverse else ''}")
    return "  ".join(parts)


def mesh_only(mode: ModeView | None) -> str:
    """That only peers are asked, in the modes where the server would be asked otherwise."""
    return "mesh only: Soulseek is away" if mode is not None and mode.mode == "disaster" else ""


def searches_left(mode: ModeView | None) -> str:
    """How many searches the server still takes, where there are few."""
    if mode is None or not mode.ask_server or not mode.searches_of or mode.searches_left > LOW:
        return ""
    if mode.searches_left <= 0 and mode.searches_next > 0:
        return f"next search in {round(mode.searches_next + 0.5)}s"
    return f"{plural(mode.searches_left, 'search', 'searches')} left"


def _ended(ended: SearchEnded) -> str:
    parts = []
    if ended.asked or not (ended.users or ended.reason):
        refused = f", {ended.refused} refused" if ended.refused else ""
        parts.append(f"{ended.answered}/{ended.asked} peers answered{refused}")
    if ended.users:
        parts.append(plural(ended.users, "user"))
    if ended.reason:
        parts.append(str(ended.reason))
    return ", ".join(parts)


def empty(searched: str, ended: SearchEnded | None, filtered: bool) -> Sequence[str]:
    """What stands in the empty list."""
    if filtered:
        return ("", "no result passes the filter and the facets; esc clears the filter, f the facets")
    if not searched:
        return ("", "press i and type what you look for: artist, album, title, format")
    if ended is None:
        return ("", "asking ...")
    if not ended.asked and not ended.users:
        reason = str(ended.reason) or "no peer was asked: nobody is connected"
        return ("", reason, "", "c connects by an invite; b says more")
    told = [plural(ended.answered, "peer")] if ended.asked else []
    told += [plural(ended.users, "user")] if ended.users else []
    more = ("", str(ended.reason)) if ended.reason else ()
    return ("", f"{' and '.join(told)} answered, none has this", *more)


def filter_line(text: str, saved: str, problem: str) -> list[Line]:
    """What stands above the list: the filter that is on, and whether every search begins with it."""
    if problem:
        return [[("filter: ", "dim"), (text, "text"), ("  not understood; it hides nothing", "warn")]]
    if not text:
        return []
    after = (
        "saved; / changes, esc clears" if text == saved else "/ changes, esc clears, :filter save keeps it"
    )
    return [[("filter: ", "dim"), (text, "accent"), (f"  ({after})", "faint")]]


def release_lines(results: Results, row: Row, group: Group | None = None) -> list[Line]:
    """The release box: the release, or the folder this row stands in at its best source."""
    hit = row.hit
    year = f" ({hit.year})" if hit.year else ""
    if group is not None:
        best = group.best
        have, of = group.completeness(best)
        title = group.title
        files, total = list(best.files.values()), best.size
        summary = f"{have} of {of} tracks at {words.source_name(best.hit)}, {size(total)}"
    else:
        title = words.release_text(hit)
        files = [one.hit for one in results.folder(row)]
        summary = f"{plural(len(files), 'file')} found here, {size(sum(one.size for one in files))}"
    playing = sum(one.duration for one in files)
    lines: list[Line] = [
        [(title, "bold"), (year, "dim")],
        [(summary + (f", {clock(playing)}" if playing else ""), "text")],
        [("folder  ", "dim"), (str(hit.folder) or "(top)", "text")],
        [("file    ", "dim"), (str(hit.name), "text")],
    ]
    channels = {1: ", mono", 2: ", stereo"}.get(
        hit.channels, f", {hit.channels} channels" if hit.channels else ""
    )
    lines.append([("sound   ", "dim"), (f"{words.quality_text(hit)}{channels}", "text")])
    if hit.release or hit.recording:
        what = f"release {hit.release}" if hit.release else f"recording {hit.recording}"
        lines.append([("MBID    ", "dim"), (what, "text")])
    if hit.locked:
        lines.append([("locked  ", "dim"), ("given only to some users, such as buddies", "warn")])
    elif hit.content:
        lines.append(
            [("content ", "dim"), (f"{hit.content[:16]}", "text"), ("  a gets it, D the folder", "faint")]
        )
    else:
        lines.append([("a gets this, D the whole folder, C chooses the source", "faint")])
    return lines


def source_line(hit: HitView, peer: PeerView | None = None, before: str = "") -> Line:
    """One source: who, and what is known of its slots, speed and queue."""
    line: Line = [(f"{before}{hit.short}", "accent" if hit.trusted else "text")]
    if not words.is_legacy(hit):
        line.append((f"  {hit.peer_name}", "text"))
        if peer is not None:
            line.append((f"  {trust(peer)}  {millis(peer.rtt)}  {peer.good_chunks} ok", "dim"))
            line.append((f" {peer.bad_chunks} bad", "bad" if peer.bad_chunks else "dim"))
        return line
    line.append((f"  {_slot(hit).text}", _slot(hit).role))
    line.append((f"  {words.speed_text(hit)}  queue {words.queue_text(hit)}", "dim"))
    return line


def source_lines(sources: Sequence[HitView], known: Sequence[PeerView | None]) -> list[Line]:
    """The source box: who has a file, the best first; `known` of the first ones."""
    lines = [source_line(hit, peer) for hit, peer in zip(sources, known, strict=False)]
    if len(sources) > len(lines):
        lines.append([(f"and {count(len(sources) - len(lines))} more; C shows them", "dim")])
    return lines


def holding_lines(group: Group, sources: Sequence[Holding]) -> list[Line]:
    """The source box of a release: what each source has of it, the best first."""
    lines = []
    for holding in sources[:SOURCES_SHOWN]:
        have, of = group.completeness(holding)
        lines.append(source_line(holding.hit, None, f"{have}/{of}".rjust(5) + "  "))
    if len(sources) > SOURCES_SHOWN:
        lines.append([(f"and {count(len(sources) - SOURCES_SHOWN)} more; C shows them", "dim")])
    return lines
