import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.text import COMBINING_MAX, ELLIPSIS, cell_width, safe_name, sanitize

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"]),
        st.sampled_from("\t\n\r\x1b\x7f\x9b\u202e\u2066\u200e\u061c\u200d\ufe0f\U000e0041\u0301/\\.- "),
    ),
    max_size=400,
)


@given(HOSTILE, st.integers(1, 300))
def test_sanitized_text_has_nothing_that_acts_and_keeps_its_limit(raw: str, limit: int) -> None:
    safe = sanitize(raw, limit)
    assert len(safe) <= limit
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert sanitize(safe, limit) == safe
    safe.encode()


@given(HOSTILE)
def test_no_run_of_marks_is_longer_than_the_cap(raw: str) -> None:
    run = COMBINING_MAX
    for char in sanitize(raw, 2000):
        run = run + 1 if unicodedata.category(char)[0] == "M" else 0
        assert run <= COMBINING_MAX


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain", "plain"),
        ("a\t\n\r b", "a  b"),
        ("\x1b]0;owned\x07", "\ufffd]0;owned\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("gnp.\u202eexe", "gnp.exe"),
        ("a\u200db\u200c\ufeff\u2060c", "abc"),
        ("flag\U000e0067\U000e007f", "flag"),
        ("♥\ufe0f", "♥"),
        ("x\ud800y", "x\ufffdy"),
        ("e\u0301", "é"),
        ("\u0301\u0302lead", "lead"),
        ("q" + "\u0323" * 9, "q" + "\u0323" * 4),
        (b"caf\xc3\xa9 \xff", "café \ufffd"),
        ("[/b][@click=app.quit]", "[/b][@click=app.quit]"),
    ],
)
def test_sanitize_by_example(raw: str | bytes, safe: str) -> None:
    assert sanitize(raw) == safe


def test_a_cut_is_told() -> None:
    assert sanitize("abcdef", 4) == "abc" + ELLIPSIS
    assert sanitize("abcd", 4) == "abcd"
    assert sanitize("\u200b" * 1_000_000 + "x", 4) == ELLIPSIS
    assert sanitize("abc", 0) == ""


def test_cell_width_counts_cells() -> None:
    assert cell_width("abc") == 3
    assert cell_width("音楽") == 4
    assert cell_width(sanitize("e\u0301q\u0323")) == 2


@given(HOSTILE)
def test_a_safe_name_is_one_component_that_fits(raw: str) -> None:
    name = safe_name(raw)
    assert 0 < len(name.encode()) <= 255
    assert "/" not in name and "\\" not in name and "\0" not in name
    assert name[0] not in ".-" and name[-1] not in ". "
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("", "_"),
        ("..", "_"),
        ("...", "_"),
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("CON", "_CON"),
        ("nul.flac", "_nul.flac"),
        ("com1 .txt", "_com1 .txt"),
        (".bashrc", "_.bashrc"),
        ("-rf", "_-rf"),
        ("song. . ", "song"),
        ("AC/DC: live?", "AC_DC_ live_"),
        ("a\x00b", "a_b"),
    ],
)
def test_safe_name_by_example(raw: str, name: str) -> None:
    assert safe_name(raw) == name


def test_a_long_name_keeps_its_extension() -> None:
    name = safe_name("音" * 5000 + ".flac")
    assert name.endswith("音.flac") and 250 <= len(name.encode()) <= 255
    assert safe_name("x" * 300 + "." + "y" * 100) == "x" * 255
