"""The guided tour on the screen: what its conditions may look at, the box that shows its step, its own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.errors import UserError
from tui.actions import EVERYWHERE, Action
from tui.viewmodel.tour import LINES, Extra, Facts, Tour
from tui.widgets.box import TextBox

if TYPE_CHECKING:
    from tui.app import MeshApp
    from tui.desk import Desk


def facts(desk: Desk) -> Facts:
    """What is true now."""
    if "search" not in desk.panes:
        return Facts(desk.state, desk.pane_name, 0, False)
    search = desk.search
    lookup = search.releases.lookup
    return Facts(
        desk.state,
        desk.pane_name,
        len(search.results),
        search.asked > 0,
        lookup.found is not None and bool(lookup.found.entities),
        lookup.plan is not None and lookup.plan.holders > 0,
    )


def moved(desk: Desk) -> None:
    """Something came that a step of the tour may wait for."""
    if desk.tour is None or "search" not in desk.panes:
        return
    if desk.tour.advance(facts(desk)) or desk.tour.at == 0:
        show(desk)


def show(desk: Desk) -> None:
    """Shows the tour's step, or takes the box away."""
    box = desk.screen.query_one("#tour", TextBox)
    step = desk.tour.step if desk.tour is not None else None
    desk.screen.set_class(step is not None, "-touring")
    if desk.tour is not None and step is not None:
        box.title, lines = desk.tour.lines(max(20, desk.size.width - 4))
        box.note = ":tour next  :tour off"
        box.show([*lines, []][:LINES])


def actions(tour: Tour | None) -> tuple[Action, ...]:
    """The commands that the tour brings, as actions of the app."""
    return tuple(_action(extra) for extra in (tour.commands if tour is not None else ()))


def _action(extra: Extra) -> Action:
    def run(desk: MeshApp, argument: str) -> None:
        try:
            desk.say(extra.run(argument))
        except UserError as error:
            desk.say(str(error), Level.WARN)

    return Action(
        extra.name,
        extra.title,
        (),
        run,
        EVERYWHERE,
        command=extra.name,
        argument=" or ".join(extra.arguments),
        candidates=lambda desk: extra.arguments,
    )
