"""Formats, spans, columns, glyphs, the line editor: exact widths and nothing that steers a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from slskmesh.settings import Settings
from tui.viewmodel import formats
from tui.viewmodel.columns import Cell, Column, header, layout
from tui.viewmodel.glyphs import ASCII, UTF8, choose
from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.look import look
from tui.viewmodel.spans import clip, clip_start, fit, inert, pad, spread, text_of, width, wrap

TEXT = st.text(max_size=40)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1536, "1.5k"),
        (1024**2 * 22, "22.0M"),
        (212 * 1024**3, "212G"),
        (None, "--"),
        (-1, "--"),
    ],
)
def test_sizes(count: float | None, shown: str) -> None:
    assert formats.size(count) == shown


def test_rates_have_a_unit() -> None:
    assert [formats.rate(r) for r in (None, 0.4, 65, 999.9, 1000, 3e6)] == [
        "--",
        "0",
        "65 B/s",
        "999 B/s",
        "1.0k/s",
        "2.9M/s",
    ]


@given(st.floats(min_value=0, max_value=1e17))
def test_sizes_are_never_wider_than_six_cells(count: float) -> None:
    assert len(formats.size(count)) <= 6


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (7, "0:07"),
        (247, "4:07"),
        (3723, "1:02:03"),
        (90_000, "1d 1h"),
        (None, "--"),
        (float("inf"), "--"),
        (1e9, ">99d"),
    ],
)
def test_clock(seconds: float | None, shown: str) -> None:
    assert formats.clock(seconds) == shown


def test_only_the_whole_is_a_hundred_per_cent() -> None:
    assert formats.percent(999_999, 1_000_000) == " 99%"
    assert formats.percent(1, 1) == "100%"
    assert formats.percent(1, 0) == "  0%"


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 40))
def test_a_bar_is_exactly_as_wide_as_asked(part: float, whole: float, cells: int) -> None:
    assert width(formats.bar(part, whole, cells, UTF8)) == cells


@given(st.lists(st.floats(0, 1e9), max_size=80), st.integers(1, 60), st.integers(1, 6))
def test_graphs_are_exactly_as_large_as_asked(samples: list[float], cells: int, rows: int) -> None:
    assert len(formats.sparkline(samples, cells, ASCII)) == cells
    lines = formats.graph(samples, cells, rows, UTF8)
    assert [len(line) for line in lines] == [cells] * rows


@given(TEXT, st.integers(0, 30))
def test_clip_and_pad_keep_the_width(text: str, cells: int) -> None:
    assert cell_len(clip(text, cells, "…")) <= cells
    assert cell_len(pad(text, cells, "…")) == cells
    assert cell_len(clip_start(text, cells, "…")) <= max(cells, 0) + (1 if cells == 0 else 0)


@given(st.lists(st.tuples(TEXT, st.just("text")), max_size=6), st.integers(0, 60))
def test_fit_is_exact(line: list[tuple[str, str]], cells: int) -> None:
    assert width(fit(line, cells)) == cells


@given(st.lists(st.tuples(TEXT, st.just("text")), max_size=3), st.integers(4, 60))
def test_spread_is_exact(line: list[tuple[str, str]], cells: int) -> None:
    assert width(spread(line, [("ab", "dim")], cells)) == cells


@given(st.text(alphabet="ab 日", max_size=60), st.integers(2, 20))
def test_wrap_loses_no_word_and_no_line_is_wider(text: str, cells: int) -> None:
    lines = wrap(text, cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text(max_size=40), st.integers(-5, 2))
def test_text_is_wrapped_also_where_there_is_no_room(text: str, cells: int) -> None:
    assert wrap(text, cells), "it ends, and says something"


@given(st.text(max_size=60))
def test_inert_text_holds_nothing_that_steers(text: str) -> None:
    assert not set(inert(text)) & {"\x1b", "\x9b", "\x07", "\r", "\n", "\u202e", "\u2066", "\x7f"}


@given(st.text(max_size=30))
def test_ascii_is_ascii_and_as_wide(text: str) -> None:
    safe = inert(text)
    plain = ASCII.plain(safe)
    assert plain.isascii()
    assert cell_len(plain) == cell_len(safe)


def test_both_charsets_tell_every_chunk_state_apart() -> None:
    for glyphs in (ASCII, UTF8):
        assert len(set(glyphs.chunks)) == 6
        assert all(cell_len(sign) == 1 for sign in glyphs.chunks + glyphs.ramp)


@given(TEXT, TEXT, st.integers(10, 120))
def test_rows_are_as_wide_as_their_header(one: str, two: str, cells: int) -> None:
    columns: tuple[Column[tuple[str, str]], ...] = (
        Column("a", 4, lambda row: row[0], weight=1),
        Column("b", 4, lambda row: Cell(row[1], "dim"), weight=2, right=True),
        Column("c", 6, lambda row: "x", level=60),
    )
    assert width(layout(columns, (one, two), cells, UTF8)) == cells == width(header(columns, cells, UTF8))
    assert ("c" in text_of(header(columns, cells, UTF8))) == (cells >= 60)


def test_editing() -> None:
    edit = LineEdit("harbour lights")
    edit.key("ctrl+w", None)
    assert edit.text == "harbour "
    edit.key("ctrl+a", None)
    edit.key("delete", None)
    assert (edit.text, edit.cursor) == ("arbour ", 0)
    edit.key("H", "H")
    edit.key("ctrl+k", None)
    assert edit.text == "H"
    assert not edit.key("f1", None)
    assert not edit.key("alt+x", "x")


def test_history_brings_the_draft_back() -> None:
    edit = LineEdit()
    for text in ("one", "two", "one"):
        edit.set(text)
        edit.remember()
    edit.set("draft")
    edit.recall(-1)
    assert edit.text == "one"
    edit.recall(-1)
    assert edit.text == "two"
    edit.recall(-1)
    assert edit.text == "two"
    edit.recall(1)
    edit.recall(1)
    assert edit.text == "draft"


@given(
    st.text(max_size=80),
    st.lists(st.sampled_from(["left", "home", "backspace", "ctrl+w", "end", "right"])),
    st.integers(2, 30),
)
def test_the_editor_shows_its_cursor_in_any_width(raw: str, keys: list[str], cells: int) -> None:
    edit = LineEdit()
    edit.insert(raw)
    for key in keys:
        edit.key(key, None)
    assert 0 <= edit.cursor <= len(edit.text)
    view = edit.view(cells, focused=True)
    assert width(view) >= cells
    assert any(role == "caret" for _, role in view)


def test_pasted_text_becomes_one_harmless_line() -> None:
    edit = LineEdit()
    edit.insert("a\nb\x1b]0;x\x07c")
    assert "\x1b" not in edit.text and "\n" not in edit.text and "a" in edit.text


def test_charset_follows_the_locale() -> None:
    assert choose("auto", {"LANG": "en_GB.UTF-8"}) is UTF8
    assert choose("auto", {"LANG": "C"}) is ASCII
    assert choose("auto", {"LANG": "en_GB.UTF-8", "TERM": "linux"}) is ASCII
    assert choose("utf8", {}) is UTF8


def test_look_over_ssh_and_without_colour() -> None:
    local = look(Settings(), {"TERM": "xterm-256color", "LANG": "C.UTF-8"})
    assert (local.theme, local.fps, local.mouse, local.ssh) == ("slskmesh-dark", 20, True, False)
    far = look(Settings(), {"TERM": "xterm-256color", "SSH_TTY": "/dev/pts/1"})
    assert (far.theme, far.fps, far.mouse) == ("ansi-dark", 4, False)
    assert look(Settings(), {"NO_COLOR": "1", "COLORTERM": "truecolor"}).theme == "ansi-dark"
    assert look(Settings(), {"TERM": "xterm"}).theme == "ansi-dark"
