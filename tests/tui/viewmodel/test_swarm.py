"""The chunk map: any file on any box, the worst state of a cell wins, letters are the sources'."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.views import BAD, IN_FLIGHT, MISSING, QUEUED, VERIFIED, ChunkMapView
from tests.tui.fake import NOW, source
from tests.tui.fake_transfers import rescue, rescue_map
from tui.viewmodel.glyphs import ASCII
from tui.viewmodel.spans import text_of, width
from tui.viewmodel.swarm import LABEL, SwarmMap, availability, chunk_details, geometry, legend

SOURCES = tuple(source(n) for n in range(3))


def view(states: bytes, owners: bytes | None = None, copies: bytes | None = None) -> ChunkMapView:
    blank = bytes(len(states))
    return ChunkMapView(
        "a" * 64, states, blank if owners is None else owners, blank if copies is None else copies
    )


def cells(shown: SwarmMap, width_: int, rows: int) -> str:
    lines = shown.lines(width_, rows, SOURCES, ASCII, NOW, False)
    return "".join(text_of(line)[LABEL:].replace(" ", "") for line in lines)


@given(st.integers(0, 70_000), st.integers(12, 200), st.integers(1, 60))
def test_the_whole_file_fits_any_box(chunks: int, width_: int, rows: int) -> None:
    shape = geometry(chunks, width_, rows, zoomed=False)
    assert shape.cols * shape.rows * shape.per_cell >= chunks
    assert shape.total_rows <= shape.rows or chunks == 0
    assert shape.cols % 10 == 0


@given(
    st.binary(max_size=400).map(lambda raw: bytes(b % 6 for b in raw)),
    st.integers(18, 90),
    st.integers(1, 12),
    st.booleans(),
)
@settings(deadline=None)
def test_no_bad_chunk_is_hidden_and_no_line_is_too_wide(
    states: bytes, width_: int, rows: int, rare: bool
) -> None:
    shown = SwarmMap(order="rarest" if rare else "file")
    shown.take(view(states, copies=bytes(i % 5 for i in range(len(states)))), NOW)
    lines = shown.lines(width_, rows, SOURCES, ASCII, NOW, True)
    assert all(width(line) <= max(width_, LABEL + 10) for line in lines)
    if states:
        assert ("!" in "".join(text_of(line) for line in lines)) == (BAD in states)


def test_the_order_of_badness() -> None:
    shown = SwarmMap()
    for states, sign in (
        ([VERIFIED, BAD, IN_FLIGHT, MISSING], "!"),
        ([VERIFIED, VERIFIED, IN_FLIGHT, MISSING], "B"),
        ([VERIFIED, QUEUED, MISSING, VERIFIED], "."),
        ([VERIFIED, QUEUED, VERIFIED, VERIFIED], "b"),
        ([VERIFIED] * 4, "#"),
    ):
        shown.take(view(bytes(states * 10), bytes([2] * 40)), NOW)
        assert geometry(40, 18, 1, False).per_cell == 4
        assert cells(shown, 18, 1) == sign * 10


def test_a_queued_chunk_names_whom_it_was_asked_of() -> None:
    shown = SwarmMap()
    shown.take(view(bytes([QUEUED, QUEUED, QUEUED]), bytes([0, 1, 3])), NOW)
    assert cells(shown, 30, 3) == ":ac"


def test_an_unknown_owner_is_a_question_mark() -> None:
    shown = SwarmMap()
    shown.take(view(bytes([IN_FLIGHT]), bytes([9])), NOW)
    assert cells(shown, 30, 3) == "?"


def test_zoomed_the_cursor_scrolls_the_map() -> None:
    shown = SwarmMap(zoomed=True)
    shown.take(view(bytes(1000)), NOW)
    shown.move(995)
    lines = shown.lines(18, 5, SOURCES, ASCII, NOW, True)
    assert text_of(lines[-1]).startswith("   990 ")
    assert any(role == "map-cursor" for _, role in lines[-1])
    shown.move(10_000)
    assert shown.cursor == 999


def test_rarest_first_puts_scarce_chunks_at_the_start() -> None:
    shown = SwarmMap(order="rarest")
    shown.take(view(bytes([VERIFIED, MISSING, VERIFIED]), copies=bytes([3, 1, 2])), NOW)
    assert cells(shown, 30, 3) == ".##"
    assert shown.chunk_at(0) == 1


def test_age_is_known_for_what_came_while_watching() -> None:
    shown = SwarmMap(colour="age")
    shown.take(view(bytes([VERIFIED, MISSING])), NOW)
    shown.take(view(bytes([VERIFIED, VERIFIED])), NOW + 1)
    line = shown.lines(30, 2, SOURCES, ASCII, NOW + 2, False)[0]
    assert [role for text, role in line if "#" in text] == ["age-old", "age-new"]
    rows = dict(chunk_details(shown, 1, 100, 150, SOURCES, NOW + 3))
    assert rows["verified"] == "2 s ago" and rows["bytes"] == "100 to 150 (50)"


def test_another_transfer_starts_afresh() -> None:
    shown = SwarmMap()
    shown.take(view(bytes(10)), NOW)
    shown.move(5)
    shown.take(ChunkMapView("b" * 64, bytes(10), bytes(10), bytes(10)), NOW)
    assert shown.cursor == 0


def test_availability_counts_only_what_is_wanted() -> None:
    found = availability(bytes([VERIFIED, MISSING, MISSING, QUEUED]), bytes([0, 1, 12, 1]))
    assert found.counts == [0, 2, 0, 0, 0, 0, 0, 0, 1]
    assert (found.rarest, found.wanted) == ([1, 3], 3)


def test_the_legend_names_every_sign() -> None:
    text = text_of(legend(ASCII))
    assert all(word in text for word in ("verified", "have", "coming", "asked", "missing", "bad"))


def test_a_full_size_map_is_drawn_within_a_frame() -> None:
    import time

    shown = SwarmMap()
    shown.take(view(bytes(i % 6 for i in range(65_536)), bytes(65_536), bytes(65_536)), NOW)
    began = time.perf_counter()
    for _ in range(5):
        shown.lines(160, 50, SOURCES, ASCII, NOW, True)
    assert (time.perf_counter() - began) / 5 < 0.1


def rescued(colour: str = "state") -> SwarmMap:
    shown = SwarmMap(colour=colour)
    shown.take(rescue_map(), NOW)
    return shown


@pytest.mark.parametrize("colour", ["state", "source", "age"])
def test_what_a_soulseek_user_sent_is_his_letter_and_what_comes_next_is_small(colour: str) -> None:
    sources = rescue()[1].sources
    lines = rescued(colour).lines(120, 1, sources, ASCII, NOW, False)
    text = "".join(text_of(line)[LABEL:].replace(" ", "") for line in lines)
    assert text == "S" * 36 + "sss" + "." * 20 + "AB" + "#" * 35, "his prefix reads without colour"


def test_zoomed_out_a_cell_of_his_is_his_only_when_all_of_it_is_there() -> None:
    sources = rescue()[1].sources
    text = "".join(
        text_of(line)[LABEL:].replace(" ", "") for line in rescued().lines(18, 2, sources, ASCII, NOW, False)
    )
    assert text == "SSSSSSSs...AB#######", "the cell with the chunk that comes from him is not all his yet"


def test_the_legend_tells_of_the_user_s_letter_only_where_he_sent_something() -> None:
    assert text_of(legend(ASCII, "S")).startswith(" S from Soulseek  s next  # verified")
    assert "Soulseek" not in text_of(legend(ASCII))


def test_a_chunk_of_his_names_him() -> None:
    rows = dict(chunk_details(rescued(), 3, 256 * 1024, 24 * 1024**2, rescue()[1].sources, NOW))
    assert rows["source"].strip() == "S slsk:vinyl_b" and rows["state"] == "verified"
