"""Buddies, bans and ignores in the Peers pane, the box of a user, and the commands that name one."""

from __future__ import annotations

from pathlib import Path

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_views import PeopleView
from tests.tui.fake import ended, s
from tests.tui.fake_scenes import buddy, people, talking, user_shown
from tests.tui.stage import NARROW, Stage, play, stage
from tui.everywhere import run_command
from tui.panes.peers import PeersPane
from tui.viewmodel.chat import Place

BAN, IGNORE = ("results", "chat", "transfers"), ("results", "chat")


def pane(st: Stage) -> PeersPane:
    found = st.app.panes["peers"]
    assert isinstance(found, PeersPane)
    return found


async def buddies(st: Stage) -> None:
    await st.press("6", "right_square_bracket")


async def rules(st: Stage) -> None:
    await st.press("6", "left_square_bracket")


def test_the_three_lists_share_a_room_and_keep_their_cursors() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await st.press("6", "j")
            assert st.app.pane.place == "peers"
            await st.press("right_square_bracket", "j")
            assert "2 here of 4" in st.text() and "user Lennart" in st.text()
            await st.press("right_square_bracket")
            assert "3 rules" in st.text() and "buddies: a rule of many" in st.text()
            await st.press("right_square_bracket")
            assert "connected of" in st.text() and pane(st).list.cursor == 1
            await st.press("left_square_bracket", "left_square_bracket")
            assert pane(st).buddies.cursor == 1
            await st.press("tab")
            assert pane(st).box.id == "peer" and st.app.pane.place == "buddies"

    play(scene())


def test_the_lists_follow_the_engine_and_keep_the_cursor_on_its_row() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("j")
            await st.push(
                people(buddies=(buddy("Lennart"), buddy("aa", state="online"), buddy("bb", state="online")))
            )
            assert pane(st).buddies.cursor == 2 and "user Lennart" in st.text()
            await st.push(PeopleView())
            assert "no buddy yet: a adds one" in st.text()
            await st.press("right_square_bracket")
            assert "nobody is banned or ignored" in st.text()
            before = len(st.client.commands)
            await st.press("d", "enter", "e", "left_square_bracket", "d", "w", "T", "t", "m", "e")
            assert len(st.client.commands) == before, "without a row every key is off"

    play(scene())


def test_a_buddy_is_added_changed_and_removed() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("a", "enter")
            assert "a user's name" in st.text()
            await st.type("vinyl_b")
            await st.press("enter")
            st.client.answer = lambda n, command: Reply(n, False, s("that is you; a buddy is somebody else"))
            await st.type("from the fair")
            await st.press("enter")
            assert st.last() == c.AddBuddy("vinyl_b", "from the fair")
            assert "that is you" in st.text() and st.app.prompt.question is not None
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("enter")
            assert st.app.prompt.question is None and "vinyl_b is a buddy" in st.text()
            await st.press("T")
            assert st.last() == c.AddBuddy("kessel", "lossless only", False, False)
            await st.press("t")
            assert st.last() == c.AddBuddy("kessel", "lossless only", True, True)
            await st.press("e", "ctrl+u")
            await st.type("other words")
            await st.press("enter")
            assert st.last() == c.AddBuddy("kessel", "other words", True, False)
            await st.press("d", "n")
            assert not st.client.sent(c.RemoveBuddy)
            await st.press("d", "y")
            assert st.last() == c.RemoveBuddy("kessel")

    play(scene())


def test_from_a_buddy_to_messages_ignores_and_bans() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("I")
            assert st.last() == c.AddRule("kessel", IGNORE)
            await st.press("B")
            assert "keep user kessel from what?" in st.text()
            await st.press("1")
            assert st.last() == c.AddRule("kessel", BAN)
            await st.press("m")
            assert st.app.pane_name == "scenes" and st.app.pane.typing
            assert st.app.panes["scenes"].place_shown == Place(False, "kessel")  # type: ignore[attr-defined]

    play(scene())


