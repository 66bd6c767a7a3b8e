"""Words about downloads from Soulseek users, rescues and folders: every state has one, waits count down."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import LegacyPhase
from slskmesh.engine.views import TransferState
from tests.tui.fake import NOW, s, transfer
from tests.tui.fake_transfers import legacy, rescue, statistics, story
from tui.viewmodel import timeline
from tui.viewmodel.columns import header, layout, tabbed
from tui.viewmodel.download import File
from tui.viewmodel.download_details import details
from tui.viewmodel.download_rows import columns, summary, title
from tui.viewmodel.download_words import about, again, reason, state_cell, via
from tui.viewmodel.downloads import Downloads, Folder, Line
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.spans import text_of, width


def file(number: int, **changes: object) -> File:
    return File("k", None, legacy(number, **changes))


def folder(*numbers: int, **changes: object) -> Folder:
    list_ = Downloads()
    list_.take((), tuple(legacy(n, folder=s("F"), **changes) for n in numbers))
    line = list_.row(0)
    assert isinstance(line, Folder)
    return line


@pytest.mark.parametrize("phase", list(LegacyPhase))
def test_every_phase_has_a_word_and_a_sentence(phase: LegacyPhase) -> None:
    one = file(0, phase=phase, reason=s(""), place=None, next_try=None)
    word = state_cell(one, NOW, None).text
    assert word and len(word) <= 16
    text = text_of(reason(one, NOW))
    assert text.startswith(f"{word}: ") and len(text) > len(word) + 4


def test_place_countdown_and_what_to_do() -> None:
    assert state_cell(file(1), NOW, None).text == "place 12"
    assert state_cell(file(1, place=None), NOW, None).text == "asked"
    assert state_cell(file(2), NOW, None).text == "again in 0:42"
    assert state_cell(file(2), NOW + 40.6, None).text == "again in 0:01"
    assert state_cell(file(2), NOW + 60, None).text == "queued", "its time has come"
    assert state_cell(file(0, next_try=NOW + 9), NOW, None).text == "active", "what runs waits for nothing"
    assert again(NOW + 3599, NOW) == "again in 59:59" and again(None, NOW) == ""
    assert text_of(reason(file(4), NOW)) == "failed: not shared any more  S finds another source"
    assert text_of(reason(file(2), NOW)).endswith("  3 tries")
    assert state_cell(file(0), NOW, 7.4).text == "gone 7s"


def test_without_a_session_what_is_queued_waits_for_the_server() -> None:
    queued = file(2, next_try=None)
    assert text_of(reason(queued, NOW)).startswith("queued: waits until dubmaster is asked")
    assert text_of(reason(queued, NOW, offline=True)).startswith("queued: waits for the Soulseek server")
    assert text_of(reason(file(0), NOW, offline=True)).startswith("active: vinyl_b sends"), (
        "that needs no server"
    )


def test_where_it_comes_from() -> None:
    download, peers = rescue()
    assert via(file(0)) == "slsk:vinyl_b"
    assert via(File("k", transfer(0), None)) == "mesh 5" and via(File("k", transfer(2), None)) == "mesh"
    assert via(File("k", peers, download)) == "slsk:vinyl_b+mesh"
    assert via(folder(0, 3)) == "slsk:vinyl_b" and via(folder(0, 1)) == "2 users"


def test_a_rescue_says_so() -> None:
    download, peers = rescue()
    one = File("k", peers, download)
    assert state_cell(one, NOW, None).text == "rescued by peers"
    assert text_of(reason(one, NOW)).startswith("rescued by peers: active: 3 sources")
    paused = File("k", msgspec.structs.replace(peers, state=TransferState.PAUSED), download)
    assert state_cell(paused, NOW, None).text == "paused"
    assert state_cell(File("k", *rescue(done=True)[::-1]), NOW, None).text == "done"


def test_a_folder_tells_what_matters_most() -> None:
    assert state_cell(folder(0, 1, 5), NOW, None).text == "active 1/3"
    assert state_cell(folder(1, 7), NOW, None).text == "place 12 0/2"
    assert state_cell(folder(4, 5, 10), NOW, None).text == "2 failed"
    assert state_cell(folder(5, 11), NOW, None).text == "2 done"
    assert state_cell(folder(2, 8), NOW, None).text == "again in 0:42 0/2"
    assert about(folder(0, 1)) == "F (2 files)" and about(file(0)) == "01 Night Ferry.mp3"


lines = st.one_of(
    st.builds(
        lambda n, size, done, rate, eta, place, wait: file(
            n, size=size, done=done, rate=rate, eta=eta, place=place, next_try=wait, user=s("日本語" * 9)
        ),
        st.integers(0, 5),
        st.integers(0, 2**63),
        st.integers(0, 2**63),
        st.floats(0, 1e12),
        st.none() | st.floats(0, 1e9),
        st.none() | st.integers(0, 10**6),
        st.none() | st.floats(NOW, NOW + 1e6),
    ),
    st.sampled_from([folder(0, 1), folder(3, 4, 5), folder(2, 8)]),
    st.sampled_from([File("k", transfer(n), None) for n in range(6)]),
)


@given(lines, st.integers(60, 220))
def test_every_row_is_as_wide_as_the_list(line: Line, cells: int) -> None:
    for glyphs in (UTF8, ASCII):
        shown = columns(glyphs, cells, NOW, lambda key: None)
        assert width(header(shown, cells, glyphs)) == width(layout(shown, line, cells, glyphs)) == cells
        assert tabbed(shown, line).count("\t") == len(shown) - 1


def test_the_state_is_shown_whole_where_the_list_is_narrow() -> None:
    shown = columns(UTF8, 75, NOW, lambda key: None)
    for line, word in ((file(2), "again in 0:42"), (File("k", *rescue()[::-1]), "rescued by peers")):
        text = text_of(layout(shown, line, 75, UTF8))
        assert word in text and "slsk:" in text and "%" in text


def test_titles_count_and_name_the_order() -> None:
    list_ = Downloads()
    assert title(list_) == "downloads" and summary(list_.stands, 0) == ""
    list_.take((transfer(0), transfer(3)), tuple(legacy(n) for n in range(6)))
    assert summary(list_.stands, list_.total) == "2 running, 2 waiting, 1 failed, 1 paused, 2 of 8 done"
    list_.arrange("rate", True)
    list_.look_for("low")
    list_.mark([list_.row(at) for at in range(len(list_))])
    assert title(list_) == "downloads 8 /low by rate, reversed, 7 marked"


def test_the_timeline_box() -> None:
    one = file(1, lines=story())
    shown = [text_of(line) for line in timeline.lines(one, one.legacy.lines, [], 70, NOW, UTF8)]  # type: ignore[union-attr]
    assert shown[0] == "place 12: waits in tape_hiss's queue"
    assert shown[1].endswith(" 16%  3.8M of 23.0M") and width([(shown[1], "")]) == 70
    assert shown[2].startswith("slsk:tape_hiss   place 12 in the queue") and "here since 14m" in shown[2]
    assert [line[9:] for line in shown[-3:]] == ["vinyl_b sends", "place 9", "asked of vinyl_b: place 14"]
    with_graph = timeline.lines(file(0), (), [1.0, 5.0], 70, NOW, UTF8)
    assert len(with_graph) == 4 + timeline.GRAPH_ROWS and "█" in text_of(with_graph[-1])
    done = [text_of(line) for line in timeline.lines(file(5), (), [1.0], 70, NOW, UTF8)]
    assert "file  /music/in/Low Tide/5.mp3" in done and len(done) == 4


def test_the_user_of_a_download() -> None:
    known = statistics().users[0]
    text = "\n".join(text_of(line) for line in timeline.user_lines(6, 1, known, "online"))
    assert "6 files, 1 done" in text and "310M, 14 files" in text and "buddy online" in text
    assert len(timeline.user_lines(1, 0, None, "")) == 1
    row = timeline.as_source(legacy(1), NOW)
    assert (row.letter, row.peer, row.short, row.state) == ("S", "", "slsk:tape_hiss", "place 12")


def test_details_tell_all() -> None:
    text = "\n".join(text_of(line) for line in details(file(5, lines=story()), NOW))
    assert text.index("/music/in/Low Tide/5.mp3") < text.index("name "), (
        "a finished one shows where it is first"
    )
    assert r"there    @@abc\Music\Oskar Vind\Low Tide\06 Tidal.mp3" in text and "place 9" in text
    download, peers = rescue()
    text = "\n".join(text_of(line) for line in details(File("k", peers, download), NOW))
    assert (
        "S slsk:vinyl_b" in text
        and "user     vinyl_b" in text
        and "chunks of 256k" in text
        and "not finished" in text
    )
    assert "tries    3, again in 0:42" in "\n".join(text_of(line) for line in details(file(2), NOW))
