"""The banner: every state at every width and charset tells itself apart without colour."""

from __future__ import annotations

from itertools import combinations

import pytest

from slskmesh.engine.views import Banner, StatusView
from tests.tui.fake import NOW, s, status
from tui.viewmodel.banner import MARKERS, SENTENCE, banner, details
from tui.viewmodel.spans import text_of, width
from tui.widgets.paint import Palette

WIDTHS = (40, 60, 80, 100, 120, 200)


@pytest.mark.parametrize("state", list(Banner))
@pytest.mark.parametrize("cells", WIDTHS)
@pytest.mark.parametrize("ellipsis", ["…", "~"])
def test_marker_and_word_survive_every_width(state: Banner, cells: int, ellipsis: str) -> None:
    line, _ = banner(status(state), cells, ellipsis)
    marker, word, _ = MARKERS[state]
    text = text_of(line)
    assert width(line) == cells
    assert text.startswith(f"{marker} {word}")
    assert text.rstrip().endswith(marker) == (state in {Banner.ISOLATED, Banner.STOPPED})


@pytest.mark.parametrize("cells", [80, 120])
def test_no_two_states_give_the_same_row(cells: int) -> None:
    rows = [text_of(banner(status(state), cells, "~")[0]) for state in Banner]
    assert all(one != two for one, two in combinations(rows, 2))


def test_the_sentence_survives_at_80() -> None:
    assert SENTENCE in text_of(banner(status(), 80, "…")[0])


def test_the_reason_of_a_stop_is_cut_before_the_way_out() -> None:
    long = StatusView(Banner.STOPPED, NOW, s("x" * 300))
    text = text_of(banner(long, 80, "…")[0])
    assert text.endswith("| ^q quit [X]")


def test_attributes_differ_where_there_is_no_colour() -> None:
    palette = Palette({}, ansi=True)
    styles = {state: palette.style(MARKERS[state][2]) for state in Banner}
    assert styles[Banner.MESH_ONLY].reverse and not styles[Banner.MESH_ONLY].bold
    assert styles[Banner.STOPPED].reverse and styles[Banner.STOPPED].bold
    assert not styles[Banner.STARTING].reverse


def test_an_unknown_role_is_plain_text() -> None:
    palette = Palette({"background": "nonsense"}, ansi=False)
    assert palette.style("no-such-role") == palette.style("text")


@pytest.mark.parametrize("state", list(Banner))
def test_details_say_why_what_is_off_and_how_to_go_back(state: Banner) -> None:
    text = "\n".join(text_of(line) for line in details(status(state), NOW))
    assert all(word in text for word in ("why", "works", "off", "back", "listening", "10m"))
