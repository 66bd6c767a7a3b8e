"""The network in the real app: banner, its box, the mode, the server, the account; what is told and kept."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from slskmesh.engine import commands as c
from slskmesh.engine import legacy_commands as lc
from slskmesh.engine.events import Level, Notice, Reply
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.legacy_views import CaptureView
from slskmesh.engine.views import Banner
from tests.tui.fake import (
    NOW,
    chats,
    ended,
    everything,
    mode,
    published,
    s,
    settings_view,
    statistics,
    status,
)
from tests.tui.fake_jobs import mesh
from tests.tui.stage import NARROW, WIDE, Stage, golden, play, stage
from tui.everywhere import run_command
from tui.widgets.overlay import Menu
from tui.widgets.toasts import ToastStack

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
SECRET = "corr3ct h0rse"


def on(name: str = "hybrid", banner: Banner = Banner.HYBRID, **changes: Any) -> tuple[Any, ...]:
    """Everything, in this mode."""
    return (*everything(), status(banner, dht_nodes=118), mode(name, **changes), mesh())


def said(st: Stage) -> str:
    return "\n".join(str(notice.text) for notice in st.app.state.notices)


def toasts(st: Stage) -> str:
    return "\n".join(str(toast) for toast in st.app.screen.query_one("#toasts", ToastStack).toasts.shown)


async def do(st: Stage, command: str) -> None:
    """Runs a command line that is taken."""
    assert run_command(st.app, command) is None
    await st.settle()


# -- banner -------------------------------------------------------------------------------------------------


def test_a_change_of_the_banner_is_said_once_rings_and_names_the_window() -> None:
    async def scene() -> None:
        async with stage(*on()) as st:
            rung: list[int] = []
            titles: list[str] = []
            st.app.bell = lambda: rung.append(1)  # type: ignore[method-assign]
            st.app.set_terminal_title = lambda: titles.append(st.text()[:3])  # type: ignore[method-assign]
            st.app.ringing = True
            assert st.text().startswith("[=] HYBRID     server online 42ms | mesh 4 peers, DHT 118")
            assert not toasts(st), "the first state is no change"
            text = s("health degraded (was healthy): the connection to the Soulseek server was lost")
            changed = ModeChanged(NOW, "hybrid", "degraded", text)
            await st.push(changed, Notice(NOW, Level.WARN, text), mode("degraded"), status(Banner.DEGRADED))
            assert st.text().startswith("[~] DEGRADED   server away, 3 tries, retry 0:24 | mesh 4 peers")
            assert toasts(st).count("[~] DEGRADED") == 1 and "was lost" not in toasts(st)
            assert said(st).count("was lost") == 1, "the event log has the engine's line"
            assert rung == [1] and len(titles) == 1
            await st.push(status(Banner.DEGRADED, peers=3))
            assert rung == [1], "the same state again is no change"
            st.app.ringing = False
            await st.push(status(Banner.DISASTER), mode("disaster"))
            assert "Legacy connection: offline; mesh-only mode active." in toasts(st)
            assert rung == [1] and len(titles) == 2
            await st.push(status(Banner.ISOLATED))
            assert said(st).count("[X] ISOLATED") == 1, "no mode changed, so the app tells it itself"

    play(scene())


def test_the_title_has_the_marker() -> None:
    from tui.viewmodel.banner import title

    assert title(status(Banner.DISASTER)) == "slskmesh [!]"


def test_countdowns_go_on_by_themselves() -> None:
    async def scene() -> None:
        async with stage(*on("degraded", Banner.DEGRADED)) as st:
            now = [NOW]
            st.app.clock = lambda: now[0]
            await st.press("b")
            assert "mesh-only in 4:10 if this lasts" in st.text().splitlines()[0]
            now[0] = NOW + 10
            st.app.second()
            await st.settle()
            lines = st.text().splitlines()
            assert "retry 0:14" in lines[0] and "mesh-only in 4:00 if this lasts" in lines[0]
            assert any("next try" in line and "in 0:14, after 3 tries in vain" in line for line in lines)

    play(scene())


# -- the box ------------------------------------------------------------------------------------------------


@SIZES
def test_the_box_of_each_state(size: tuple[int, int]) -> None:
    states = (
        ("hybrid", Banner.HYBRID),
        ("degraded", Banner.DEGRADED),
        ("disaster", Banner.DISASTER),
        ("mesh-only", Banner.MESH_ONLY),
        ("legacy-only", Banner.LEGACY_ONLY),
    )

    async def scene() -> None:
        async with stage(*on(), size=size) as st:
            for name, banner in states:
                await st.push(status(banner, dht_nodes=118), mode(name))
                await st.press("b")
                golden(f"state_{name}_{size[0]}x{size[1]}", st.text())
                await st.press("escape")

    play(scene())


def test_the_box_says_all_and_can_be_scrolled_and_copied() -> None:
    async def scene() -> None:
        async with stage(*on("disaster", Banner.DISASTER), size=NARROW) as st:
            await st.press("b", "G")
            assert "three good checks and" in st.text(), "the last line"
            await st.press("y")
            for words in (
                "since 22:03, for 10m",
                "the Soulseek server cannot be reached",
                "search     the mesh: by MusicBrainz id",
                "off        search on the server, new transfers from Soulseek users, Soulseek rooms",
                "back       by itself, when the server was well for a minute",
                "server     server.slsknet.org:2242, as lena",
                "session    waiting: ",
                "next try   in 0:24, after 3 tries in vain",
                "searches   34 of 34",
                "118 nodes",
                "changes, the newest first",
                "22:03:20   mode hybrid (was mesh-only): hybrid is switched on",
            ):
                assert words in st.app.clipboard, words

    play(scene())


def test_an_open_box_follows_the_size_of_the_terminal() -> None:
    async def scene() -> None:
        async with stage(*on()) as st:
            await st.press("b")
            for size in (NARROW, WIDE):
                await st.pilot.resize_terminal(*size)
                await st.settle()
                box = st.app.overlay
                assert box is not None and box.region.right <= size[0] and box.region.bottom <= size[1] - 2

    play(scene())


def test_the_box_s_keys_do_what_the_state_allows() -> None:
    async def scene() -> None:
        async with stage(*on("degraded", Banner.DEGRADED)) as st:
            await st.press("b")
            assert [key for key, _ in st.app.hints()] == ["esc", "j k", "M", "r", "y"]
            await st.press("r")
            assert st.last() == lc.RetryServer()
            await st.press("t")
            assert st.last() == lc.RetryServer() and "no other login has taken the name" in said(st)
            await st.push(mode("degraded", phase="stopped", taken=True, next_try=None))
            await st.press("escape", "b", "t")
            assert st.last() == lc.RetakeName()
            await st.press("M")
            assert isinstance(st.app.overlay, Menu) and st.app.overlay.title == "mode of the network"
            await st.press("escape", "b", "b")
            assert st.app.overlay is None
            await st.push(ended())
            before = len(st.client.commands)
            await st.press("b", "r", "a", "M")
            assert len(st.client.commands) == before and "the engine has stopped" in said(st)

    play(scene())


# -- mode and server ----------------------------------------------------------------------------------------


def test_a_mode_is_changed_after_its_name_was_typed() -> None:
    async def scene() -> None:
        async with stage(*on()) as st:
            await st.press("M", "m")
            assert st.app.prompt.question is not None and not st.client.sent(lc.SetMode)
            assert "never talks to the server; transfers with Soulseek users wait" in st.text()
            await st.press("enter")
            assert "nothing is changed" in st.text() and st.app.prompt.question is not None
            await st.type("mesh")
            await st.press("enter")
            assert not st.client.sent(lc.SetMode)
            await st.type("-only")
            await st.press("enter")
            assert st.last() == lc.SetMode("mesh-only") and st.app.prompt.question is None
            await do(st, "mode legacy-only")
            await st.press("escape")
            assert len(st.client.sent(lc.SetMode)) == 1, "esc changes nothing"
            await do(st, "mode disaster")
            assert "mode takes hybrid, mesh-only or legacy-only" in said(st)
            assert st.app.prompt.question is None

    play(scene())


@pytest.mark.parametrize(
    ("name", "keys", "reason"),
    [
        ("hybrid", "h", "it is the mode now"),
        ("disaster", "h", "mesh-only came by itself and goes when the server is well"),
        ("no account", "h", "no Soulseek account is set: :account"),
        ("no account", "m", "for want of a Soulseek account"),
        ("hybrid", "r", "the server is there"),
        ("mesh-only", "r", "the mode mesh-only does not use the server"),
        ("hybrid", "t", "no other login has taken the name"),
    ],
)
def test_what_cannot_be_chosen_says_why(name: str, keys: str, reason: str) -> None:
    async def scene() -> None:
        async with stage(*on(name)) as st:
            before = len(st.client.commands)
            await st.press("M", keys)
            assert isinstance(st.app.overlay, Menu) and reason in st.app.overlay.said
            assert len(st.client.commands) == before and st.app.prompt.question is None

    play(scene())


def test_server_commands_say_why_they_are_off() -> None:
    async def scene() -> None:
        async with stage() as st:
            await do(st, "server retry")
            assert "has not told its mode yet" in said(st)
            await st.push(mode("degraded", phase="connecting"))
            await do(st, "server retry")
            assert "it is being tried now" in said(st)
            await do(st, "server again")
            assert "server takes retry or retake" in said(st)
            assert not st.client.sent(lc.RetryServer)
            await st.push(mode("degraded", taken=True))
            await do(st, "server retry")
            assert ":server retake takes it back" in said(st)
            await do(st, "server retake")
            assert st.last() == lc.RetakeName()
            assert st.app.registry.complete(st.app, "server re") == ["server retry", "server retake"]

    play(scene())


# -- the account --------------------------------------------------------------------------------------------


def everywhere_but_the_engine(st: Stage) -> str:
    """Everything a password could be left in."""
    prompt = st.app.prompt
    return "\n".join(
        (
            st.text(),
            said(st),
            st.app.clipboard,
            repr(st.app.command_history),
            repr(prompt.edit.text),
            repr(prompt.edit.history),
            prompt.wrong,
            repr(st.client.commands),
        )
    )


def test_the_account_is_asked_for_and_the_password_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene() -> None:
        async with stage(*on("no account", Banner.MESH_ONLY), size=NARROW) as st:
            st.client.answer = lambda n, command: Reply(n, False, s("the disk is full"))
            await st.press("b", "a")
            await st.type("lena k")
            await st.press("enter")
            assert "password of lena k" in st.text()
            await st.press("enter")
            assert "a password is needed" in st.text() and not st.client.sent(lc.SetAccount)
            await st.type(SECRET[:4])
            st.app.pasted(SECRET[4:] + "\n")
            await st.settle()
            assert "lena k *************" in st.text() and SECRET[:4] not in st.text()
            await st.press("up", "tab", "enter")
            assert st.last() == lc.SetAccount("lena k", SECRET)
            assert "the disk is full" in st.text(), "a refusal leaves the prompt open"
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("enter")
            assert st.app.prompt.question is None and "the account is set" in said(st)
            await st.press("escape", "colon", "up", "up")
            assert SECRET not in everywhere_but_the_engine(st)
            await st.press("escape", "y", "L")
            assert SECRET not in everywhere_but_the_engine(st)

    play(scene())
    assert SECRET not in caplog.text


def test_what_cannot_be_a_name_or_be_typed_is_refused() -> None:
    async def scene() -> None:
        async with stage(*on("no account", Banner.MESH_ONLY)) as st:
            await do(st, "account " + "x" * 31)
            assert "1 to 30 letters; this one has 31" in said(st) and st.app.prompt.question is None
            await do(st, "account")
            await st.type("müller")
            await st.press("enter")
            assert "plain letters, digits and signs only" in st.text()
            await st.press("ctrl+u", "enter")
            assert "no account is set, so there is none to take out of use" in st.text()
            await st.press("escape")
            await do(st, "account lena")
            st.app.pasted("two\nlines\x1b")
            await st.settle()
            assert "nothing of it was taken" in st.text() and st.app.prompt.edit.text == ""
            await st.press("escape")
            assert not st.client.sent(lc.SetAccount) and st.app.prompt.question is None

    play(scene())


def test_an_empty_name_takes_the_account_out_of_use_after_a_question() -> None:
    async def scene() -> None:
        async with stage(*on()) as st:
            await st.press("7", "a")
            assert "Soulseek name" in st.text() and st.app.prompt.edit.text == "lena"
            await st.press("ctrl+u", "enter")
            assert "use the account lena no more?" in st.text()
            await st.press("n")
            assert not st.client.sent(lc.SetAccount)
            await st.press("a", "ctrl+u", "enter", "y")
            assert st.last() == lc.SetAccount("", "")

    play(scene())


@SIZES
def test_the_first_run_offers_the_account(size: tuple[int, int]) -> None:
    async def scene() -> None:
        first = (settings_view(False), status(Banner.ISOLATED, listening=""))
        async with stage(*first, size=size) as st:
            await st.press("shift+tab")
            await st.type(SECRET)
            assert SECRET not in st.text() and "*" * len(SECRET) in st.text()
            await st.press("enter")
            assert not st.client.sent(c.FinishSetup) and "a name belongs to the password" in st.text()
            await st.type("lena")
            golden(f"first_run_account_{size[0]}x{size[1]}", st.text())
            st.client.answer = lambda n, command: Reply(n, isinstance(command, c.FinishSetup), s("no luck"))
            await st.press("tab", "enter")
            assert [type(command) for command in st.client.commands[-2:]] == [c.FinishSetup, lc.SetAccount]
            assert st.last() == lc.SetAccount("lena", SECRET) and st.app.overlay is None
            assert "the Soulseek account is not set: no luck; :account asks again" in said(st)
            assert SECRET not in everywhere_but_the_engine(st)

    play(scene())


def test_the_first_run_wants_a_password_with_a_name_and_nothing_without() -> None:
    async def scene() -> None:
        first = (settings_view(False), status(Banner.ISOLATED, listening=""))
        async with stage(*first) as st:
            await st.press("shift+tab", "shift+tab")
            await st.type("lena")
            await st.press("enter", "enter")
            assert "the password of lena is needed" in st.text() and not st.client.sent(c.FinishSetup)
            await st.press("shift+tab", "ctrl+u", "tab", "enter")
            assert isinstance(st.last(), c.FinishSetup) and not st.client.sent(lc.SetAccount)

    play(scene())


# -- rows ---------------------------------------------------------------------------------------------------


def test_few_searches_stand_in_the_status_row() -> None:
    async def scene() -> None:
        async with stage(*on(), size=NARROW) as st:
            assert "searches left" not in st.text()
            await st.push(mode(searches_left=2))
            assert "2 searches left" in st.text().splitlines()[-2]
            await st.push(mode(searches_left=0, searches_next=12.0))
            assert "next search in 0:12" in st.text().splitlines()[-2]

    play(scene())


def test_unread_lines_stand_beside_the_pane_s_name() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.app.pane_titles = lambda: (  # type: ignore[method-assign]
                ("1", "search", "Search"),
                ("2", "scenes", "Scenes"),
            )
            for view, words in (
                (chats(), " 2 Scenes(2!) "),
                (chats(14, 0, 0), " 2 Scenes(14) "),
                (chats(5_000, 0, 0), " 2 Scenes(999) "),
                (chats(0, 0, 0), " 2 Scenes "),
            ):
                await st.push(view)
                assert words in st.text().splitlines()[1]

    play(scene())


# -- what is told and kept ----------------------------------------------------------------------------------


@SIZES
def test_published_shows_every_record_with_its_fields(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*on(), size=size) as st:
            await do(st, "published")
            assert st.last() == lc.ShowPublished() and "asking ..." in st.text()
            await st.push(published(len(st.client.commands)))
            golden(f"published_{size[0]}x{size[1]}", st.text())
            await st.press("G")
            golden(f"published_end_{size[0]}x{size[1]}", st.text())
            await st.press("y")
            assert st.app.clipboard.count("8 of 8 tracks held: places 1, 2, 3") == 4
            assert "this peer can be reached at 203.0.113.5:50300" in st.app.clipboard
            assert st.app.clipboard.rstrip().endswith("release 00000009-0000-4000-8000-000000000009")
            before = len(st.client.commands)
            await st.press("r")
            assert st.client.commands[before:] == [lc.ShowPublished()] and "asking ..." in st.text()

    play(scene())


def test_published_takes_words_and_says_why_there_is_nothing() -> None:
    async def scene() -> None:
        async with stage(*on()) as st:
            await do(st, "published paper MOONS")
            await st.push(published(len(st.client.commands), 30))
            assert "out now, 10 of 31 records" in st.text() and "Harbour Lights" not in st.text()
            st.client.answer = lambda n, command: Reply(n, False, s("the mesh is switched off"))
            await st.press("escape")
            await do(st, "published")
            await st.settle()
            assert "the mesh is switched off" in st.text()
            late = len(st.client.commands)
            await st.press("escape")
            await st.push(published(late))
            assert st.app.overlay is None, "an answer that comes late opens nothing"
            st.client.answer = lambda n, command: None
            await do(st, "published")
            await st.push(ended())
            assert "the engine has stopped" in st.text() and "asking ..." not in st.text()

    play(scene())


def test_a_large_listing_costs_a_key_no_more_than_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.widgets.box import TextBox

    flows: list[int] = []
    flowing = TextBox._flowing

    def counted(box: TextBox, cells: int) -> Any:
        flows.append(cells)
        return flowing(box, cells)

    monkeypatch.setattr(TextBox, "_flowing", counted)

    async def scene() -> None:
        async with stage(*on()) as st:
            await do(st, "published")
            await st.push(published(len(st.client.commands), 2_000))
            flows.clear()
            await st.press("j", "ctrl+d", "G", "k", "g")
            assert not [n for n in flows if n > 80], "nothing is laid out anew"
            await st.press("y")
            assert any("the first " in n.text and " lines" in n.text for n in st.app.state.notices)

    play(scene())


@SIZES
def test_statistics_and_forgetting(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*on(), size=size) as st:
            await do(st, "stats")
            assert "nothing is known yet" in st.text()
            await st.push(statistics())
            golden(f"statistics_{size[0]}x{size[1]}", st.text())
            await st.press("y")
            assert "folder failed code 2 in 4.0 s: tag-it" in st.app.clipboard
            assert st.app.clipboard.index("tag-it") < st.app.clipboard.index("notify-send")
            await st.press("F", "n")
            assert not st.client.sent(lc.ForgetCapture)
            await st.press("F", "y")
            assert st.last() == lc.ForgetCapture()
            await do(st, "capture")
            assert "capture takes forget" in said(st)
            await st.push(statistics(capture=CaptureView()))
            assert run_command(st.app, "capture forget") == "capture: off, nothing is kept"

    play(scene())


def test_the_command_prints_nothing_of_what_it_carries() -> None:
    shown = repr(lc.SetAccount("lena", SECRET))
    assert SECRET not in shown and "lena" not in shown
