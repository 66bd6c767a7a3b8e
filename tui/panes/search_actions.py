"""What a person can do in the Search pane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Download
from slskmesh.engine.events import Level, Reply
from tui import switching
from tui.actions import Action, engine_off
from tui.viewmodel.facets import FACETS, NAMES, Facet
from tui.viewmodel.formats import count, plural
from tui.viewmodel.groups import Group
from tui.viewmodel.results import SORTS, Row, target_folder
from tui.viewmodel.search import release_lines, source_lines
from tui.widgets.overlay import Entry, Menu

if TYPE_CHECKING:
    from tui.app import MeshApp


def _no_row(desk: MeshApp) -> str | None:
    if desk.search.mode != "text":
        return "only in mode text (t changes it)"
    if desk.pane_name == "search" and desk.search.front.current is None:
        return "the list is empty"
    return engine_off(desk)


def _not_files(desk: MeshApp) -> str | None:
    return "releases stand by trust and number of files; z shows files" if desk.search.folded else None


def _get(desk: MeshApp, rows: list[Row]) -> None:
    if rows and switching.chosen(desk, desk.search.asked, rows[0].hit):
        return

    def answered(reply: Reply) -> None:
        if not reply.ok:
            desk.say(str(reply.text), Level.ERROR)

    wanted = [row for row in rows if not row.hit.have]
    for row in wanted:
        hit = row.hit
        desk.ask(Download(hit.content, hit.size, hit.name, target_folder(hit)), answered)
    skipped = len(rows) - len(wanted)
    more = f", {count(skipped)} you have already" if skipped else ""
    name = f": {wanted[0].hit.name}" if len(wanted) == 1 else ""
    desk.say(f"{plural(len(wanted), 'download')} asked{more}{name}; 4 shows them", Level.GOOD)
    pane = desk.search
    pane.results.marked = set()
    pane.front.range_start = None
    pane.publish()


def _enter(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    item = pane.fold_list.current if pane.folded else None
    if isinstance(item, Group):
        pane.groups.flip(item)
        pane.fold_list.sync()
    else:
        _download(desk, argument)


def _fold(desk: MeshApp, argument: str) -> None:
    desk.search.fold()


def _download(desk: MeshApp, argument: str) -> None:
    _get(desk, desk.search.chosen())


def _download_folder(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    group, row = pane.group, pane.row
    if group is not None:
        _get(desk, group.rows)
    elif row is not None:
        _get(desk, pane.results.folder(row))


def _mark(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    ranged = pane.front.range_start is not None
    keys = [row.key for row in pane.selected()]
    pane.results.mark(keys, True if ranged else not set(keys) <= pane.results.marked)
    pane.front.range_start = None
    pane.front.move(0 if ranged else 1)
    pane.publish()


def _range(desk: MeshApp, argument: str) -> None:
    box = desk.search.front
    box.move(0)
    box.range_start = None if box.range_start is not None else box.cursor
    box.touch()


def _invert(desk: MeshApp, argument: str) -> None:
    desk.search.results.invert()
    desk.search.publish()


def _merge(desk: MeshApp, argument: str) -> None:
    desk.search.results.freeze(False)
    desk.search.publish()


def _sort_menu(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    if argument in SORTS:
        pane.sort(argument, False)
        return
    now = pane.results.sort
    entries = [
        Entry("", name, partial(pane.sort, name, False), note="now" if name == now else "") for name in SORTS
    ]
    desk.open(Menu("sort results by", entries))


def _facets(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    if argument:
        wanted = next((name for name in NAMES if name.casefold() == argument.casefold()), None)
        if wanted is None:
            desk.say(f"no facet {argument}; there are {', '.join(NAMES)}", Level.WARN)
        else:
            pane.toggle_facet(wanted)
        return

    def title(facet: Facet) -> str:
        sign = desk.glyphs.on if facet.name in pane.facets else desk.glyphs.off
        return f"{sign} {facet.title}"

    def flip(facet: Facet, entry: Entry) -> None:
        pane.toggle_facet(facet.name)
        entry.title = title(facet)

    entries = []
    for facet in FACETS:
        many = f"{count(pane.results.counts.get(facet.name, 0))} of {count(len(pane.results.rows))}"
        entry = Entry(facet.key, title(facet), None, note=many, hot=(facet.key,), stay=True)
        entry.run = partial(flip, facet, entry)
        entries.append(entry)
    desk.open(Menu("show only", entries))


def _reverse(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    pane.sort(pane.results.sort, not pane.results.reverse)


def _details(desk: MeshApp, argument: str) -> None:
    pane = desk.search
    row, group = pane.row, pane.group
    if row is not None:
        known = [desk.state.peer(c.peer) for c in row.copies[:6]]
        rows = group.rows if group is not None else None
        lines = [
            *release_lines(pane.results, row, rows),
            [],
            [("sources", "title")],
            *source_lines(row, known),
        ]
        desk.open_text("release", lines)


def type_query(desk: MeshApp, argument: str) -> None:
    """Goes into the query line."""
    desk.show_pane("search")
    desk.search.type_query(True)


def next_mode(desk: MeshApp, argument: str) -> None:
    """Text, release, mbid, round."""
    desk.search.next_mode()


def _search(desk: MeshApp, argument: str) -> None:
    desk.show_pane("search")
    if argument:
        desk.search.set_mode("text")
        desk.search.start(argument)
    else:
        desk.search.type_query(True)


ACTIONS = (
    Action(
        "search-type",
        "type a query",
        ("i",),
        _search,
        "search",
        command="search",
        argument="words",
        hint="search",
    ),
    Action("search-mode", "change the mode: text, release, mbid", ("t",), next_mode, "search", hint="mode"),
    Action(
        "take",
        "download this, or everything marked; open or fold a release",
        ("enter",),
        _enter,
        "search",
        _no_row,
        hint="get",
        on_row=True,
    ),
    Action(
        "download", "download this, or everything marked", ("a",), _download, "search", _no_row, on_row=True
    ),
    Action(
        "download-folder",
        "download the whole folder or release",
        ("A",),
        _download_folder,
        "search",
        _no_row,
        hint="get folder",
        on_row=True,
    ),
    Action(
        "mark", "mark this row, or the range", ("space",), _mark, "search", _no_row, hint="mark", on_row=True
    ),
    Action("range", "begin or end a range", ("v",), _range, "search", _no_row, hint="range", on_row=True),
    Action("invert", "invert marks", ("asterisk",), _invert, "search", _no_row),
    Action(
        "sort",
        "sort the results",
        ("s",),
        _sort_menu,
        "search",
        _not_files,
        command="sort",
        argument="order",
        candidates=lambda desk: SORTS,
        hint="sort",
    ),
    Action(
        "facets",
        "switch facets: formats, MBID, trusted, not here",
        ("f",),
        _facets,
        "search",
        command="facet",
        argument="name",
        candidates=lambda desk: NAMES,
        hint="facets",
    ),
    Action("sort-reverse", "reverse the order", ("S",), _reverse, "search", _not_files),
    Action("fold", "fold the results into releases, or show files", ("z",), _fold, "search", hint="fold"),
    Action("merge", "put new results in their places now", ("full_stop",), _merge, "search"),
    Action(
        "result-details",
        "show release and sources of this row",
        ("o",),
        _details,
        "search",
        _no_row,
        hint="open",
        on_row=True,
    ),
)
