"""A user's shares as pages: only what is looked at is asked for and kept, whatever the length of the list."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import FolderView
from tests.tui.fake import FakeClient, s
from tests.tui.fake_search import FakeShares
from tui.viewmodel.browse import (
    MARKS_MAX,
    PAGE,
    PAGES_MAX,
    Blank,
    Folders,
    Shares,
    empty,
    file_columns,
    folder_columns,
    note,
    quality,
)
from tui.viewmodel.columns import layout
from tui.viewmodel.glyphs import UTF8
from tui.viewmodel.spans import text_of, width

MILLION = 1_000_000


def page_of(number: int, total: int) -> tuple[FolderView, ...]:
    first = number * PAGE
    return tuple(FolderView(row, s(f"p{row}"), 1, 1) for row in range(first, min(total, first + PAGE)))


def look(folders: Folders, top: int, total: int, lines: int = 30) -> list[int]:
    """What the screen does: asks for what is missing, and gets it."""
    asked = folders.missing(top, lines)
    for page in asked:
        folders.take(folders.turn, page, page_of(page, total), total)
    return asked


@given(st.lists(st.integers(0, MILLION - 1), min_size=1, max_size=60), st.integers(1, MILLION))
@settings(max_examples=60, deadline=None)
def test_wherever_one_looks_the_lines_are_there_and_the_pages_stay_few(tops: list[int], total: int) -> None:
    folders = Folders()
    folders.begin()
    look(folders, 0, total)
    for top in tops:
        top = min(top, total - 1)
        look(folders, top, total)
        for at in range(top, min(total, top + 30)):
            row = folders.row(at)
            assert isinstance(row, FolderView) and row.row == at
            assert folders.position(folders.key(row)) == at
        assert folders.pages <= PAGES_MAX and len(folders) == total
        assert look(folders, top, total) == [], "what is here is not asked for again"


def test_the_pages_farthest_away_go_first() -> None:
    folders = Folders()
    folders.begin()
    for page in range(100):
        look(folders, page * PAGE, MILLION)
        assert folders.pages <= PAGES_MAX
    assert folders.row(0) == Blank(0) and folders.position("0") is None
    assert folders.row(99 * PAGE) != Blank(99 * PAGE) and len(folders.here()) <= PAGES_MAX * PAGE
    assert look(folders, 0, MILLION) == [0]


def test_a_line_that_is_not_here_says_so_and_keeps_its_place() -> None:
    folders = Folders()
    folders.begin()
    look(folders, 0, MILLION)
    line = folders.row(500_000)
    assert line == Blank(500_000)
    assert folders.position(folders.key(line)) == 500_000
    assert folders.position("999999") is None and folders.position("") is None
    columns = folder_columns()
    for row in (line, folders.row(3)):
        assert width(layout(columns, row, 75, UTF8)) == 75


def test_a_page_is_asked_for_once_and_anew_when_the_list_moved() -> None:
    folders = Folders()
    folders.begin()
    assert folders.missing(0, 30) == [0] and folders.missing(0, 30) == [] and folders.waiting
    folders.take(folders.turn, 0, page_of(0, 300), 300)
    assert not folders.waiting and folders.missing(0, 30) == [] and folders.missing(190, 30) == [1]
    folders.take(folders.turn, 1, page_of(1, 300), 300)
    folders.moved()
    assert folders.row(3) != Blank(3), "what was here is shown until it comes anew"
    assert folders.missing(0, 30) == [0], "only what is looked at"
    folders.take(folders.turn, 0, page_of(0, 400), 400)
    assert len(folders) == 400 and folders.missing(0, 30) == []


def test_answers_to_other_words_are_of_no_use() -> None:
    folders = Folders()
    before = folders.begin()
    folders.missing(0, 30)
    folders.begin()
    folders.take(before, 0, page_of(0, 300), 300)
    assert len(folders) == 0 and folders.row(0) == Blank(0)


def test_a_page_that_is_too_long_is_cut() -> None:
    folders = Folders()
    folders.begin()
    folders.take(folders.turn, 0, tuple(FolderView(n, s("x"), 1, 1) for n in range(5 * PAGE)), 5 * PAGE)
    assert folders.row(PAGE) == Blank(PAGE)


def test_marks_are_bounded_and_counted() -> None:
    shares = Shares("u")
    many = [FolderView(n, s("x"), 1, 10) for n in range(MARKS_MAX + 5)]
    assert not shares.mark(many, True) and shares.marks == MARKS_MAX and shares.marked_size == 10 * MARKS_MAX
    assert shares.mark(many[:3]) and shares.marks == MARKS_MAX - 3, "a mark is taken away again"
    files = FakeShares(FakeClient()).files(7)
    assert shares.mark(files[:2]) and shares.marks == MARKS_MAX - 1
    assert "2 marked" not in note(shares, 0, False) and f"{MARKS_MAX - 1:,} marked" in note(shares, 0, False)
    shares.unmark()
    assert shares.marks == 0


def test_words() -> None:
    shares = Shares("vinyl_b")
    assert "asking vinyl_b" in " ".join(empty(shares, "", True))
    assert "asking" in note(shares, 0, False)
    fake = FakeShares(FakeClient())
    shares.take(fake.progress(done=False, folders=40))
    assert "still coming" in note(shares, 40, False) and "40 folders 400 files" in note(shares, 40, False)
    shares.take(fake.progress())
    assert "12 shown" in note(shares, 12, True) and "still" not in note(shares, 12, True)
    assert "these words" in " ".join(empty(shares, "x", False)) and "looking" in " ".join(
        empty(shares, "x", True)
    )
    shares.take(fake.progress(note="he does not answer", folders=0))
    assert "he does not answer" in " ".join(empty(shares, "", False))
    assert "kept from before" in note(shares, 1000, False)
    files = fake.files(1)
    assert [quality(file) for file in files[:2]] == ["MP3 320", "FLAC 16/44.1"]
    cells = text_of(layout(file_columns(), files[2], 75, UTF8)).split()
    assert "-" in cells, "an unknown length is no 0:00"
    assert "locked" in text_of(layout(file_columns(), files[3], 75, UTF8))
