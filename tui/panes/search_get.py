"""Getting what was found: files, whole folders and releases, from the best source or a chosen one, now or paused.

Rules: files go with one command for each target folder; what is here already is left out and counted; a locked file is
not asked for, its owner would refuse; a whole folder of a Soulseek user is what stands there, found or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import GetFolder, GetHits
from slskmesh.engine.views import HitView
from tui import switching
from tui.viewmodel.formats import count, plural
from tui.viewmodel.hits import is_legacy, quality_text, source_rank, target_folder
from tui.viewmodel.holdings import Group
from tui.viewmodel.search import source_line
from tui.viewmodel.spans import text_of
from tui.widgets.overlay import Entry, Menu

if TYPE_CHECKING:
    from tui.app import MeshApp

SOURCES_MAX = 100  # in the menu


def _ask(desk: MeshApp, command: Command) -> None:
    def answered(reply: Reply) -> None:
        if not reply.ok:
            desk.say(str(reply.text), Level.ERROR)

    desk.ask(command, answered)


def _done(desk: MeshApp) -> None:
    hits = desk.search.hits
    hits.results.marked = set()
    hits.front.range_start = None
    hits.publish()


def get(desk: MeshApp, wanted: Sequence[HitView], *, paused: bool = False) -> None:
    """Fetches files, each from where it was found."""
    if len(wanted) == 1 and not paused and switching.chosen(desk, desk.search.asked, wanted[0]):
        return
    new = [hit for hit in wanted if not hit.have and not hit.locked]
    folders: dict[str, list[int]] = {}
    for hit in new:
        folders.setdefault(target_folder(hit), []).append(hit.key)
    for folder, keys in folders.items():
        _ask(desk, GetHits(desk.search.asked, tuple(keys), folder, paused))
    had, locked = sum(hit.have for hit in wanted), sum(hit.locked and not hit.have for hit in wanted)
    parts = [f"{plural(len(new), 'download')} asked{', paused' if paused and new else ''}"]
    parts += [f"{count(had)} you have already"] if had else []
    parts += [f"{count(locked)} locked: given only to some users"] if locked else []
    name = f": {new[0].name}" if len(new) == 1 else ""
    desk.say(f"{', '.join(parts)}{name}{'; 4 shows them' if new else ''}", Level.GOOD if new else Level.WARN)
    _done(desk)


def get_folder(desk: MeshApp, hit: HitView, known: Sequence[HitView], *, paused: bool = False) -> None:
    """Fetches all of a folder: a Soulseek user is asked what it holds, of a peer `known` is what was found."""
    if not is_legacy(hit):
        get(desk, known, paused=paused)
        return
    if hit.locked:
        desk.say(f"{hit.short} gives this only to some users", Level.WARN)
        return
    _ask(desk, GetFolder(desk.search.asked, hit.key, paused))
    how = ", paused" if paused else ""
    desk.say(f"{hit.short} is asked for the whole folder{how}; 4 shows it", Level.GOOD)
    _done(desk)


def here(desk: MeshApp, *, paused: bool = False) -> None:
    """The marked files, the range, else the line under the cursor; a folded release: its best source's whole folder."""
    hits = desk.search.hits
    item = hits.fold_list.current if hits.folded else None
    single = not hits.results.marked and hits.front.range_start is None
    if isinstance(item, Group) and single:
        best = item.best
        get_folder(desk, best.hit, list(best.files.values()), paused=paused)
        return
    get(desk, list(hits.chosen().values()), paused=paused)


def folder_here(desk: MeshApp, *, paused: bool = False) -> None:
    """The whole folder or release of the line under the cursor, from its best source."""
    hits = desk.search.hits
    row, group, hit = hits.row, hits.group, hits.hit
    if hit is None or row is None:
        return
    if group is not None:
        best = group.best
        get_folder(desk, best.hit, list(best.files.values()), paused=paused)
        return
    get_folder(desk, hit, [one.hit for one in hits.results.folder(row)], paused=paused)


def choose_source(desk: MeshApp) -> None:
    """A menu of who has it, the best first; the one chosen is asked."""
    hits = desk.search.hits
    item = hits.fold_list.current if hits.folded else None
    if isinstance(item, Group):
        _choose_holding(desk, item)
        return
    row = hits.row
    if row is None:
        return
    copies = [copy.hit for copy in row.sources()]
    if item is not None:
        copies = sorted(copies, key=lambda hit: (hit.group != item.hit.group, *source_rank(hit)))
    entries = [
        Entry(
            "",
            text_of(source_line(hit)),
            partial(get, desk, [hit]),
            "locked: given only to some users" if hit.locked else "",
            quality_text(hit),
        )
        for hit in copies[:SOURCES_MAX]
    ]
    desk.open(Menu(f"get it from ({plural(row.users, 'source')})", entries))


def _choose_holding(desk: MeshApp, group: Group) -> None:
    entries = []
    peers = group.peers
    for holding in ([peers] if peers is not None else []) + group.sources()[:SOURCES_MAX]:
        have, of = group.completeness(holding)
        entries.append(
            Entry(
                f"{have}/{of}",
                "peers together" if holding is peers else text_of(source_line(holding.hit)),
                partial(get_folder, desk, holding.hit, list(holding.files.values())),
                "locked: given only to some users" if holding.locked else "",
                holding.formats(),
            )
        )
    desk.open(Menu(f"get the release from ({plural(group.users, 'source')})", entries))
