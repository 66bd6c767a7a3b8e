"""What is typed under a chat: commands, names with blanks, tab, pasted lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.speaking import (
    PASTED_MAX,
    Sources,
    Tabs,
    complete,
    pasted,
    quoted,
    read,
    speakers,
    split_name,
)

NAMES = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30).filter(
    lambda name: name == name.strip() and '"' not in name
)
WORDS = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("hello", "say", "hello"),
        (" /join x", "say", " /join x"),
        ("//join is a command", "say", "/join is a command"),
        ("/join Ambient Noise", "command", "join Ambient Noise"),
        ("/me waves", "command", "me waves"),
        ("/", "nothing", ""),
        ("/  ", "nothing", ""),
        ("   ", "nothing", ""),
        ("", "nothing", ""),
        ("///", "say", "//"),
    ],
)
def test_a_line_is_said_or_is_a_command(text: str, kind: str, words: str) -> None:
    assert read(text) == (kind, words)


@given(WORDS)
def test_every_text_can_be_said_whatever_it_begins_with(text: str) -> None:
    typed = f"/{text}" if text.startswith("/") else text
    assert read(typed) == (("say", text) if text.strip() else ("nothing", ""))


@given(NAMES, WORDS)
def test_a_quoted_name_comes_back_with_the_text_behind_it(name: str, text: str) -> None:
    assert split_name(f"{quoted(name)} {text}") == (name, text.strip())


@given(NAMES, WORDS)
def test_a_known_name_with_blanks_needs_no_quotes(name: str, text: str) -> None:
    found, rest = split_name(f"{name} {text}", [name, "other"])
    assert found.startswith(name) and (rest == text.strip() or found == "other")


def test_the_longest_known_name_counts() -> None:
    known = ("dj", "dj shadow")
    assert split_name("dj shadow hi there", known) == ("dj shadow", "hi there")
    assert split_name("dj hi", known) == ("dj", "hi")
    assert split_name("unknown one hi", known) == ("unknown", "one hi")
    assert split_name('"unclosed name', known) == ('"unclosed', "name")
    assert split_name("  ") == ("", "")


def sources() -> Sources:
    return Sources(
        ["lena", "Lennart", "dj shadow", "kessel"],
        ["Ambient Noise", "lounge"],
        ["join", "jobs", "msg", "theme"],
        lambda text: [f"{text}nord"] if text.startswith("theme ") else [],
    )


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("le", ["lena: ", "Lennart: "]),
        ("well le", ["well lena ", "well Lennart "]),
        ("dj sh", ["dj shadow: "]),
        ("hi dj sh", ["hi dj shadow "]),
        ("see #amb", ["see Ambient Noise "]),
        ("l", ["lena: ", "Lennart: ", "lounge "]),
        ("xyz", []),
        ("", []),
        ("lena ", []),
        ("/jo", ["/join ", "/jobs "]),
        ("/join amb", ["/join Ambient Noise"]),
        ("/part l", ["/part lounge"]),
        ("/msg dj", ['/msg "dj shadow" ']),
        ('/msg "dj s', ['/msg "dj shadow" ']),
        ("/whois k", ["/whois kessel"]),
        ("/theme ", ["/theme nord"]),
        ("/nothing x", []),
        ("//jo", []),
    ],
)
def test_tab_finds_people_then_rooms_and_commands(head: str, found: list[str]) -> None:
    assert complete(head, sources()) == found


def test_tab_goes_round_and_keeps_what_stands_behind_the_cursor() -> None:
    edit, tabs = LineEdit("le, hi"), Tabs()
    edit.cursor = 2
    asked = 0

    def look() -> Sources:
        nonlocal asked
        asked += 1
        return sources()

    for text in ("lena: , hi", "Lennart: , hi", "lena: , hi"):
        tabs.press(edit, look)
        assert edit.text == text and edit.text[edit.cursor :] == ", hi"
    tabs.press(edit, look, -1)
    assert edit.text == "Lennart: , hi" and asked == 1, "names are looked at once"
    edit.key("x", "x")
    tabs.press(edit, look)
    assert edit.text == "Lennart: x, hi" and asked == 2, "nothing begins so: the line stays"


def test_tab_on_the_only_command_goes_on_to_what_follows_it() -> None:
    edit, tabs = LineEdit("/the"), Tabs()
    tabs.press(edit, sources)
    tabs.press(edit, sources)
    assert edit.text == "/theme nord"


@given(st.lists(st.sampled_from(["tab", "back", "a", "/", " ", "backspace", "left"]), max_size=40))
def test_whatever_is_pressed_the_cursor_stays_in_the_line(keys: list[str]) -> None:
    edit, tabs = LineEdit(), Tabs()
    for key in keys:
        if key in {"tab", "back"}:
            tabs.press(edit, sources, 1 if key == "tab" else -1)
        else:
            edit.key(key, key if len(key) == 1 else None)
        assert 0 <= edit.cursor <= len(edit.text)


def test_who_spoke_last_comes_first() -> None:
    assert speakers(["a", "b", "", "a"], ["c", "b", "A1", "a"]) == ["a", "b", "A1", "c"]


def test_pasted_lines_are_harmless_and_empty_ones_go() -> None:
    assert pasted("one\r\n\n  two \x1b[31m\x07\n\u2028") == ["one", "two \ufffd[31m\ufffd"]
    assert len(pasted("x\n" * 100)) == 100 > PASTED_MAX
