"""What rooms, messages, people and wishes look like, as text, at both sizes and in both charsets."""

from __future__ import annotations

from slskmesh.engine.views import Banner
from tests.tui.fake import status
from tests.tui.fake_scenes import chats as chats_view
from tests.tui.fake_scenes import (
    disaster,
    letters,
    lines,
    offers_shown,
    people_in,
    room,
    rooms_shown,
    talking,
    user_shown,
)
from tests.tui.stage import Stage, appearance, golden, play, stage
from tests.tui.test_goldens import CHARSETS, SIZES, name
from tui.everywhere import run_command
from tui.viewmodel.glyphs import ASCII, Glyphs


def hybrid() -> tuple[object, ...]:
    return (*talking(), status(Banner.HYBRID))


async def ambient(st: Stage) -> None:
    await st.press("2")
    await st.push(people_in(), lines(20))


@SIZES
@CHARSETS
def test_rooms_and_messages(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(*hybrid(), size=size, look=appearance(glyphs)) as st:  # type: ignore[arg-type]
            await ambient(st)
            golden(name("scenes", size, glyphs), st.text())
            await st.press("i")
            await st.type("yes, in an hour")
            await st.press("pageup")
            golden(name("scenes_typing", size, glyphs), st.text())
            await st.press("escape", "G", "k", "tab")
            await st.push(letters())
            await st.press("k", "k")
            golden(name("scenes_messages", size, glyphs), st.text())
            await st.press("escape", "shift+tab", "g", "g")
            away = tuple(room(one, joined=False, unread=0) for one in ("ambient", "Dub Techno"))
            await st.push(disaster(), chats_view(rooms=away), status(Banner.DISASTER))
            await st.push(lines(20))
            golden(name("scenes_disaster", size, glyphs), st.text())

    play(scene())


@SIZES
def test_boxes_of_the_scenes(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*hybrid(), size=size) as st:  # type: ignore[arg-type]
            await ambient(st)
            await st.push(lines(1, first=21), people_in())
            await st.press("t")
            golden(name("scenes_tickers", size), st.text())
            await st.press("escape", "tab", "k", "k", "k", "k", "k", "y")
            golden(name("scenes_copy", size), st.text())
            await st.press("escape", "R")
            await st.push(rooms_shown(len(st.client.commands)))
            await st.type("room 1")
            golden(name("scenes_rooms", size), st.text())
            await st.press("escape", "escape", "p", "j")
            golden(name("scenes_people", size), st.text())
            st.app.pasted("one\ntwo\nthree")
            await st.settle()
            golden(name("scenes_paste", size), st.text())

    play(scene())


@SIZES
def test_people_and_wishes(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*hybrid(), size=size) as st:  # type: ignore[arg-type]
            await st.press("6", "right_square_bracket")
            golden(name("people_buddies", size), st.text())
            await st.press("w")
            await st.push(user_shown(len(st.client.commands)))
            golden(name("people_user", size), st.text())
            await st.press("escape", "right_square_bracket")
            golden(name("people_rules", size), st.text())
            await st.press("enter")
            golden(name("people_scope", size), st.text())
            await st.press("escape")
            assert run_command(st.app, "wishes") is None
            await st.press("j")
            golden(name("wishes", size), st.text())
            await st.press("enter")
            await st.push(offers_shown(len(st.client.commands)))
            golden(name("wish_offers", size), st.text())

    play(scene())


def test_ascii_shows_nothing_else() -> None:
    async def scene() -> None:
        async with stage(*hybrid(), look=appearance(ASCII)) as st:  # type: ignore[arg-type]
            await ambient(st)
            assert st.text().isascii()
            for keys in (
                ("i",),
                ("escape", "pageup"),
                ("y",),
                ("escape", "G"),
                ("6", "right_square_bracket"),
                ("1", "W"),
            ):
                await st.press(*keys)
                assert st.text().isascii()

    play(scene())
