"""The registry: no dead keys, no clash, reasons, commands; and what each action does in the real app."""

from __future__ import annotations

import pytest

from slskmesh.engine import commands as c
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import GetHits
from slskmesh.engine.views import Banner, PeerState, PeersView
from tests.tui.fake import NOW, chunkmap, ended, peer, s, settings_view, status, transfer, transfers
from tests.tui.stage import Stage, play, stage
from tui.actions import Action, Registry, key_label
from tui.everywhere import all_actions, run_command
from tui.viewmodel.hits import target_folder
from tui.viewmodel.tour import tour_of
from tui.widgets.overlay import Menu


def test_every_action_has_one_way_at_least_and_no_key_twice() -> None:
    registry = Registry(all_actions())
    for action in registry.actions.values():
        assert action.keys or action.command, action.id
        assert action.title[0].islower() or action.where == "everywhere"


def test_a_clash_is_an_error_at_start() -> None:
    one = Action("a", "one", ("x",), lambda desk, _: None)
    with pytest.raises(ValueError, match="taken"):
        Registry([one, Action("b", "two", ("x",), lambda desk, _: None)])
    with pytest.raises(ValueError, match="twice"):
        Registry([one, Action("a", "two", ("y",), lambda desk, _: None)])


def test_unknown_commands_get_the_nearest_names() -> None:
    registry = Registry(all_actions())
    assert "connect" in registry.nearest("conect")
    assert registry.nearest("them")[0] == "theme"
    assert key_label("g g") == "gg" and key_label("ctrl+q") == "^q" and key_label("f2") == "F2"


def kinds(st: Stage) -> list[type[Command]]:
    return [type(command) for command in st.client.commands]


def test_search_and_download() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("i")
            await st.type("night ferry")
            assert not st.client.commands, "typing searches nothing"
            await st.press("enter")
            assert st.last() == c.Search("night ferry")
            await st.search("harbour")
            await st.press("j", "enter")
            row, asked = st.app.search.list.current, st.app.search.asked
            assert row is not None
            assert st.last() == GetHits(asked, (row.hit.key,), target_folder(row.hit))
            await st.press("space", "space", "a")
            assert sum(len(got.hits) for got in st.client.sent(GetHits)) == 1 + 2  # type: ignore[attr-defined]
            before = len(st.client.sent(GetHits))
            await st.press("g", "g", "A")
            folder = st.app.search.results.folder(st.app.search.results.row(0))
            got = [key for one in st.client.sent(GetHits)[before:] for key in one.hits]  # type: ignore[attr-defined]
            assert sorted(got) == sorted(r.hit.key for r in folder if not r.hit.have)

    play(scene())


def test_marks_ranges_filter_and_sort() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            pane = st.app.search
            await st.press("v", "j", "j", "space")
            assert len(pane.results.marked) == 3
            await st.press("asterisk")
            assert len(pane.results.marked) == len(pane.results) - 3
            await st.press("escape", "slash")
            await st.type("beacon")
            assert "filter: beacon" in st.text() and "shown" in st.text()
            await st.press("enter")
            rows = [pane.results.row(at) for at in range(len(pane.results))]
            assert rows and all(any("beacon" in copy.facts.words for copy in row.copies) for row in rows)
            await st.press("escape")
            assert pane.filter_text == ""
            await st.press("s", "j", "j", "j", "enter")
            assert pane.results.wanted.sort == "size"
            key = pane.list.cursor_key
            await st.press("S")
            assert pane.results.wanted.reverse and pane.list.cursor_key == key, "the cursor stays on its row"
            await st.press("o")
            assert st.app.overlay is not None and "sources" in st.text()

    play(scene())


def test_new_results_wait_while_the_person_moves() -> None:
    async def scene() -> None:
        async with stage() as st:
            from slskmesh.engine.events import Found
            from tests.tui.fake import hits

            await st.search()
            await st.press("j", "j")
            key, place = st.app.search.list.cursor_key, st.app.search.list.cursor
            await st.push(Found(st.app.search.asked, hits(40, 200)))
            st.app.search.publish()
            await st.settle()
            assert "new, . merges" in st.text()
            assert (st.app.search.list.cursor_key, st.app.search.list.cursor) == (key, place)
            await st.press("full_stop")
            assert "merges" not in st.text() and st.app.search.list.cursor_key == key

    play(scene())


