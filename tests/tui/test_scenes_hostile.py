"""Foreign text in rooms, messages, people and wishes: it is shown, it steers nothing, and no row grows."""

from __future__ import annotations

import msgspec
import pytest

from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatLineView, ChatView, ModeView
from slskmesh.text import SafeStr, sanitize
from tests.tui.fake import NOW, everything, s
from tests.tui.fake_scenes import (
    chats,
    letters,
    lines,
    lost,
    mode,
    offers_shown,
    people,
    people_in,
    room,
    rooms_shown,
    user_shown,
    wishes,
)
from tests.tui.stage import NARROW, Stage, play, stage
from tests.tui.test_hostile import HOSTILE, check, soiled

MORE = (*HOSTILE, "w" * 2048, "日" * 700, "a " * 1000, "  ", "/me \x1b[2J", "//", '"', "*", "name:1.2.3.4")
ALL = pytest.mark.parametrize("text", MORE, ids=range(len(MORE)))


async def pressing(st: Stage, *chords: tuple[str, ...]) -> None:
    for keys in chords:
        await st.press(*keys)
        check(st)


@ALL
def test_hostile_rooms_and_messages_are_only_text(text: str) -> None:
    name = sanitize(text, 64)

    async def scene() -> None:
        spoken = msgspec.structs.replace(chats(), rooms=(room("ambient"), *soiled(chats(), text[:64]).rooms))
        views = (*everything(), mode(), spoken, soiled(people(), text), soiled(wishes(), text))
        async with stage(*views, size=NARROW) as st:
            await st.press("2")
            talked = tuple(
                msgspec.structs.replace(line, user=name, text=sanitize(text, 2048), why=sanitize(text))
                for line in (*lines(9).lines, *letters(first=21).lines)
            )
            await st.push(soiled(people_in(), text[:64]), ChatLines(True, s("ambient"), talked))
            check(st)
            await st.push(msgspec.structs.replace(soiled(people_in(), text[:64]), name=s("ambient")))
            check(st)
            await pressing(
                st, ("tab", "k"), ("y",), ("escape", "w"), ("escape", "p"), ("w",), ("escape", "t")
            )
            await pressing(st, ("escape", "j", "j"), ("escape", "escape", "j"), ("i", "tab"), ("escape", "c"))
            await pressing(st, ("n", "x"), ("escape", "G"), ("c",), ("n", "B"), ("escape", "a"))
            await st.press("escape")
            st.app.pasted(text)
            await st.settle()
            check(st)
            st.app.pasted(f"{text}\n{text}\n{text}")
            await st.settle()
            check(st)
            await st.press("1")
            check(st)
            st.client.answer = lambda n, command: Reply(n, False, sanitize(text, 400))
            await pressing(st, ("enter",), ("x",), ("escape",))
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("R")
            await st.push(soiled(rooms_shown(len(st.client.commands), 5), text))
            check(st)
            await st.press("escape")
            await st.push(msgspec.structs.replace(lost(), what=sanitize(text), chat=sanitize(text)))
            check(st)
            assert isinstance(st.app.state.mode, ModeView)

    play(scene())


@ALL
def test_hostile_people_and_wishes_are_only_text(text: str) -> None:
    async def scene() -> None:
        views = (
            *everything(),
            mode(),
            soiled(chats(), text[:64]),
            soiled(people(), text),
            soiled(wishes(), text),
        )
        async with stage(*views, size=NARROW) as st:
            await pressing(
                st, ("6", "right_square_bracket"), ("x",), ("escape", "e"), ("escape", "d"), ("n", "B")
            )
            await st.press("escape", "w")
            await st.push(soiled(user_shown(len(st.client.commands)), text))
            check(st)
            await pressing(st, ("escape", "right_square_bracket"), ("enter",), ("escape", "d"), ("n", "y"))
            await pressing(st, ("escape", "1", "W"), ("j",), ("d",), ("n", "e"), ("escape", "enter"))
            await st.push(soiled(offers_shown(len(st.client.commands)), text))
            check(st)
            st.client.answer = lambda n, command: Reply(n, False, sanitize(text, 400))
            await pressing(st, ("a",), ("m",), ("escape",), ("escape",))

    play(scene())


def test_even_lines_that_were_never_sanitised_cannot_steer() -> None:
    raw = SafeStr("\x1b]0;owned\x07\x9b2J\u202ex\nnext")

    async def scene() -> None:
        async with stage(*everything(), mode(), chats(), size=NARROW) as st:
            await st.press("2")
            await st.push(
                ChatView(True, s("ambient"), True, (raw,), ((raw, raw),)),
                ChatLines(True, s("ambient"), (ChatLineView(1, NOW, raw, raw, "said"),)),
            )
            check(st)
            await st.press("t")
            check(st)

    play(scene())


def test_the_text_is_there_at_all() -> None:
    """Or the tests above would show nothing."""

    async def scene() -> None:
        async with stage(*everything(), mode(), chats()) as st:
            await st.press("2")
            await st.push(
                people_in(), ChatLines(True, s("ambient"), tuple(soiled(x, "[/b]") for x in lines(3).lines))
            )
            assert st.text().count("[/b]") >= 3

    play(scene())
