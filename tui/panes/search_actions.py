"""What a person can do in the Search pane's results: ask, order, narrow and get them, make wishes of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import AddWish
from tui.actions import Action, engine_off
from tui.panes import search_get
from tui.viewmodel.asking import WHERE, commanded
from tui.viewmodel.facets import FACETS, NAMES, Facet
from tui.viewmodel.formats import count
from tui.viewmodel.holdings import Group, Member
from tui.viewmodel.rows import SORTS
from tui.viewmodel.search import SOURCES_SHOWN, holding_lines, release_lines, source_lines
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

MODE_TITLE = "change the mode: text, release, mbid, user, room"
FILTER_HELP = 'words, lossless, bitrate>=256, length=3:00.., format=flac|mp3, free, -live, "two words"'


def _no_list(desk: MeshApp) -> str | None:
    if desk.search.view is not desk.search.hits:
        return "only in the modes text, user and room (t changes it)"
    return engine_off(desk)


def _no_row(desk: MeshApp) -> str | None:
    reason = _no_list(desk)
    if reason is None and desk.pane_name == "search" and desk.search.front.current is None:
        return "the list is empty"
    return reason


def _no_words(desk: MeshApp) -> str | None:
    reason = _no_list(desk)
    if reason is None and not desk.search.words:
        return "nothing was searched yet"
    return reason


# -- getting -----------------------------------------------------------------------------------------------------------


def _enter(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    item = hits.fold_list.current if hits.folded else None
    if isinstance(item, Group):
        hits.groups.flip(item)
        hits.fold_list.sync()
    else:
        search_get.here(desk)


def _get(paused: bool, desk: MeshApp, argument: str) -> None:
    search_get.here(desk, paused=paused)


def _get_folder(desk: MeshApp, argument: str) -> None:
    search_get.folder_here(desk)


def _source(desk: MeshApp, argument: str) -> None:
    search_get.choose_source(desk)


# -- marks and orders --------------------------------------------------------------------------------------------------


def _fold(desk: MeshApp, argument: str) -> None:
    desk.search.hits.fold()


def _mark(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    ranged = hits.front.range_start is not None
    keys = set(hits.selected())
    hits.results.mark(keys, True if ranged else not keys <= hits.results.marked)
    hits.front.range_start = None
    hits.front.move(0 if ranged else 1)
    hits.publish()


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
    hits = desk.search.hits
    if argument in SORTS:
        hits.sort(argument, False)
        return
    now = hits.results.wanted.sort
    entries = [
        Entry("", name, partial(hits.sort, name, False), note="now" if name == now else "") for name in SORTS
    ]
    desk.open(Menu("sort results by", entries))


def _reverse(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    hits.sort(hits.results.asked.sort, not hits.results.asked.reverse)


def _facets(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    if argument:
        wanted = next((name for name in NAMES if name.casefold() == argument.casefold()), None)
        if wanted is None:
            desk.say(f"no facet {argument}; there are {', '.join(NAMES)}", Level.WARN)
        else:
            hits.toggle_facet(wanted)
        return

    def title(facet: Facet) -> str:
        sign = desk.glyphs.on if facet.name in hits.facets else desk.glyphs.off
        return f"{sign} {facet.title}"

    def flip(facet: Facet, entry: Entry) -> None:
        hits.toggle_facet(facet.name)
        entry.title = title(facet)

    entries = []
    for facet in FACETS:
        many = f"{count(hits.results.counts.get(facet.name, 0))} of {count(len(hits.results.rows))}"
        entry = Entry(facet.key, title(facet), None, note=many, hot=(facet.key,), stay=True)
        entry.run = partial(flip, facet, entry)
        entries.append(entry)
    desk.open(Menu("show only", entries))


def _filter(desk: MeshApp, argument: str) -> None:
    """/ in the results: the filter language, told what is wrong while it is typed."""
    pane, hits = desk.search, desk.search.hits
    if not pane.words:
        pane.type_query(True)
        return
    before = hits.filter_text

    def narrow(text: str) -> str | None:
        pane.sought = text or pane.sought
        hits.filter(text)
        return hits.problem or None

    def change(text: str) -> None:
        problem = narrow(text)
        if problem is not None:
            desk.prompt.fail(problem)

    desk.question(
        Question(
            "/", narrow, text=before, help=FILTER_HELP, change=change, cancel=lambda: hits.filter(before)
        )
    )


def _details(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    row, group = hits.row, hits.group
    if row is None:
        return
    lines = [*release_lines(hits.results, row, group), []]
    if group is not None:
        lines += [[("sources of the release", "title")], *holding_lines(group, group.sources()), []]
    if group is None or isinstance(hits.fold_list.current, Member):
        sources = [copy.hit for copy in row.sources()]
        known = [desk.state.peer(hit.peer) for hit in sources[:SOURCES_SHOWN]]
        lines += [[("sources", "title")], *source_lines(sources, known)]
    desk.open_text("release", lines)


# -- asking ------------------------------------------------------------------------------------------------------------


def type_query(desk: MeshApp, argument: str) -> None:
    """Goes into the query line."""
    desk.show_pane("search")
    desk.search.type_query(True)


def next_mode(desk: MeshApp, argument: str) -> None:
    """The modes, round."""
    desk.search.next_mode()


def _search(desk: MeshApp, argument: str) -> None:
    desk.show_pane("search")
    if not argument:
        desk.search.type_query(True)
        return
    desk.search.set_mode("text")
    desk.search.begin(commanded(argument))


def _wish(desk: MeshApp, argument: str) -> None:
    hits = desk.search.hits
    text = hits.filter_text.strip() if not hits.problem else ""

    def answered(reply: Reply) -> None:
        made = str(reply.text) or f"searched again and again: {hits.query.words}"
        desk.say(made, Level.GOOD if reply.ok else Level.ERROR)

    desk.ask(AddWish(hits.query.words, text), answered)


_ROW = partial(Action, where="search", why_not=_no_row, on_row=True)

ACTIONS = (
    Action(
        "search-type",
        "type a query",
        ("i",),
        _search,
        "search",
        command="search",
        argument="mesh, soulseek or all; words",
        candidates=lambda desk: tuple(f"{where} " for where in WHERE),
        hint="search",
    ),
    Action("mode", MODE_TITLE, ("t",), next_mode, "search", hint="mode"),
    _ROW("take", "get this, or everything marked; open or fold a release", ("enter",), _enter, hint="get"),
    _ROW(
        "download",
        "get this, or everything marked; of a release the whole folder at its best source",
        ("a",),
        partial(_get, False),
    ),
    _ROW("download-folder", "get the whole folder or release", ("D", "A"), _get_folder, hint="get folder"),
    _ROW("download-paused", "put it into the list of downloads, paused", ("P",), partial(_get, True)),
    _ROW("source", "choose the source: slots, speed, queue", ("C",), _source, hint="source"),
    _ROW("mark", "mark this row, or the range", ("space",), _mark, hint="mark"),
    _ROW("range", "begin or end a range", ("v",), _range, hint="range"),
    Action("invert", "invert marks", ("asterisk",), _invert, "search", _no_row),
    Action(
        "sort",
        "sort the results",
        ("s",),
        _sort_menu,
        "search",
        _no_list,
        command="sort",
        argument="order",
        candidates=lambda desk: SORTS,
        hint="sort",
    ),
    Action(
        "facets",
        "switch facets: formats, free slot, mesh, MBID, trusted, not here",
        ("f",),
        _facets,
        "search",
        _no_list,
        command="facet",
        argument="name",
        candidates=lambda desk: NAMES,
        hint="facets",
    ),
    Action(
        "filter-results",
        "narrow them by the filter language; :filter save lets every search begin with it",
        ("slash",),
        _filter,
        "search",
    ),
    Action("sort-reverse", "reverse the order", ("S",), _reverse, "search", _no_list),
    Action("fold", "fold the results into releases, or show files", ("z",), _fold, "search", hint="fold"),
    Action("merge", "put new results in their places now", ("full_stop",), _merge, "search"),
    _ROW("result-details", "show release and sources of this row", ("o",), _details, hint="open"),
    Action(
        "wish-query",
        "make a wish of this query and filter: it is searched until found",
        ("w",),
        _wish,
        "search",
        _no_words,
    ),
)
