"""What a person can do with downloads in the Swarm pane, from peers or from Soulseek users alike.

Rules: an action is of the range, else of what is marked, else of the line under the cursor, a folder's files together;
what deletes data asks first; every removal waits ten seconds for an undo (viewmodel/removals.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command, Move, Pause, Remove, Resume
from slskmesh.engine.events import Level
from slskmesh.engine.legacy_commands import ClearLegacy, MoveLegacy, PauseLegacy, ResumeLegacy
from tui import removing, switching
from tui.actions import Action, engine_off
from tui.panes import people_actions as people
from tui.panes.map_actions import MAP_ACTIONS, open_chunk, pane_of, zoom
from tui.viewmodel.download import File, Stand
from tui.viewmodel.download_details import details
from tui.viewmodel.download_rows import value
from tui.viewmodel.download_words import about, state_cell
from tui.viewmodel.downloads import SORTS, Folder
from tui.viewmodel.formats import count, plural, size
from tui.viewmodel.removals import Going
from tui.viewmodel.spans import clip
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

PLACE = "swarm"
MOVED_MAX = 200  # files that one key press moves
NAME = 26  # cells of a name in a question


# -- why not -----------------------------------------------------------------------------------------------------------


def _none(desk: MeshApp) -> str | None:
    if pane_of(desk).line is None:
        return "no download is chosen"
    return engine_off(desk)


def _many(desk: MeshApp) -> bool:
    """Several lines are chosen; what is off for some of them is left out then."""
    pane = pane_of(desk)
    return pane.list.range_start is not None or bool(pane.downloads.marked)


def _state(desk: MeshApp) -> str:
    line = pane_of(desk).line
    return state_cell(line, desk.clock(), None).text if line is not None else ""


def _no_pause(desk: MeshApp) -> str | None:
    reason, line = _none(desk), pane_of(desk).line
    if reason is None and line is not None and not _many(desk):
        found = value(line)
        if not found.can_pause and found.stand is not Stand.PAUSED:
            return f"it is {_state(desk)}, neither running nor paused"
    return reason


def _no_retry(desk: MeshApp) -> str | None:
    reason, line = _none(desk), pane_of(desk).line
    if reason is None and line is not None and not _many(desk) and not value(line).can_retry:
        return f"it is {_state(desk)}, not paused or failed"
    return reason


def _no_downloads(desk: MeshApp) -> str | None:
    return engine_off(desk) or (None if pane_of(desk).downloads.total else "the list is empty")


def _no_clear(desk: MeshApp) -> str | None:
    return engine_off(desk) or (
        None if pane_of(desk).downloads.stands[Stand.DONE] else "nothing in the list is finished"
    )


def _no_remove(desk: MeshApp) -> str | None:
    line = pane_of(desk).line
    left = desk.removals.left(line.key, desk.monotonic()) if isinstance(line, File) else None
    return "it goes already; U keeps it" if left is not None and not _many(desk) else _none(desk)


def _no_move(desk: MeshApp) -> str | None:
    pane = pane_of(desk)
    line = pane.line
    if line is None or engine_off(desk) is not None:
        return _none(desk)
    if pane.downloads.sort != SORTS[0] or pane.downloads.reverse:
        return f"the list is by {pane.downloads.sort}; s, queue order, shows what is moved"
    if isinstance(line, Folder) and len(line.files) > MOVED_MAX:
        return f"{count(len(line.files))} files are too many to move at once"
    return f"it is {_state(desk)}, not waiting" if value(line).stand is Stand.DONE else None


def _no_switch(desk: MeshApp) -> str | None:
    line, file = pane_of(desk).line, pane_of(desk).file
    if line is None or file is None or engine_off(desk) is not None:
        return _none(desk)
    if isinstance(line, Folder) and not line.open and len(line.files) > 1:
        return "one file at a time: enter opens the folder"
    if file.legacy is None:
        return "peers are found by the file itself; only a Soulseek user can be changed"
    return None if file.can_switch else f"it is {_state(desk)}"


def _no_user(desk: MeshApp) -> str | None:
    file = pane_of(desk).file
    return _none(desk) or (None if file is not None and file.user else "no Soulseek user sends it")


def _no_fold(desk: MeshApp) -> str | None:
    pane = pane_of(desk)
    if pane.map.active:
        return _no_zoom(desk)
    line = pane.line
    there = line is not None and pane.downloads.folder_of(line) is not None
    return _none(desk) or (None if there else _no_zoom(desk))


def _no_zoom(desk: MeshApp) -> str | None:
    return (
        None
        if pane_of(desk).map.map.chunks
        else "it stands in no folder with others, and has no chunk map now"
    )


# -- pausing, trying, removing --------------------------------------------------------------------------------------


def _each(
    files: Sequence[File],
    mesh: type[Pause] | type[Resume],
    legacy: type[PauseLegacy] | type[ResumeLegacy],
) -> list[Command]:
    """One command for each transfer, one for all Soulseek downloads."""
    commands: list[Command] = [
        mesh(f.mesh.transfer) for f in files if f.legacy is None and f.mesh is not None
    ]
    keys = tuple(f.legacy.key for f in files if f.legacy is not None)
    return [*commands, legacy(keys)] if keys else commands


def _act(desk: MeshApp, commands: Sequence[Command], none: str) -> None:
    if commands:
        removing.ask_all(desk, commands)
        pane_of(desk).chose()
    else:
        desk.say(none, Level.WARN)


def _toggle(desk: MeshApp, files: Sequence[File]) -> None:
    running = [file for file in files if file.can_pause]
    paused = [file for file in files if file.stand is Stand.PAUSED]
    if running:
        _act(desk, _each(running, Pause, PauseLegacy), "")
    else:
        _act(desk, _each(paused, Resume, ResumeLegacy), "none of these runs or is paused")


def _pause(desk: MeshApp, argument: str) -> None:
    _toggle(desk, pane_of(desk).chosen())


def _pause_all(desk: MeshApp, argument: str) -> None:
    files = list(pane_of(desk).downloads.files)
    running = any(file.can_pause for file in files)
    _toggle(desk, files)
    desk.say("all paused; P goes on" if running else "all that was paused goes on")


def _retry(desk: MeshApp, argument: str) -> None:
    files = [file for file in pane_of(desk).chosen() if file.can_retry]
    _act(desk, _each(files, Resume, ResumeLegacy), "none of these is paused, failed or waits for its time")


def _going(file: File) -> Going:
    content = file.mesh.transfer if file.mesh is not None else ""
    if file.legacy is None:
        return Going(content, paused=file.can_pause)
    done = file.stand is Stand.DONE  # a rescue gives way by itself; what it brought is a line of its own then
    return Going(content if done else "", file.legacy.key, file.can_pause)


def _remove(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    line, files = pane.line, pane.chosen()
    if not files or line is None:
        return
    alone = not _many(desk)
    name = about(line) if alone else removing.told([file.name for file in files])

    def sure(answer: str) -> None:
        removing.remove(desk, name, [_going(file) for file in files])
        pane.chose()

    lost = sum(file.done for file in files if file.stand is not Stand.DONE)
    if not lost:
        sure("")
        return
    short = clip(name, NAME, desk.glyphs.ellipsis)
    desk.question(Question(f"{short}: remove and delete {size(lost)} fetched so far?", sure, confirm=True))


def _clear(desk: MeshApp, argument: str) -> None:
    done = [file for file in pane_of(desk).downloads.files if file.stand is Stand.DONE]
    commands: list[Command] = [Remove(file.mesh.transfer) for file in done if file.mesh is not None]
    if any(file.legacy is not None for file in done):
        commands.append(ClearLegacy())
    removing.ask_all(desk, commands)
    desk.say(f"{plural(len(done), 'finished download')} off the list; the files stay")


def _move(step: int, desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    assert pane.line is not None
    files, places = pane.downloads.neighbours(pane.line, step)
    if not files:
        desk.say(f"it is the {'first' if step < 0 else 'last'} of its queue")
        return
    commands: list[Command] = []
    for file in files if step < 0 else reversed(files):
        if file.legacy is not None:
            commands.append(MoveLegacy(file.legacy.key, places))
        elif file.mesh is not None:
            commands.append(Move(file.mesh.transfer, places))
    removing.ask_all(desk, commands)


# -- looking, choosing ----------------------------------------------------------------------------------------------


def _switch(desk: MeshApp, argument: str) -> None:
    file = pane_of(desk).file
    assert file is not None
    if desk.switching is not None and desk.switching.key == file.key:
        switching.end(desk)
    else:
        switching.begin(desk, file)


def _user(desk: MeshApp, argument: str) -> None:
    file = pane_of(desk).file
    assert file is not None
    people.whois(desk, file.user)


def _fold(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    folder = pane.downloads.folder_of(pane.line) if pane.line is not None else None
    if pane.map.active or folder is None:
        zoom(desk, argument)
    else:
        pane.flip(folder)


def _open(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    line, file = pane.line, pane.file
    assert file is not None
    if open_chunk(desk):
        return
    if isinstance(line, Folder) and pane.list.active:
        pane.flip(line)
    else:
        desk.open_text("download", details(file, desk.clock()))


def _sort(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    if argument in SORTS:
        pane.sort_by(argument)
        return
    now = pane.downloads.sort
    entries = [
        Entry("", name, partial(pane.sort_by, name), note="now; again reverses" if name == now else "")
        for name in SORTS
    ]
    desk.open(Menu("sort downloads by", entries))


def _mark(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    box = pane.list
    ranged = box.range_start is not None
    pane.downloads.mark(box.selected())
    box.range_start = None
    pane.show_list()
    box.move(0 if ranged else 1)


def _range(desk: MeshApp, argument: str) -> None:
    box = pane_of(desk).list
    box.range_start = None if box.range_start is not None else box.cursor
    box.touch()


def _invert(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    pane.downloads.invert()
    pane.show_list()


ACTIONS = (
    Action("pause", "pause, or go on", ("p",), _pause, PLACE, _no_pause, hint="pause", on_row=True),
    Action(
        "resume",
        "try now: paused, failed, or waiting for its time",
        ("r",),
        _retry,
        PLACE,
        _no_retry,
        hint="retry",
        on_row=True,
    ),
    Action(
        "remove",
        "remove (asks where data goes; U undoes)",
        ("d",),
        _remove,
        PLACE,
        _no_remove,
        hint="remove",
        on_row=True,
    ),
    Action(
        "open-swarm",
        "open or fold a folder; details of the download or chunk",
        ("enter",),
        _open,
        PLACE,
        _none,
        hint="open",
        on_row=True,
    ),
    Action(
        "another-source",
        "find another source for it in Search",
        ("S",),
        _switch,
        PLACE,
        _no_switch,
        hint="source",
        on_row=True,
    ),
    Action(
        "zoom",
        "open or fold its folder; on the map: whole file or 1:1",
        ("z",),
        _fold,
        PLACE,
        _no_fold,
        hint="fold",
    ),
    Action("mark-download", "mark this line, or the range", ("space",), _mark, PLACE, _none, hint="mark"),
    Action("range-downloads", "begin or end a range", ("v",), _range, PLACE, _none),
    Action("invert-downloads", "invert marks", ("asterisk",), _invert, PLACE, _no_downloads),
    Action("sort-downloads", "sort the downloads", ("s",), _sort, PLACE, hint="sort"),
    Action(
        "pause-all", "pause all, or go on with all that is paused", ("P",), _pause_all, PLACE, _no_downloads
    ),
    Action(
        "clear-finished", "take finished ones off the list", ("C",), _clear, PLACE, _no_clear, hint="clear"
    ),
    Action(
        "download-user",
        "ask who its Soulseek user is; write, browse, add, ban",
        ("u",),
        _user,
        PLACE,
        _no_user,
        hint="user",
        on_row=True,
    ),
    Action("earlier", "move it up in the queue", ("K",), partial(_move, -1), PLACE, _no_move, on_row=True),
    Action("later", "move it down in the queue", ("J",), partial(_move, 1), PLACE, _no_move, on_row=True),
    *MAP_ACTIONS,
)
