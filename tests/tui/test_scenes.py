"""The Scenes pane: every key and command, what is watched and read, what comes back, what a lost server leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatsView
from slskmesh.engine.views import View
from tests.tui.fake import NOW, ended, everything, s
from tests.tui.fake_scenes import (
    chats,
    disaster,
    letters,
    lines,
    lost,
    mode,
    people,
    people_in,
    room,
    rooms_shown,
    said,
    talk,
    talking,
)
from tests.tui.stage import NARROW, Stage, play, stage
from tui.everywhere import run_command
from tui.panes.scenes import ScenesPane
from tui.viewmodel.chat import EARLIER, Place
from tui.viewmodel.speaking import PASTED_MAX, TYPED_MAX

AMBIENT, KESSEL, SHADOW = Place(True, "ambient"), Place(False, "kessel"), Place(False, "dj shadow")


def pane(st: Stage) -> ScenesPane:
    found = st.app.panes["scenes"]
    assert isinstance(found, ScenesPane)
    return found


def asked(st: Stage, kind: type[Command]) -> list[Command]:
    return st.client.sent(kind)


@asynccontextmanager
async def scenes(*more: View | Event, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    """The pane with the room "ambient" open: twenty lines, the last three unread."""
    async with stage(*talking(), size=size) as st:
        now = [100.0]
        st.app.monotonic = lambda: now[0]
        st.clock = now  # type: ignore[attr-defined]
        await st.press("2")
        await st.push(people_in(), lines(20), *more)
        yield st


async def wait(st: Stage, seconds: float) -> None:
    st.clock[0] += seconds  # type: ignore[attr-defined]
    st.app.second()
    await st.settle()


# -- what is shown and watched ---------------------------------------------------------------------------------------


def test_the_first_room_is_shown_and_watched_and_only_while_the_pane_is_there() -> None:
    async def scene() -> None:
        async with scenes() as st:
            assert asked(st, c.WatchChat) == [c.WatchChat("ambient", True)]
            text = st.text()
            assert (
                "#ambient" in text
                and "unread: 3 new since" in text
                and "* │ dubmaster puts the kettle" in text
            )
            await st.press("1")
            assert asked(st, c.WatchChat)[-1] == c.WatchChat("")
            await st.press("2")
            assert asked(st, c.WatchChat)[-1] == c.WatchChat("ambient", True)

    play(scene())


def test_moving_in_the_list_shows_another_place_and_passes_over_headings() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("k")
            assert pane(st).place_shown == AMBIENT, "above it is a heading"
            await st.press("j", "j", "j", "j")
            assert pane(st).place_shown == KESSEL
            assert asked(st, c.WatchChat)[-1] == c.WatchChat("kessel", False)
            await st.push(letters())
            text = st.text()
            assert (
                "waits to be sent; d takes it back" in text and "not sent: this user does not exist" in text
            )
            assert not pane(st).people.size.height, "nobody stands beside a conversation"
            await st.press("k")
            assert pane(st).place_shown == Place(True, "secret")
            assert "! the room is private" in st.text()

    play(scene())


def test_it_counts_as_read_after_a_second_at_the_newest_lines() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await wait(st, 0.5)
            assert not asked(st, c.MarkRead), "the person only passed by"
            await wait(st, 1)
            await wait(st, 1)
            assert asked(st, c.MarkRead) == [c.MarkRead("ambient", True)], "once"
            await st.press("tab", "k", "k", "g", "g")
            await st.push(chats(), lines(1, first=21))
            await wait(st, 5)
            assert len(asked(st, c.MarkRead)) == 1, "the newest line is not on the screen"
            await st.press("G")
            await st.push(chats(rooms=(room("ambient", unread=4),)))
            await wait(st, 5)
            assert len(asked(st, c.MarkRead)) == 2
            await st.press("1")
            await st.push(chats(rooms=(room("ambient", unread=9),)))
            await wait(st, 5)
            assert len(asked(st, c.MarkRead)) == 2, "the pane is not on the screen"

    play(scene())


def test_nothing_is_read_before_its_lines_came() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            st.app.monotonic = lambda: 0.0
            await st.press("2")
            st.app.monotonic = lambda: 100.0
            st.app.second()
            await st.settle()
            assert not asked(st, c.MarkRead) and "asking" in st.text()
            await st.push(people_in(tickers=()))
            assert "nothing was said here yet" in st.text()

    play(scene())


def test_m_marks_as_read_at_once() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("m")
            assert asked(st, c.MarkRead) == [c.MarkRead("ambient", True)]
            assert "unread:" not in st.text()

    play(scene())


# -- scrolling -------------------------------------------------------------------------------------------------------


def test_scrolling_tells_how_much_is_below_and_stays_while_lines_come() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i", "pageup")
            assert "-MORE(" in st.text() and pane(st).typing
            top = st.text().splitlines()[3]
            await st.push(lines(5, first=21))
            assert st.text().splitlines()[3] == top
            await st.press("pagedown", "pagedown", "pagedown")
            assert "-MORE(" not in st.text()
            await st.push(lines(1, first=26))
            assert "-MORE(" not in st.text() and pane(st).chat.bottom is None

    play(scene())


def test_earlier_messages_are_asked_for_once_at_the_top() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "k")
            await st.push(letters(first=301, count=60))
            await st.press("tab", "g", "g", "g", "g")
            assert asked(st, c.Earlier) == [c.Earlier("kessel", 301, EARLIER)]
            first = pane(st).chat.cursor
            await st.push(letters(first=101, count=200, earlier=True))
            assert pane(st).chat.cursor == first, "the cursor stays on its line"
            await st.press("g", "g")
            assert asked(st, c.Earlier)[-1] == c.Earlier("kessel", 101, EARLIER)
            await st.push(letters(first=81, count=20, earlier=True))
            await st.press("g", "g")
            assert len(asked(st, c.Earlier)) == 2, "there is nothing before these"
            assert pane(st).chat.line is not None and pane(st).chat.line.number == 81

    play(scene())


def test_the_rooms_lines_come_at_once_so_none_are_asked_for() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("tab", "g", "g")
            assert not asked(st, c.Earlier)

    play(scene())


def test_earlier_messages_that_cannot_be_had_are_told_and_asked_again_later() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "k")
            await st.push(letters(first=301, count=60))
            st.client.answer = lambda n, command: Reply(n, not isinstance(command, c.Earlier), s("disk full"))
            await st.press("tab", "g", "g")
            assert "disk full" in st.text()
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("g", "g")
            assert len(asked(st, c.Earlier)) == 2

    play(scene())


def test_a_line_is_sought_in_the_lines_that_are_there() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("tab", "slash")
            await st.type("kettle")
            await st.press("enter")
            at = pane(st).chat.line
            assert at is not None and at.number == 18
            await st.press("n", "N", "N")
            assert pane(st).chat.line is not None and pane(st).chat.line.number == 11
            assert pane(st).filter_text == "", "no line is hidden"
            await st.press("escape")
            assert pane(st).chat.cursor is None and pane(st).chat.bottom is None

    play(scene())


def test_lists_are_narrowed_by_words() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("slash")
            await st.type("ke")
            await st.press("enter")
            assert [row.place.name for row in pane(st).buffers.rows] == ["messages", "kessel"]
            await st.press("escape")
            assert len(pane(st).buffers.rows) == 8
            await st.press("1", "2")
            await st.push(people_in())

    play(scene())


# -- saying ----------------------------------------------------------------------------------------------------------


def test_a_line_is_said_and_history_brings_it_back() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i")
            await st.type("hello there")
            await st.press("enter")
            assert st.last() == c.Say("ambient", "hello there")
            assert pane(st).typing and pane(st).typed.box.edit.text == ""
            await st.type("two")
            await st.press("enter", "up", "up")
            assert pane(st).typed.box.edit.text == "hello there"
            await st.press("escape")
            assert not pane(st).typing
            await st.press("enter")
            assert pane(st).typing, "enter types, too"

    play(scene())


def test_what_is_typed_is_not_covered_by_what_is_said_of_it() -> None:
    async def scene() -> None:
        async with scenes(size=NARROW) as st:
            await st.press("i")
            await st.type("hello")
            st.app.say("again in 8 s: " + "many words " * 20)
            await st.settle()
            rows = st.text().splitlines()
            assert "many words" in rows[18] and "[ambient] hello" in rows[20]

    play(scene())


def test_a_message_goes_to_the_user() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "i")
            await st.type("hi")
            await st.press("enter")
            assert st.last() == c.Whisper("dj shadow", "hi")
            assert "dj shadow is offline; the server keeps" in st.text()

    play(scene())


def test_a_refused_line_comes_back_into_its_own_place() -> None:
    async def scene() -> None:
        async with scenes() as st:
            st.client.answer = lambda n, command: Reply(
                n, not isinstance(command, c.Say), s("too long by 3 bytes")
            )
            await st.press("i")
            await st.type("too much")
            await st.press("enter")
            assert pane(st).typed.box.edit.text == "too much" and "too long by 3 bytes" in st.text()
            await st.press("x")
            assert pane(st).typed.box.wrong == ""
            st.client.answer = lambda n, command: None
            await st.press("enter", "n", "e", "w")
            number = len(st.client.commands)
            await st.push(Reply(number, False, s("again in 8 s")))
            assert pane(st).typed.box.edit.text == "new", "what is typed meanwhile stays"
            await st.press("up")
            assert pane(st).typed.box.edit.text == "too muchx"
            await st.press("escape", "j")
            assert pane(st).typed.box.edit.text == ""

    play(scene())


def test_each_place_keeps_its_unfinished_line() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i")
            await st.type("unfinished")
            await st.press("alt+down")
            assert pane(st).place_shown == Place(True, "Dub Techno") and pane(st).typing
            assert pane(st).typed.box.edit.text == ""
            await st.press("alt+up")
            assert pane(st).typed.box.edit.text == "unfinished"

    play(scene())


def test_slash_commands_and_the_literal_slash() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i")
            await st.type("//join is a command")
            await st.press("enter")
            assert st.last() == c.Say("ambient", "/join is a command")
            await st.type("/me waves")
            await st.press("enter")
            assert st.last() == c.Say("ambient", "/me waves")
            await st.type("/ticker looking for Pole")
            await st.press("enter")
            assert st.last() == c.SetTicker("ambient", "looking for Pole")
            await st.type("/ticker")
            await st.press("enter")
            assert st.last() == c.SetTicker("ambient", "")
            before = len(st.client.commands)
            await st.type("/jion x")
            await st.press("enter")
            assert len(st.client.commands) == before and pane(st).typed.box.edit.text == "/jion x"
            assert "no command jion; nearest: join" in st.text()

    play(scene())


def test_tab_completes_people_first() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i")
            await st.type("tape")
            await st.press("tab")
            assert pane(st).typed.box.edit.text == "tape_hiss: "
            await st.press("ctrl+u")
            await st.type("/msg dj")
            await st.press("tab")
            assert pane(st).typed.box.edit.text == '/msg "dj shadow" '
            await st.press("ctrl+u")
            await st.type("/jo")
            await st.press("tab", "tab")
            assert pane(st).typed.box.edit.text in {"/job ", "/jobs ", "/join "}
            await st.press("ctrl+u")
            await st.type("/join vin")
            await st.press("shift+tab")
            assert pane(st).typed.box.edit.text == "/join vinyl & rips"

    play(scene())


def test_pasted_lines_are_asked_about() -> None:
    async def scene() -> None:
        async with scenes() as st:
            st.app.pasted("one line")
            await st.settle()
            assert pane(st).typing and pane(st).typed.box.edit.text == "one line"
            await st.press("ctrl+u")
            st.app.pasted("one\r\n\ntwo\nthree\x1b[31m\n")
            await st.settle()
            assert "3 lines were pasted" in st.text() and not asked(st, c.Say)
            await st.press("2")
            assert asked(st, c.Say) == [c.Say("ambient", line) for line in ("one", "two", "three\ufffd[31m")]
            st.app.pasted("a\nb")
            await st.settle()
            await st.press("1")
            assert pane(st).typed.box.edit.text == "a b" and len(asked(st, c.Say)) == 3
            await st.press("ctrl+u")
            st.app.pasted("x\n" * (PASTED_MAX + 1))
            await st.settle()
            await st.press("2")
            assert f"at most {PASTED_MAX} at once" in st.text() and len(asked(st, c.Say)) == 3
            await st.press("escape")
            st.app.pasted("y" * (TYPED_MAX + 1))
            await st.settle()
            assert pane(st).typed.box.edit.text == "" and "too long" in st.text()

    play(scene())


def test_pasted_lines_that_are_refused_wait_in_the_line_and_its_history() -> None:
    async def scene() -> None:
        async with scenes() as st:

            def answer(number: int, command: Command) -> Reply:
                refused = isinstance(command, c.Say) and command.text == "two"
                return Reply(number, not refused, s("again in 9 s") if refused else s(""))

            st.client.answer = answer
            st.app.pasted("one\ntwo\nthree\nfour")
            await st.settle()
            await st.press("2")
            assert [x.text for x in asked(st, c.Say)] == ["one", "two"]  # type: ignore[attr-defined]
            assert "3 lines were not said" in st.text()
            edit = pane(st).typed.box.edit
            assert edit.text == "two"
            await st.press("i", "up")
            assert edit.text == "three"
            await st.press("up")
            assert edit.text == "four"

    play(scene())


def test_a_message_that_waits_is_taken_back() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "k")
            await st.push(letters())
            assert "are you there?" in st.text()
            await st.press("d")
            assert st.last() == c.Withdraw("kessel", 107)
            assert "are you there?" not in st.text()
            await st.press("d")
            assert len(asked(st, c.Withdraw)) == 1
            assert "no message here waits" in st.app.state.notices[-1].text

    play(scene())


def test_a_message_on_its_way_cannot_be_taken_back() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "k")
            await st.push(letters())
            st.client.answer = lambda n, command: Reply(n, False, s("it is on its way"))
            await st.press("d")
            assert "it is on its way" in st.text() and "are you there?" in st.text()
            await st.push(ChatLines(False, s("kessel"), (said(107, "sent", "are you there?", "kessel"),)))
            assert "waits to be sent" not in st.text() and st.text().count("are you there?") == 1

    play(scene())


# -- going -----------------------------------------------------------------------------------------------------------


def test_alt_keys_go_to_what_is_new_also_while_typing() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i", "alt+a")
            assert pane(st).place_shown == KESSEL and pane(st).typing
            await st.push(letters())
            await st.press("alt+a")
            assert pane(st).place_shown == AMBIENT, "a mention"
            await st.push(chats(conversations=(), rooms=(room("ambient"), room("vinyl & rips", unread=2))))
            await st.press("alt+a")
            assert pane(st).place_shown == Place(True, "vinyl & rips")
            await st.push(chats(conversations=(), rooms=(room("ambient"), room("vinyl & rips"))))
            await st.press("alt+a")
            assert "nothing new anywhere else" in st.text()
            await st.press("escape", "1", "alt+a")
            assert st.app.pane_name == "scenes"

    play(scene())


def test_from_another_pane_the_first_with_something_new_is_shown() -> None:
    async def scene() -> None:
        async with stage(
            *everything(), mode(), chats(rooms=(room("idm"), room("dub", unread=3, mentions=1)))
        ) as st:
            await st.press("alt+a")
            assert st.app.pane_name == "scenes" and pane(st).place_shown == Place(True, "dub")

    play(scene())


def test_alt_u_goes_to_the_first_unread_line() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i", "alt+u")
            line = pane(st).chat.line
            assert line is not None and line.number == 18
            await st.press("escape", "m", "alt+u")
            assert "nothing unread here" in st.text()

    play(scene())


def test_by_number() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("alt+5")
            assert pane(st).place_shown == KESSEL
            await st.press("pound_sign")
            assert pane(st).place_shown == Place(True, "vinyl & rips"), "what older terminals send for alt+3"
            await st.press("i", "alt+1")
            assert pane(st).place_shown == AMBIENT
            await st.press("alt+j")
            assert "two digits" in st.text()
            await st.press("0", "6")
            assert pane(st).place_shown == SHADOW and pane(st).typing
            await st.press("escape", "alt+j", "x", "k")
            assert pane(st).place_shown == KESSEL and st.app.overlay is None, "x only ended the number"
            await st.press("alt+0")
            assert "there is no 10 in the list" in st.text()
            await st.press("i", "pound_sign")
            assert pane(st).place_shown == KESSEL, "while typing it is a sign"

    play(scene())


# -- rooms -----------------------------------------------------------------------------------------------------------


def test_the_list_of_rooms_is_narrowed_by_words_and_enter_joins() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("R")
            assert st.last() == c.ListRooms() and "asking the server" in st.text()
            await st.push(rooms_shown(len(st.client.commands)))
            assert "40 rooms of 3,124, the fullest" in st.text() and "900 users, you are in it" in st.text()
            await st.type("room 07")
            await st.press("enter")
            assert st.last() == c.JoinRoom("room 07")
            await st.push(chats(rooms=(room("ambient"), room("room 07"))))
            assert pane(st).place_shown == Place(True, "room 07")
            assert run_command(st.app, "rooms private 3") is None
            await st.push(rooms_shown(len(st.client.commands)))
            assert "room 03" in st.text() and "room 05" not in st.text()

    play(scene())


def test_rooms_that_cannot_be_listed_say_why_and_a_late_list_opens_nothing() -> None:
    async def scene() -> None:
        async with scenes() as st:
            st.client.answer = lambda n, command: Reply(n, False, s("there is no session with the server"))
            await st.press("R")
            assert st.app.overlay is None and "no session with the server" in st.text()
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("R", "escape")
            await st.push(rooms_shown(len(st.client.commands)))
            assert st.app.overlay is None

    play(scene())


def test_joining_and_leaving_by_keys_and_commands() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("J", "enter")
            assert "the name of a room" in st.text()
            await st.type("#Ambient Noise")
            await st.press("enter")
            assert st.last() == c.JoinRoom("Ambient Noise")
            await st.press("c", "n")
            assert not asked(st, c.LeaveRoom)
            await st.press("c", "y")
            assert st.last() == c.LeaveRoom("ambient")
            await st.push(chats(rooms=(room("ambient", joined=False, wanted=False),)))
            await st.press("c", "y")
            assert st.last() == c.LeaveRoom("ambient", True)
            await st.push(chats(rooms=()))
            assert pane(st).place_shown == KESSEL
            await st.press("c")
            assert "drop the conversation with kessel" in st.text()
            await st.press("y")
            assert st.last() == c.ForgetConversation("kessel")
            assert run_command(st.app, "join lounge") is None and st.last() == c.JoinRoom("lounge")
            assert run_command(st.app, "part lounge") is None and st.last() == c.LeaveRoom("lounge")
            assert run_command(st.app, "part") is None
            await st.settle()
            assert "part takes the name of a room" in st.text()

    play(scene())


def test_a_conversation_with_messages_waiting_says_so_before_it_is_dropped() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("G", "c")
            assert "1 message would not be sent" in st.text()

    play(scene())


def test_writing_to_somebody_new_opens_a_conversation_that_c_closes() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("W")
            await st.type("stranger")
            await st.press("enter")
            assert pane(st).place_shown == Place(False, "stranger") and pane(st).typing
            assert asked(st, c.WatchChat)[-1] == c.WatchChat("stranger", False)
            await st.type("hello")
            await st.press("enter")
            assert st.last() == c.Whisper("stranger", "hello")
            await st.press("escape", "c")
            assert st.app.prompt.question is None and pane(st).place_shown != Place(False, "stranger")
            assert run_command(st.app, 'msg "dj shadow" how are you') is None
            assert st.last() == c.Whisper("dj shadow", "how are you")
            assert run_command(st.app, "msg dj shadow and more") is None
            assert st.last() == c.Whisper("dj shadow", "and more"), "a known name needs no quotes"
            assert run_command(st.app, "msg kessel") is None
            await st.settle()
            assert pane(st).place_shown == KESSEL and pane(st).typing

    play(scene())


def test_tickers_hang_on_the_wall() -> None:
    async def scene() -> None:
        async with scenes() as st:
            assert "2 tickers" in st.text()
            await st.press("t")
            assert "2 tickers in #ambient" in st.text() and "looking for Pole - 1" in st.text()
            await st.press("escape", "j")
            assert run_command(st.app, "topic") is None
            await st.settle()
            assert "nothing hangs here" in st.text()
            await st.press("escape", "G", "t")
            assert "this is no room" in st.text()

    play(scene())


# -- people ----------------------------------------------------------------------------------------------------------


def test_people_of_the_room_buddies_first() -> None:
    async def scene() -> None:
        async with scenes() as st:
            names = [pane(st).people.source.row(at) for at in range(3)]
            assert names == ["dj shadow", "kessel", "Lennart"]
            assert "›*dj shadow" in st.text()
            await st.press("p", "j", "w")
            assert st.last() == c.AskUser("kessel")
            await st.press("escape", "a")
            assert "kessel is a buddy already" in st.text()
            await st.press("G", "a")
            await st.type("good taste")
            await st.press("enter")
            assert st.last() == c.AddBuddy("vinyl_b", "good taste")
            await st.press("I")
            assert st.last() == c.AddRule("vinyl_b", ("results", "chat"))
            await st.press("B", "4")
            assert st.last() == c.AddRule("vinyl_b", ("results",))
            await st.press("enter")
            assert pane(st).place_shown == Place(False, "vinyl_b") and pane(st).typing
            await st.press("escape", "slash")

    play(scene())


def test_people_are_narrowed_by_words() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("p", "slash")
            await st.type("le")
            await st.press("enter")
            assert [str(x) for x in pane(st).people.source.items] == ["Lennart", "lena"]  # type: ignore[attr-defined]
            assert pane(st).people.title == "people 9"
            await st.press("escape")
            assert len(pane(st).people.source) == 9

    play(scene())


def test_on_a_small_screen_the_people_get_the_pane_when_they_are_asked_for() -> None:
    async def scene() -> None:
        async with scenes(size=NARROW) as st:
            assert "people 9" not in st.text()
            await st.press("i")
            await st.type("/who")
            await st.press("enter")
            assert "people 9" in st.text() and "tape_hiss" in st.text() and not pane(st).typing
            await st.press("escape")
            assert "people 9" not in st.text()

    play(scene())


def test_a_key_about_a_user_needs_one() -> None:
    async def scene() -> None:
        async with scenes() as st:
            before = len(st.client.commands)
            await st.press("w", "a", "I", "B")
            assert len(st.client.commands) == before and "nobody is chosen" in st.text()
            await st.press("tab", "k", "k", "w")
            assert st.last() == c.AskUser("tape_hiss"), "who said the line"
            await st.press("escape", "shift+tab", "G", "w")
            assert st.last() == c.AskUser("dj shadow"), "whose conversation it is"
            before = len(st.client.commands)
            await st.press("escape", "o")
            if st.app.registry.command("browse") is None:
                assert len(st.client.commands) == before
                assert "cannot be browsed here" in st.app.state.notices[-1].text

    play(scene())


# -- copying ---------------------------------------------------------------------------------------------------------


def test_y_copies_text_links_names_and_everything() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("y", "y")
            assert st.app.clipboard == "[b]bold?[/b] no, plain"
            await st.press("tab", "k", "k", "k", "k", "y")
            assert "https://example.org/releases/2013" in st.text()
            await st.press("1")
            assert st.app.clipboard == "https://example.org/releases/2013"
            await st.press("y", "u")
            assert st.app.clipboard == "lowpass"
            await st.press("y", "l")
            assert st.app.clipboard.startswith("21:57 lowpass: yes, look at")
            await st.press("y", "t")
            assert st.app.clipboard.count("\n") == 19
            await st.press("x")
            assert "leave the room" in st.text()

    play(scene())


# -- when the server is away -----------------------------------------------------------------------------------------


def test_a_lost_server_is_told_in_every_place_and_lines_stay_readable() -> None:
    async def scene() -> None:
        async with scenes() as st:
            away = tuple(room(name, joined=False, unread=0) for name in ("ambient", "Dub Techno"))
            await st.push(lost(), chats(rooms=away))
            text = " ".join(st.text().split())
            assert "the line to the server was lost" in text and "The Soulseek server is away." in text
            assert "[b]bold?[/b]" in text, "what was said stays"
            await st.press("j")
            await st.push(ChatLines(True, s("Dub Techno"), (said(1), said(2))))
            assert "The Soulseek server is away." in " ".join(st.text().split()), "here too"
            await st.press("G")
            assert "what you write waits to be sent" in " ".join(st.text().split())
            await st.push(disaster())
            assert "mesh-only mode active." in st.text() and "! Legacy" in st.text()
            await st.push(mode(), chats())
            assert "Mode hybrid." in st.text()
            assert "what you write waits" not in st.text()

    play(scene())


def test_a_change_is_told_also_while_another_pane_is_shown() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("1")
            await st.push(lost())
            await st.press("2")
            await st.push(lines(20))
            assert "The Soulseek server is away." in " ".join(st.text().split())

    play(scene())


def test_after_the_engine_ended_nothing_is_asked_and_lines_are_not_lost() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.press("i")
            await st.type("kept")
            await st.push(ended())
            before = len(st.client.commands)
            await st.press("enter")
            assert pane(st).typed.box.edit.text == "kept" and "the engine has stopped" in st.text()
            await st.press("escape", "i", "j", "m", "R", "J", "c", "d", "1", "2")
            assert len(st.client.commands) == before

    play(scene())


def test_nothing_open_says_how_to_begin() -> None:
    async def scene() -> None:
        async with stage(*everything(), mode(), ChatsView()) as st:
            await st.press("2")
            assert "no room yet: R lists" in st.text()
            before = len(st.client.commands)
            await st.press("i", "c", "t", "m")
            assert not pane(st).typing and len(st.client.commands) == before
            st.app.pasted("lost")
            await st.push(ChatsView((), (talk("kessel"),)))
            assert pane(st).place_shown == KESSEL

    play(scene())


def test_the_wheel_and_clicks() -> None:
    async def scene() -> None:
        async with scenes() as st:
            await st.pilot.click("#say")
            await st.settle()
            assert pane(st).typing
            await st.press("escape")
            await st.pilot.click("#chat", offset=(10, 20))
            assert pane(st).box.id == "chat" and pane(st).chat.cursor is not None
            await st.pilot.click("#buffers", offset=(5, 3))
            assert pane(st).place_shown == Place(True, "Dub Techno")

    play(scene())


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_every_row_is_as_wide_as_the_screen(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with scenes(people(), size=size) as st:
            for keys in (
                (),
                ("i",),
                ("escape", "tab", "k"),
                ("plus",),
                ("plus",),
                ("plus", "p"),
                ("escape", "G"),
            ):
                await st.press(*keys)
                strips = st.app.screen._compositor.render_strips()
                assert {strip.cell_length for strip in strips} == {size[0]}
            assert NOW

    play(scene())
