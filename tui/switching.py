"""Another source for a download from a Soulseek user: Search opens with its words, a hit taken there replaces the user.

Rules: at most one download waits for its new source; the person is asked before it changes, with both files named, so
that a hit taken for something else replaces nothing by accident. A hit of a peer's is fetched as a download of its own,
and the old one goes off the list with ten seconds to take it back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Download
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import SwitchSource
from slskmesh.engine.legacy_views import LegacyPhase
from slskmesh.engine.views import HitView
from tui import removing
from tui.viewmodel.download import File
from tui.viewmodel.formats import size
from tui.viewmodel.removals import Going
from tui.viewmodel.spans import clip
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

_NUMBER = re.compile(r"^\s*(?:[\[(]?\d{1,3}[\])]?[\s._-]+)+")
_REST = re.compile(r"[\W_]+")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
WORDS_MAX = 8
NAME = 14  # cells of a user's name in the question


@dataclass(frozen=True, slots=True)
class Switching:
    """The download that waits for its new source."""

    key: str
    name: str
    user: str
    folder: str
    size: int


def words_for(name: str, folder: str) -> str:
    """What to search for: the name without track number and ending, with the folder's where that says too little."""
    stem = name.rpartition(".")[0] or name
    words = _REST.sub(" ", _NUMBER.sub("", stem)).split()
    if len(words) < 2:
        words = [*_REST.sub(" ", _YEAR.sub(" ", folder.rpartition("/")[2])).split(), *words]
    return " ".join(list(dict.fromkeys(words))[:WORDS_MAX])


def begin(desk: MeshApp, file: File) -> None:
    """Opens Search with the words of a download."""
    download = file.legacy
    assert download is not None
    desk.switching = Switching(
        download.key, str(download.name), str(download.user), str(download.folder), download.size
    )
    desk.show_pane("search")
    desk.search.set_mode("text")
    there = str(download.remote).replace("\\", "/")
    desk.search.start(words_for(str(download.name), str(download.folder) or there))
    desk.say(f"take a hit (enter): it replaces slsk:{download.user} as the source of {download.name}")


def end(desk: MeshApp) -> None:
    """The download keeps its source."""
    if desk.switching is not None:
        desk.say(f"{desk.switching.name} stays with slsk:{desk.switching.user}")
        desk.switching = None


def chosen(desk: MeshApp, query: int, hit: HitView) -> bool:
    """To be called with a hit that is taken. True: a download waits for its new source, and the person is asked now."""
    wanted = desk.switching
    if wanted is None:
        return False
    if all(d.key != wanted.key or d.phase is LegacyPhase.DONE for d in desk.state.legacy):
        desk.switching = None
        return False
    ellipsis = desk.glyphs.ellipsis
    whom = f"slsk:{clip(str(hit.user), NAME, ellipsis)}" if hit.via == "soulseek" else "peers"
    other = (
        size(hit.size)
        if hit.size == wanted.size
        else f"{size(hit.size)}, not {size(wanted.size)}: begun anew"
    )

    def sure(answer: str) -> None:
        desk.switching = None
        _switch(desk, wanted, query, hit)

    desk.question(
        Question(
            f"fetch it from {whom} instead of slsk:{clip(wanted.user, NAME, ellipsis)}?",
            sure,
            help=f"{wanted.name}: {hit.name}, {other}",
            confirm=True,
            cancel=lambda: end(desk),
        )
    )
    return True


def _switch(desk: MeshApp, wanted: Switching, query: int, hit: HitView) -> None:
    def switched(reply: Reply) -> None:
        if reply.ok:
            desk.say(str(reply.text) or f"{wanted.name}: from slsk:{hit.user} now; 4 shows it", Level.GOOD)
        else:
            desk.say(str(reply.text) or "that did not work", Level.ERROR)

    def fetched(reply: Reply) -> None:
        if reply.ok:
            removing.remove(desk, f"{wanted.name} from slsk:{wanted.user}", [Going(legacy=wanted.key)])
        else:
            desk.say(str(reply.text) or "that did not work", Level.ERROR)

    if hit.via == "soulseek":
        desk.ask(SwitchSource(wanted.key, query, hit.key), switched)
    else:
        desk.ask(Download(hit.content, hit.size, hit.name, wanted.folder), fetched)
