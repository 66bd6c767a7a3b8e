"""Commands that the tour brings: they are in the registry, complete, say what comes of them and what is wrong."""

from __future__ import annotations

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_views import (
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    RescueView,
    StatisticsView,
)
from slskmesh.errors import UserError
from slskmesh.text import sanitize
from tests.tui.stage import play, stage
from tests.tui.viewmodel.test_panes import facts
from tui.everywhere import run_command
from tui.viewmodel.tour import UNTIL, tour_of

WORDS = ("server stop", "server start")


def test_a_command_of_the_tour_is_run_completed_and_its_errors_are_said() -> None:
    asked: list[str] = []

    def run(argument: str) -> str:
        asked.append(argument)
        if argument not in WORDS:
            raise UserError("demo takes server stop or server start")
        return "the server is killed"

    async def scene() -> None:
        tour = tour_of([("a", "text", "")], [("demo", "the demo's server", WORDS, run)])
        async with stage(tour=tour) as st:
            assert st.app.registry.complete(st.app, "demo ") == ["demo server stop", "demo server start"]
            assert run_command(st.app, "demo server stop") is None
            await st.settle()
            assert "the server is killed" in st.text()
            run_command(st.app, "demo nonsense")
            await st.settle()
            notice = st.app.state.notices[-1]
            assert "demo takes" in notice.text and notice.level is Level.WARN
        assert asked == ["server stop", "nonsense"]

    play(scene())


def test_without_a_tour_there_is_no_such_command() -> None:
    async def scene() -> None:
        async with stage() as st:
            assert st.app.registry.command("demo") is None
            assert run_command(st.app, "demo server stop") is not None

    play(scene())


def holds(name: str, *views: object) -> bool:
    now = facts()
    now.state.apply(views, 0.0)  # type: ignore[arg-type]
    condition = UNTIL[name]
    assert condition is not None
    return condition(now)


def test_the_tour_waits_for_what_a_legacy_user_sends_and_peers_finish() -> None:
    name = sanitize("a")
    waiting, running = (
        LegacyDownloadsView((LegacyDownloadView("aa", name, name, name, name, 10, 0, phase),))
        for phase in (LegacyPhase.REQUESTED, LegacyPhase.ACTIVE)
    )
    assert not holds("legacy") and holds("legacy", waiting)
    assert not holds("legacy-running", waiting) and holds("legacy-running", running)
    assert not holds("rescued", running, StatisticsView()) and holds(
        "rescued", StatisticsView(rescue=RescueView(1, 1))
    )
