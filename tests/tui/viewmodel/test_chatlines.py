"""Lines of a chat on the screen: no row too wide, nothing lost, the rows that a whole page would have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from slskmesh.engine.legacy_views import ChatLineView
from slskmesh.text import SafeStr, sanitize
from tests.tui.fake import NOW, s
from tui.viewmodel import chatlines
from tui.viewmodel.chat import ChatLog, Place
from tui.viewmodel.chatlines import Window, laid_out, links, plain
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.spans import Line, text_of, width

KINDS = ("said", "mention", "own", "unsent", "fault", "came", "kept", "waiting", "sent", "refused", "mode")


def line(number: int, text: str, kind: str = "said", user: str = "lena", at: float = NOW) -> ChatLineView:
    return ChatLineView(number, at, s(user), sanitize(text, 2048), kind, s("nobody has this name"))


def filled(texts: list[str]) -> ChatLog:
    log = ChatLog(Place(True, "ambient"))
    log.watched(0)
    log.take([line(at, text, at=NOW + at * 20_000) for at, text in enumerate(texts, 1)])
    return log


def window(cells: int = 60, height: int = 10) -> Window:
    return Window(cells, height, UTF8, NOW)


HOSTILE = st.text(max_size=300) | st.text(alphabet="日本語 a\u0301[/b]👩\u200d", max_size=300)


@given(HOSTILE, st.sampled_from(KINDS), HOSTILE, st.integers(30, 130), st.sampled_from([UTF8, ASCII]))
def test_no_row_is_wider_than_the_box_and_no_word_is_lost(
    text: str, kind: str, user: str, cells: int, glyphs: object
) -> None:
    one = ChatLineView(1, NOW, sanitize(user, 64), sanitize(text, 2048), kind)
    rows = laid_out(one, cells, UTF8 if glyphs is UTF8 else ASCII)
    assert rows and all(width(row) <= cells for row in rows)
    if kind == "said" and not one.text.startswith("/me "):
        shown = "".join(row[-1][0] for row in rows)
        assert shown.replace(" ", "") == one.text.replace(" ", ""), "only blanks at the edges go"


def naive(view: Window, log: ChatLog) -> list[Line]:
    return [row for index in range(log.first, log.end) for row in view.rows_of(log, index)]


@settings(max_examples=60)
@given(
    st.lists(st.text(alphabet="ab 日", max_size=120), min_size=1, max_size=25),
    st.integers(1, 12),
    st.lists(st.integers(-40, 40), max_size=12),
)
def test_scrolling_shows_what_a_whole_page_would(texts: list[str], height: int, moves: list[int]) -> None:
    log, view = filled(texts), window(40, height)
    rows = naive(view, log)
    above = max(0, len(rows) - height)
    bottom, top = None, above
    for by in moves:
        bottom = view.scroll(log, bottom, by)
        top = max(0, min(above, top + by))
        shown = view.show(log, bottom)
        assert [row for _, row in shown.rows] == rows[top : top + height]
        assert (bottom is None) == (top == above), "at the end it follows the newest line"
        assert shown.at_top == (top == 0)
        ends = top + height < len(rows)
        assert (shown.more > 0) == ends


@settings(max_examples=60)
@given(
    st.lists(st.text(alphabet="ab 日", max_size=200), min_size=1, max_size=25),
    st.integers(1, 12),
    st.lists(st.integers(0, 24), max_size=8),
)
def test_a_line_that_is_wanted_is_on_the_screen(texts: list[str], height: int, wanted: list[int]) -> None:
    log, view = filled(texts), window(40, height)
    bottom = None
    for want in wanted:
        index = log.first + want % len(log)
        bottom = view.reveal(log, bottom, index)
        shown = view.show(log, bottom)
        assert index in {at for at, _ in shown.rows}
        assert len(shown.rows) == min(height, len(naive(view, log))), "the screen is not left half empty"
        assert view.reveal(log, bottom, index) == bottom or len(view.rows_of(log, index)) > height


def test_the_place_stays_while_lines_come_and_the_oldest_go() -> None:
    log, view = filled([f"words {at}" for at in range(40)]), window(height=5)
    bottom = view.scroll(log, None, -10)
    before = [row for _, row in view.show(log, bottom).rows]
    more = view.show(log, bottom).more
    log.take([line(41, "one more", at=NOW + 41 * 20_000)])
    shown = view.show(log, bottom)
    assert [row for _, row in shown.rows] == before and shown.more == more + 1
    log.take([line(n, "x") for n in range(42, 2100)])
    shown = view.show(log, bottom)
    assert len(shown.rows) == 5 and shown.first == log.first, "what was shown is gone: the oldest there is"
    assert view.show(log, None).more == 0


def test_rewrapping_at_another_size_costs_a_screen_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    log = filled(["a line of some words that does not fit " * 3] * 1000)
    counted = 0
    wrap = chatlines.wrap

    def counting(text: str, cells: int, limit: int) -> list[str]:
        nonlocal counted
        counted += 1
        return wrap(text, cells, limit)

    monkeypatch.setattr(chatlines, "wrap", counting)
    laid_out.cache_clear()
    window(98, 28).show(log, None)
    assert counted <= 28
    window(58, 15).show(log, None)
    assert counted <= 28 + 15
    bottom = window(58, 15).scroll(log, None, -15)
    window(58, 15).show(log, bottom)
    assert counted <= 28 + 3 * 15 + 2, "a page up lays out one page more"
    before = counted
    log.take([line(1001, "new", at=NOW + 1001 * 20_000)])
    window(58, 15).show(log, bottom)
    assert counted == before, "a line below the screen costs nothing"


def test_days_and_the_unread_mark() -> None:
    log = ChatLog(Place(True, "ambient"))
    log.watched(2)
    log.take([line(1, "old", at=NOW - 90_000), line(2, "a"), line(3, "b")])
    text = [text_of(row) for _, row in window(60, 10).show(log, None).rows]
    assert text[0].startswith("─── Monday 2023-11-13 ──") and "old" in text[1]
    assert text[2].startswith("─── Tuesday 2023-11-14 ──")
    assert text[3].startswith("─── unread: 2 new since 22:13 ──") and text[4].endswith("a")
    assert not any("2023" in text_of(row) for _, row in window().show(filled(["today"][:1]), None).rows[1:])


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("said", "lena", "hello"),
        ("mention", "lena !", "hello"),
        ("own", "you", "hello"),
        ("unsent", "you", "may not have been heard"),
        ("fault", "lena !", "hello"),
        ("came", "lena", "hello"),
        ("kept", "lena", "waited on the server"),
        ("waiting", "you", "waits to be sent; d takes it back"),
        ("sent", "you", "hello"),
        ("refused", "you", "not sent: nobody has this name"),
        ("mode", "slskmesh !", "hello"),
    ],
)
def test_every_kind_of_line_tells_what_it_is_without_colour(kind: str, name: str, words: str) -> None:
    text = " ".join(text_of(row) for row in laid_out(line(1, "hello", kind), 200, UTF8))
    assert name in text and words in text and "hello" in text


def test_an_action_and_what_is_copied() -> None:
    row = text_of(laid_out(line(1, "/me waves"), 60, UTF8)[0])
    assert "* │ lena waves" in row
    assert "you wave" in text_of(laid_out(line(1, "/me wave", "own"), 60, UTF8)[0])
    assert plain(line(1, "hello")) == "22:13 lena: hello" and plain(line(1, "x", "own")) == "22:13 you: x"


def test_links_are_found_without_the_signs_around_them() -> None:
    text = "see (https://a.example/x?y=1), www.b.example. and https://a.example/x?y=1! slsk://u/f <http://c.example>"
    assert links(text) == ["https://a.example/x?y=1", "www.b.example", "slsk://u/f", "http://c.example"]
    assert links("no link: http:/ x") == []


def test_a_hostile_line_is_broken_in_one_pass() -> None:
    wide = SafeStr("日" * 2048)
    rows = laid_out(ChatLineView(1, NOW, wide, wide, "said"), 60, UTF8)
    assert sum(cell_len(row[-1][0]) for row in rows) == 4096
    assert all(width(row) <= 60 for row in rows)
