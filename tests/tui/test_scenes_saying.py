"""Saying in the Scenes pane: lines, commands, tab, pasted lines, what is refused or taken back."""

from __future__ import annotations

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_events import ChatLines
from tests.tui.fake import s
from tests.tui.fake_scenes import (
    letters,
    said,
)
from tests.tui.scenes_stage import asked, pane, scenes
from tests.tui.stage import NARROW, play
from tui.viewmodel.chat import Place
from tui.viewmodel.speaking import PASTED_MAX, TYPED_MAX

# -- saying ------------------------------------------------------------------------------------------------------------


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
            st.client.answer = lambda n, command: Reply(n, False, s("no"))
            await st.press("ctrl+u")
            await st.type("//x")
            await st.press("enter")
            assert st.last() == c.Say("ambient", "/x") and pane(st).typed.box.edit.text == "//x"
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