def test_swarm() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("4")
            await st.settle()
            assert st.last() == c.Watch("0" * 64)
            await st.push(chunkmap())
            await st.press("enter", "j")
            assert st.last() == c.Watch("0" * 64), "the file that comes in stands for its folder"
            await st.press("p")
            assert st.last() == c.Pause("0" * 64)
            await st.press("r")
            assert st.last() == c.Pause("0" * 64), "a running download cannot be resumed"
            await st.press("d", "n")
            assert st.last() == c.Pause("0" * 64), "nothing is done before the answer"
            await st.press("J")
            assert st.last() == c.Move("0" * 64, 1)
            await st.press("j", "K")
            assert st.last() == c.Move(f"{1:064x}", -1)
            await st.press("k", "right_square_bracket")
            assert st.last() == c.Watch(f"{1:064x}")
            await st.press("left_square_bracket")
            await st.push(chunkmap())
            await st.press("tab", "z", "c", "c", "o", "o", "l", "l")
            shown = st.app.panes["swarm"].map.map  # type: ignore[attr-defined]
            assert (shown.zoomed, shown.colour, shown.order, shown.cursor) == (True, "age", "file", 2)
            await st.press("1", "0", "0", "G")
            assert shown.cursor == 100 and st.app.pane_name == "swarm"
            await st.press("enter")
            assert "chunk     100 of 2,560" in st.text()
            await st.press("escape", "escape", "1")
            assert st.app.pane_name == "search"
            assert st.last() == c.Watch("")

    play(scene())


def test_paused_and_failed_downloads_go_on() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("4", "G")
            await st.settle()
            await st.press("r")
            assert st.last() == c.Resume(f"{5:064x}")
            await st.push(transfers(0))
            assert "nothing yet" in st.text()
            before = len(st.client.commands)
            await st.press("p", "r", "d", "z", "enter")
            assert len(st.client.commands) == before, "without a download every action is off"

    play(scene())


def test_peers() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("6")
            first = peer(0).peer
            await st.press("T")
            assert st.last() == c.Trust(first, False)
            await st.press("D")
            assert st.last() == c.Disconnect(first)
            await st.press("B", "y")
            assert st.last() == c.Block(first)
            await st.press("u", "F")
            assert st.last() == c.Block(first), "neither blocked nor away"
            await st.press("G", "u")
            assert st.last() == c.Unblock(peer(4).peer)
            await st.press("F", "y")
            assert st.last() == c.Forget(peer(4).peer)
            await st.press("g", "g", "v", "y")
            assert st.app.clipboard == first
            await st.press("T")
            assert st.last() == c.Trust(first, True) and st.app.overlay is None

    play(scene())


def test_connecting_keeps_the_prompt_until_it_worked() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.client.answer = lambda n, command: Reply(
                n, False, s("this invite is too old: ask for a new one")
            )
            await st.press("c")
            await st.type("oldinvite")
            await st.press("enter")
            assert st.last() == c.Connect("oldinvite")
            assert "too old" in st.text() and st.app.prompt.question is not None
            st.client.answer = lambda n, command: Reply(n, True, s("connected to lena"))
            await st.press("enter")
            assert st.app.prompt.question is None
            st.client.answer = lambda n, command: Reply(n, True, value="slskmesh:invite:" + "a" * 200)
            await st.press("6", "i")
            assert st.last() == c.MakeInvite(24 * 7)
            assert "slskmesh:invite:aaa" in st.text()
            await st.press("y")
            assert st.app.clipboard.startswith("slskmesh:invite:")

    play(scene())


def test_settings() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("7", "j", "enter")
            st.client.answer = lambda n, command: Reply(n, False, s("at most 64 letters"))
            await st.type("x")
            await st.press("enter")
            assert st.last() == c.SetSetting("overlay.name", "lenax")
            assert "at most 64 letters" in st.text()
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("enter")
            assert st.app.prompt.question is None
            await st.press("u")
            assert st.last() == c.SetSetting("overlay.name", "")
            await st.press("G", "space")
            assert st.last() == c.SetSetting("ui.bell", "false")
            before = len(st.client.commands)
            await st.press("k", "space")
            assert len(st.client.commands) == before, "the environment sets this one"
            await st.press("R", "X")
            assert kinds(st)[-2:] == [c.Rescan, c.CancelScan]
            await st.press("shift+tab", "j")
            assert "settings: overlay" in st.text()
            await st.press("slash")
            await st.type("bell")
            assert "settings /bell" in st.text()

    play(scene())


def test_first_run_finishes_or_waits_for_later() -> None:
    async def scene() -> None:
        async with stage(settings_view(False), status(Banner.ISOLATED, listening="")) as st:
            st.client.answer = lambda n, command: Reply(n, False, s("/data/lena/Music is not a folder"))
            await st.press("enter", "enter")
            await st.type("lena")
            await st.press("enter", "enter", "enter", "enter")
            assert st.last() == c.FinishSetup(
                ("/data/lena/Music",), "/data/lena/Downloads", "0.0.0.0:50300", "lena"
            )
            assert "is not a folder" in st.text()
            await st.press("escape")
            assert st.app.overlay is None
            await st.push(settings_view(False))
            assert st.app.overlay is None, "it asks once, then only by :setup"
            assert run_command(st.app, "setup") is None
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("shift+tab", "enter")
            assert st.app.overlay is None

    play(scene())


