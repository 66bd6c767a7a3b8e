"""Rooms, people and copying in the Scenes pane: every key and command."""

from __future__ import annotations

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.events import Reply
from tests.tui.fake import s
from tests.tui.fake_scenes import (
    chats,
    room,
    rooms_shown,
)
from tests.tui.scenes_stage import KESSEL, asked, pane, scenes
from tests.tui.stage import NARROW, play
from tui.everywhere import run_command
from tui.viewmodel.chat import Place

# -- rooms -------------------------------------------------------------------------------------------------------------


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


# -- people ------------------------------------------------------------------------------------------------------------


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
            await st.press("escape", "o")
            assert st.client.sent(c.BrowseUser) == [c.BrowseUser("dj shadow")]

    play(scene())


# -- copying -----------------------------------------------------------------------------------------------------------


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
