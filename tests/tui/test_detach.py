"""The app on an engine of another process: leaving is detaching, and its end is told with what to do."""

from __future__ import annotations

import pytest

from slskmesh.engine.events import EngineEnded, Level
from slskmesh.engine.views import DoorView
from slskmesh.text import sanitize
from tests.tui.fake import settings_view, status
from tests.tui.stage import NARROW, WIDE, play, stage
from tui.viewmodel.banner import title

GONE = "the daemon is gone: it was killed, or it failed"


def test_leaving_asks_nothing_though_downloads_run() -> None:
    async def scene() -> None:
        async with stage(attached=True) as st:
            assert st.app.state.running
            await st.press("q")
            assert st.app.return_code == 0
        async with stage(attached=True) as st:
            await st.press("ctrl+c")
            assert "again within a second detaches" in st.text()
            await st.press("ctrl+c")
            assert st.app.return_code == 0

    play(scene())


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_it_is_seen_that_it_is_attached(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(attached=True, size=size) as st:
            row = st.text().splitlines()[-2]
            assert "attached" in row
            assert title(st.app.state.status, st.app.state.attached) == "slskmesh [#] attached"
        async with stage(size=size) as st:
            assert (
                "attached" not in st.text()
                and title(st.app.state.status, st.app.state.attached) == "slskmesh [#]"
            )

    play(scene())


def test_the_help_says_detach() -> None:
    async def scene() -> None:
        async with stage(attached=True) as st:
            titles = {a.id: a.title for a in st.app.registry.actions.values()}
            assert "detach" in titles["quit"] and "detach" in titles["quit-now"]
            await st.press("question_mark")
            await st.press("slash")
            await st.type("detach")
            assert "what runs here goes on" in st.text()
        async with stage() as st:
            assert all("detach" not in a.title for a in st.app.registry.actions.values())

    play(scene())


@pytest.mark.parametrize(("size", "reason"), [(WIDE, GONE), (NARROW, "the daemon is gone")])
def test_the_end_of_the_daemon_is_told_with_what_to_do(size: tuple[int, int], reason: str) -> None:
    async def scene() -> None:
        async with stage(attached=True, size=size) as st:
            await st.push(EngineEnded(False, sanitize(GONE)))
            first = st.text().splitlines()[0]
            assert first.startswith(f"[X] ENGINE     {reason}") and "stopped" not in first
            assert "| attach again once it runs; q quits" in first
            assert [n.text for n in st.app.state.errors] == [GONE]
            before = len(st.client.commands)
            await st.press("4", "p")
            assert len(st.client.commands) == before and "the daemon is gone" in st.text()
            await st.press("b")
            assert "`slskmesh daemon` starts it again" in st.text()
            await st.press("escape", "q")
            assert st.app.return_code == 0

    play(scene())


def test_who_holds_the_engine_sees_others_and_is_asked_before_they_lose_it() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status()) as st:
            await st.push(DoorView(attached=2))
            assert "2 attached" in st.text().splitlines()[-2]
            await st.press("q")
            assert "attached to this: 2 terminals. Quit?" in st.text()
            await st.press("n")
            assert st.app.return_code is None
            await st.push(DoorView(attached=0))
            await st.press("q")
            assert st.app.return_code == 0
        async with stage(attached=True) as st:
            await st.push(DoorView(attached=2))
            assert st.app.state.others == 1
            await st.press("q")
            assert st.app.return_code == 0

    play(scene())


def test_a_clean_end_is_no_error() -> None:
    async def scene() -> None:
        async with stage(attached=True) as st:
            await st.push(EngineEnded(True, sanitize("the daemon was stopped")))
            assert st.text().startswith("[X] ENGINE     the daemon was stopped | attach again")
            assert all(notice.level is not Level.ERROR for notice in st.app.state.errors)

    play(scene())