def test_command_line_help_and_palette() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("colon")
            await st.type("conect")
            await st.press("enter")
            assert "nearest: connect" in st.text()
            await st.press("ctrl+u")
            await st.type("the")
            await st.press("tab")
            assert ":theme" in st.text()
            await st.type(" nord")
            await st.press("enter")
            assert st.app.theme == "nord"
            await st.press("colon", "up")
            assert ":theme nord" in st.text()
            await st.press("escape")
            assert run_command(st.app, "set ui.bell=true") is None
            assert st.last() == c.SetSetting("ui.bell", "true")
            assert "off" in (run_command(st.app, "tour off") or "")
            assert run_command(st.app, "search night") is None
            assert st.last() == c.Search("night")
            assert run_command(st.app, "charset ascii") is None
            await st.settle()
            assert st.app.glyphs.ascii
            assert run_command(st.app, "goto 5") is not None, "no map is known"

    play(scene())


def test_the_menu_runs_rows_and_says_why_others_are_off() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("question_mark", "slash")
            await st.type("whole folder")
            await st.press("enter")
            assert isinstance(st.app.overlay, Menu)
            assert st.app.overlay.said == "the list is empty"
            await st.press("escape", "escape")
            assert st.app.overlay is None
            await st.press("alt+x")
            await st.type("event log")
            await st.press("enter")
            assert "event log" in st.text() and "scan of /music began" in st.text()
            await st.press("escape", "f1")
            assert "keys here" in st.text()

    play(scene())


def test_panes_chords_and_boxes() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("g", "t")
            assert st.app.pane_name == "scenes"
            await st.press("g", "T", "g", "T")
            assert st.app.pane_name == "settings"
            await st.press("6", "tab")
            assert st.app.pane.box.id == "peer"
            await st.press("b")
            assert "state of the network" in st.text()
            await st.press("b")
            assert st.app.overlay is None

    play(scene())


def test_quitting_asks_only_while_downloads_run() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("q")
            assert "3 downloads not finished" in st.text()
            await st.press("n")
            assert st.app.is_running and st.app.return_code is None
            await st.press("q", "y")
            assert st.app.return_code == 0
        async with stage(settings_view(), status()) as st:
            await st.press("q")
            assert st.app.return_code == 0
        async with stage() as st:
            await st.press("ctrl+c")
            assert st.app.return_code is None
            await st.press("ctrl+c")
            assert st.app.return_code == 0

    play(scene())


def test_an_engine_that_ended_leaves_a_usable_screen() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.push(ended())
            assert st.text().startswith(
                "[X] ENGINE     stopped: the database is on a full disk | E report  ^q quit"
            )
            before = len(st.client.commands)
            await st.press("4", "p", "6", "T", "question_mark")
            assert len(st.client.commands) == before
            assert "the engine has stopped" in st.text()
            await st.press("escape", "q")
            assert st.app.return_code == 0

    play(scene())


def test_a_blocked_home_ends_the_app_with_its_code() -> None:
    from slskmesh.errors import HomeBusyError, UserError

    async def scene() -> None:
        async with stage() as st:
            st.app.failed(UserError("config.toml:3: no such setting"))
            await st.settle()
            assert "config.toml:3" in st.text()
            st.app.failed(HomeBusyError("process 12 holds this home"))
            await st.settle()
            assert st.app.return_code == 3 and st.app.exit_text == "process 12 holds this home"

    play(scene())


def test_nothing_blocks_while_no_peer_is_there() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(Banner.ISOLATED)) as st:
            await st.press("i")
            await st.type("x")
            await st.press("enter")
            assert not st.client.commands
            assert any("no peer is connected" in n.text for n in st.app.state.notices)

    play(scene())


def test_the_tour_goes_on_and_can_be_sent_away() -> None:
    async def scene() -> None:
        tour = tour_of([("go there", "press 4", "swarm-pane"), ("then", "read", "")])
        async with stage(tour=tour) as st:
            assert "tour 1/2: go there" in st.text()
            await st.press("4")
            assert "tour 2/2: then" in st.text()
            assert run_command(st.app, "tour off") is None
            await st.settle()
            assert "tour" not in st.text()

    play(scene())


def test_toasts_are_logged_and_plain() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.app.say("[b]not markup[/b] [/x]", Level.WARN)
            await st.settle()
            assert st.app.state.notices[-1].text == "[b]not markup[/b] [/x]"
            assert "[b]not markup[/b] [/x]" in st.text()

    play(scene())


def test_a_peer_that_comes_and_goes_keeps_the_cursor() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("6", "j")
            rows = (peer(2), peer(0), peer(1, state=PeerState.KNOWN))
            await st.push(PeersView(rows))
            pane = st.app.panes["peers"]
            assert pane.peer.peer == peer(1).peer and pane.list.cursor == 2  # type: ignore[attr-defined]

    play(scene())


def test_the_wheel_and_a_click() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("6")
            await st.pilot.click("#peers", offset=(5, 4))
            assert st.app.panes["peers"].list.cursor == 2  # type: ignore[attr-defined]
            await st.pilot.click("#tabs", offset=(3, 0))
            assert st.app.pane_name == "search"
            await st.pilot.click("#banner")
            assert st.app.overlay is not None
            assert NOW and transfer(0).size

    play(scene())
