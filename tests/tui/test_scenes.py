"""The Scenes pane: what is watched and read, scrolling, going to places, what a lost server leaves."""

from __future__ import annotations

import pytest

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatsView
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
    said,
    talk,
    talking,
)
from tests.tui.scenes_stage import AMBIENT, KESSEL, SHADOW, asked, pane, scenes, wait
from tests.tui.stage import play, stage
from tui.viewmodel.chat import EARLIER, Place

# -- what is shown and watched -----------------------------------------------------------------------------------------


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
            await st.push(chats(rooms=(room("ambient", unread=5),)), lines(1, first=21))
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


# -- scrolling ---------------------------------------------------------------------------------------------------------


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


# -- going -------------------------------------------------------------------------------------------------------------


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


# -- when the server is away -------------------------------------------------------------------------------------------


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
