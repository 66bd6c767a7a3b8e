"""What leaves this machine and what is kept on it: the box of published records, the box of sums, forgetting.

Rules: a box shows what the engine answers and nothing from before; it can be copied; forgetting asks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_commands import ForgetCapture, ShowPublished
from slskmesh.engine.legacy_events import PublishedShown
from tui.actions import EVERYWHERE, Action, engine_off
from tui.inquiries import Shown
from tui.network import copy_box
from tui.viewmodel.spans import Line
from tui.viewmodel.statistics import kept
from tui.viewmodel.statistics import lines as statistics_lines
from tui.viewmodel.told import lines as told_lines
from tui.widgets.overlay import Overlay
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


def _open_high(desk: MeshApp, box: Overlay) -> None:
    """Opens a box as large as the screen allows, so that it need not grow when its text comes."""
    box.cells, box.height_wanted = desk.size.width - 4, desk.size.height
    desk.open(box)


def published(desk: MeshApp, argument: str) -> None:
    """Every record of this peer, or those with the words."""
    box = Overlay("what this peer tells the mesh", [[("asking ...", "dim")]])
    if argument:
        box.title += f" /{argument}"
    box.keys = {"y": partial(copy_box, desk, box), "r": partial(published, desk, argument)}
    box.hints = [("esc", "close"), ("j k", "scroll"), ("y", "copy"), ("r", "ask again")]

    def shown(event: Shown) -> None:
        if isinstance(event, PublishedShown) and desk.overlay is box:
            box.remake = None
            box.show(told_lines(event, argument))

    def failed(reason: str) -> None:
        if desk.overlay is box:
            box.remake = None
            box.show([[(reason, "bad")]])

    def waiting() -> list[Line]:
        reason = engine_off(desk)
        return box.lines if reason is None else [[(reason, "bad")]]

    box.remake = waiting
    _open_high(desk, box)
    desk.inquiries.show(desk, ShowPublished(), shown, failed)


def statistics(desk: MeshApp, argument: str) -> None:
    """Sums, rescue, what is kept, the log of hooks; as they are by now while it is open."""

    def lines() -> list[Line]:
        return statistics_lines(desk.state.statistics, desk.glyphs.ellipsis)

    box = Overlay("statistics", lines(), remake=lines)
    box.keys = {"y": partial(copy_box, desk, box), "F": partial(desk.perform, "capture", "forget")}
    box.hints = [("esc", "close"), ("j k", "scroll"), ("y", "copy"), ("F", "forget what is kept")]
    _open_high(desk, box)


def _nothing_kept(desk: MeshApp) -> str | None:
    view = desk.state.statistics
    if view is not None and not kept(view.capture):
        return "nothing is kept"
    return engine_off(desk)


def capture(desk: MeshApp, argument: str) -> None:
    """`:capture forget`."""
    if argument != "forget":
        desk.say("capture takes forget; :stats shows what is kept", Level.WARN)
        return

    def sure(answer: str) -> None:
        desk.ask(ForgetCapture())

    text = "forget all that own searches and transfers showed of others? It cannot be undone."
    desk.question(Question(text, sure, confirm=True))


ACTIONS = (
    Action(
        "published",
        "what this peer tells the mesh: every record, and what comes next",
        (),
        published,
        EVERYWHERE,
        engine_off,
        "published",
        "words",
    ),
    Action(
        "statistics",
        "sums with Soulseek users, rescue, hooks, what is kept",
        (),
        statistics,
        EVERYWHERE,
        command="stats",
    ),
    Action(
        "capture",
        "forget what own searches and transfers showed of others (asks)",
        (),
        capture,
        EVERYWHERE,
        _nothing_kept,
        "capture",
        "forget",
        lambda desk: ("forget",),
    ),
)