def test_browsing_goes_to_the_command_of_it() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("o")
            assert st.client.sent(c.BrowseUser) == [c.BrowseUser("kessel")] and st.app.pane_name == "search"

    play(scene())


def test_a_rule_is_added_for_a_name_a_pattern_or_an_address() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await rules(st)
            await st.press("a")
            await st.type("bot_*")
            await st.press("enter")
            assert "keep pattern bot_* from what?" in st.text()
            await st.press("2")
            assert st.last() == c.AddRule("bot_*", IGNORE)
            assert run_command(st.app, "ban 198.51.100.0/24") is None
            await st.settle()
            assert "keep address 198.51.100.0/24 from what?" in st.text()
            await st.press("j", "j", "j", "j", "enter")
            assert st.last() == c.AddRule("198.51.100.0/24", ("transfers",), True)
            assert run_command(st.app, "ban name:10.0.0.1") is None
            await st.press("3")
            assert st.last() == c.AddRule("10.0.0.1", ("chat",)), "a name that looks like an address"
            st.client.answer = lambda n, command: Reply(n, False, s("that would hit nearly everybody"))
            assert run_command(st.app, "ban *") is None
            await st.press("1")
            assert "nearly everybody" in st.text()

    play(scene())


def test_a_rule_is_changed_and_removed() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await rules(st)
            await st.press("enter")
            assert "results, chat and transfers, now" in st.text()
            await st.press("5")
            assert st.last() == c.AddRule("spam*", ("transfers",), False, "the usual")
            await st.press("e", "ctrl+u", "enter")
            assert st.last() == c.AddRule("spam*", BAN, False, "")
            await st.press("j", "d")
            assert "take the rule away: transfers only 192.0.2.0/24" in st.text()
            await st.press("y")
            assert st.last() == c.RemoveRule("192.0.2.0/24", True)
            await st.press("j", "u", "y")
            assert st.last() == c.RemoveRule("loudmouth", False)

    play(scene())


def test_filters_and_copies_are_of_the_list_that_is_shown() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("slash")
            await st.type("shop")
            await st.press("enter")
            assert len(pane(st).buddies.source) == 1 and "dj shadow" in st.text()
            await st.press("y", "y")
            assert st.app.clipboard.startswith("dj shadow\toffline")
            await st.press("right_square_bracket")
            assert pane(st).filter_text == "" and len(pane(st).rules.source) == 3
            await st.press("slash")
            await st.type("address")
            await st.press("enter", "y", "y")
            assert st.app.clipboard.startswith("192.0.2.0/24\taddress\ttransfers only")
            await st.press("y", "t")
            assert st.app.clipboard.startswith("whom\tis a\trule")

    play(scene())


# -- the box of a user -----------------------------------------------------------------------------------------------


def test_a_user_is_asked_and_shown_with_what_is_known() -> None:
    async def scene() -> None:
        async with stage(*talking(), size=NARROW) as st:
            await buddies(st)
            await st.press("enter")
            assert st.last() == c.AskUser("kessel") and "asking ..." in st.text()
            await st.push(user_shown(len(st.client.commands)))
            text = st.text()
            assert "3 slots, 12 waiting, has a free slot" in text and "8.0G received, 512M sent" in text
            assert "buddy, trusted: lossless only" in text and "Lossless rips of my own records." in text
            await st.press("y")
            assert st.app.clipboard.startswith("kessel\nLossless rips")
            await st.press("a")
            assert st.app.overlay is None and "is a buddy already" in st.text()
            assert run_command(st.app, "whois loudmouth") is None
            await st.push(
                user_shown(len(st.client.commands), "loudmouth", text=s(""), free_slot=False, slots=1)
            )
            text = st.text()
            assert "ignore, since" in text and "they say nothing of themselves" in text and "1 slot," in text
            await st.press("I")
            assert st.last() == c.AddRule("loudmouth", IGNORE)
            assert run_command(st.app, "whois vinyl_b") is None
            await st.press("m")
            assert st.app.pane_name == "scenes" and st.app.pane.typing

    play(scene())


