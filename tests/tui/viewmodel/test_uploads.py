"""Uploads to peers and to Soulseek users as one list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import LegacyPhase, LegacyUploadsView, LegacyUploadView
from slskmesh.engine.views import UploadsView, UploadView
from tests.tui.fake import peer_id, s, uploads
from tests.tui.fake_transfers import sending, upload
from tui.viewmodel import uploads as words
from tui.viewmodel.columns import layout
from tui.viewmodel.glyphs import UTF8
from tui.viewmodel.spans import text_of, width

WAITS = UploadView(peer_id(2), "k:90fe..9c", s("x.flac"), s("place 3 in queue"), 0.0, 0, 9000)
mesh = st.lists(
    st.builds(
        lambda n, state: UploadView(peer_id(n), f"k{n}", s(f"{n}"), s(state), 0.0, 0, 1),
        st.integers(0, 9),
        st.sampled_from(["sending", "place 3 in queue", "idle"]),
    ),
    max_size=8,
)
legacy = st.lists(
    st.builds(lambda n, phase: upload(n, phase=phase), st.integers(0, 9), st.sampled_from(LegacyPhase)),
    max_size=8,
)


@given(mesh, legacy)
def test_who_is_sent_something_comes_first_and_each_list_keeps_its_order(
    peers: list[UploadView], users: list[LegacyUploadView]
) -> None:
    shown = words.merged(UploadsView(tuple(peers)), LegacyUploadsView(tuple(users)))
    assert sorted(map(words.key_of, shown)) == sorted(map(words.key_of, [*peers, *users]))
    waits = [words._waits(u) for u in shown]
    assert waits == sorted(waits)
    for rows in (peers, users):
        for waiting in (False, True):
            mine = [u for u in rows if words._waits(u) is waiting]
            assert [u for u in shown if u in mine and words._waits(u) is waiting] == mine


def test_titles_words_and_filter() -> None:
    peers, users = UploadsView((*uploads().uploads, WAITS)), sending()
    shown = words.merged(peers, users)
    assert words.title(shown, peers, users) == ("uploads 6", "slsk 1 of 3 slots, peers 1, 4 wait, 1.1M/s")
    assert [words.whom(u) for u in shown[:2]] == ["k:22ab..9c", "slsk:vinyl_b"]
    assert words.title([], None, None) == ("uploads", "")
    assert words.merged(None, None) == []
    assert [words.user_of(u) for u in words.merged(peers, users, "slsk tape")] == ["tape_hiss"]
    assert words.user_of(WAITS) == "" and words.user_of(None) == ""


@pytest.mark.parametrize("cells", [60, 75, 117])
def test_every_row_fits_and_tells_group_state_and_progress(cells: int) -> None:
    for one in (upload(0), upload(2), WAITS):
        text = text_of(layout(words.columns(cells), one, cells, UTF8))
        assert width([(text, "")]) == cells
        assert words.state(one) in text or cells < 72
        assert ("leechers" in text) is (
            cells >= 72 and one is not WAITS and words.user_of(one) == "dubmaster"
        )
    assert " 33%" in text_of(layout(words.columns(cells), upload(0), cells, UTF8))


@pytest.mark.parametrize("phase", list(LegacyPhase))
def test_every_phase_has_a_word(phase: LegacyPhase) -> None:
    assert words.state(upload(0, phase=phase))