def test_a_user_who_does_not_answer_is_told_and_a_late_answer_opens_nothing() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            st.client.answer = lambda n, command: Reply(n, False, s("kessel does not answer"))
            assert run_command(st.app, "whois kessel") is None
            await st.settle()
            assert "kessel does not answer" in st.text()
            st.client.answer = lambda n, command: Reply(n, True)
            assert run_command(st.app, "whois kessel") is None
            await st.press("escape")
            await st.push(user_shown(len(st.client.commands)))
            assert st.app.overlay is None
            assert run_command(st.app, "whois kessel") is None
            await st.press("o")
            assert st.client.sent(c.BrowseUser) == [c.BrowseUser("kessel")]
            assert run_command(st.app, "whois kessel") is None
            await st.press("B", "1")
            assert st.last() == c.AddRule("kessel", BAN)

    play(scene())


# -- commands --------------------------------------------------------------------------------------------------------


def test_commands_about_a_user() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            assert run_command(st.app, "buddy vinyl_b") is None
            await st.press("enter")
            assert st.last() == c.AddBuddy("vinyl_b")
            assert run_command(st.app, "ignore loud one") is None
            assert st.last() == c.AddRule("loud one", IGNORE)
            assert run_command(st.app, "unban loudmouth") is None
            assert st.last() == c.RemoveRule("loudmouth")
            assert run_command(st.app, "unban 192.0.2.0/24") is None
            assert st.last() == c.RemoveRule("192.0.2.0/24", True)
            assert run_command(st.app, "unbuddy kessel") is None
            await st.press("y")
            assert st.last() == c.RemoveBuddy("kessel")
            assert run_command(st.app, "unbuddy stranger") is None
            await st.settle()
            assert "stranger is no buddy" in st.text()
            assert run_command(st.app, "whois") is None
            await st.type("dj")
            await st.press("tab", "enter")
            assert st.last() == c.AskUser("dj shadow"), "a command without a name asks for it"
            assert st.app.registry.complete(st.app, "unban s") == ["unban spam*"]
            assert st.app.registry.complete(st.app, "whois Le") == ["whois Lennart"]
            assert run_command(st.app, "bans") is None
            await st.settle()
            assert pane(st).tab == "rules"
            assert run_command(st.app, "buddies") is None
            await st.settle()
            assert pane(st).tab == "buddies"

    play(scene())


def test_lists_are_written_and_read(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.press("W", "enter")
            assert not st.client.commands and "a file that does not exist yet" in st.text()
            st.client.answer = lambda n, command: Reply(n, False, s("this file exists"))
            await st.type("~/people.txt")
            await st.press("enter")
            assert st.last() == c.ExportPeople(str(Path.home() / "people.txt"))
            assert "this file exists" in st.text() and st.app.prompt.question is not None
            st.client.answer = lambda n, command: Reply(n, True, s("4 buddies and 3 rules written"))
            await st.press("enter")
            assert st.app.prompt.question is None and "4 buddies and 3 rules written" in st.text()
            await st.press("right_square_bracket", "R")
            await st.type(str(tmp_path / "list"))
            await st.press("enter")
            assert st.last() == c.ImportPeople(str(tmp_path / "list"))
            assert run_command(st.app, f"importpeople {tmp_path}/x") is None
            assert st.last() == c.ImportPeople(f"{tmp_path}/x")
            assert run_command(st.app, f"exportpeople {tmp_path}/x") is None
            assert st.last() == c.ExportPeople(f"{tmp_path}/x")

    play(scene())


def test_after_the_engine_ended_everything_says_so() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await buddies(st)
            await st.push(ended())
            sent: list[Command] = list(st.client.commands)
            await st.press("a", "w", "m", "T", "d", "R", "W", "right_square_bracket", "a", "enter", "d")
            assert st.client.commands == sent and st.app.prompt.question is None
            assert "the engine has stopped" in (run_command(st.app, "whois kessel") or "")

    play(scene())
