"""The banner: every state at every width and charset tells itself apart without colour, and counts down."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.views import Banner, PeersView, StatusView
from tests.tui.fake import NOW, mode, peer, s, settings_view, status
from tests.tui.stage import golden
from tui.viewmodel.banner import FEW, MARKERS, SENTENCE, banner, changed, few_searches, loudness, title
from tui.viewmodel.spans import text_of, width
from tui.viewmodel.state import State
from tui.widgets.paint import Palette

# plain, bold, underlined, that bold, dim, reverse, that bold
_SHOWN = {"": ".", "B": "b", "U": "u", "BU": "U", "D": "d", "R": "r", "RB": "R"}
WIDTHS = (40, 60, 80, 100, 120, 200)
MODES = {
    Banner.HYBRID: "hybrid",
    Banner.DEGRADED: "degraded",
    Banner.DISASTER: "disaster",
    Banner.MESH_ONLY: "mesh-only",
    Banner.LEGACY_ONLY: "legacy-only",
    Banner.ISOLATED: "disaster",
    Banner.STOPPED: "hybrid",
}


def known(state: Banner, told: ModeView | None = None, **changes: Any) -> State:
    """What the app knows in a state of the banner: 31 peers, a table of 118, a Soulseek account."""
    reached = state not in {Banner.STARTING, Banner.ISOLATED, Banner.STOPPED}
    values = {
        "peers": 31 if reached and state is not Banner.LEGACY_ONLY else 0,
        "dht_nodes": 118,
        "detail": s(""),
    }
    if state is Banner.STOPPED:
        values["detail"] = s("BrokenResourceError in swarm.scheduler")
    if state is Banner.STARTING:
        values["detail"] = s("the engine is starting")
    made = State(NOW)
    if told is None and state in MODES:
        told = mode(MODES[state])
    views = [status(state, **{**values, **changes}), settings_view(index="true")]
    made.apply([*views, *([told] if told is not None else [])], NOW)
    return made


def row(state: State, cells: int = 120, now: float = NOW) -> str:
    return text_of(banner(state, now, cells, "~")[0])


def attributes(role: str) -> str:
    """What a terminal without colour shows of a role: a letter for each attribute."""
    style = Palette({}, ansi=True).style(role)
    letters = (("R", style.reverse), ("B", style.bold), ("U", style.underline), ("D", style.dim))
    return "".join(letter for letter, on in letters if on)


@pytest.mark.parametrize("cells", [120, 80])
def test_every_state_as_it_stands_on_the_screen(cells: int) -> None:
    """One line a state, and below it the attributes that stand where there is no colour."""
    lines = []
    for state in Banner:
        for now in (NOW, NOW - 590):
            if state is Banner.STARTING and now != NOW:
                continue
            spans, _ = banner(known(state), now, cells, "~")
            lines.append(text_of(spans))
            lines.append("".join(_SHOWN[attributes(role)] * len(text) for text, role in spans))
    golden(f"banners_{cells}", "\n".join(lines) + "\n")


@pytest.mark.parametrize("state", list(Banner))
@pytest.mark.parametrize("cells", WIDTHS)
@pytest.mark.parametrize("fresh", [False, True])
def test_marker_and_word_survive_every_width(state: Banner, cells: int, fresh: bool) -> None:
    for told in (None, mode("degraded", what=s("x" * 300), outlook=s("y" * 300))):
        line, _ = banner(known(state, told), NOW - 590 if fresh else NOW, cells, "…")
        marker, word, _ = MARKERS[state]
        text = text_of(line)
        assert width(line) == cells
        assert text.startswith(f"{marker} {word}")
        assert text.rstrip().endswith(marker) == (state in {Banner.ISOLATED, Banner.STOPPED})


@pytest.mark.parametrize("cells", [80, 120])
@pytest.mark.parametrize("with_mode", [True, False])
def test_no_two_states_give_the_same_row(cells: int, with_mode: bool) -> None:
    rows = []
    for state in Banner:
        made = known(state)
        if not with_mode:
            made.mode = None
        rows.append(row(made, cells))
    assert all(one != two for one, two in combinations(rows, 2))


@pytest.mark.parametrize("state", [Banner.DISASTER, Banner.MESH_ONLY])
@pytest.mark.parametrize("now", [NOW, NOW - 590])
def test_the_sentence_survives_at_80(state: Banner, now: float) -> None:
    assert SENTENCE in row(known(state), 80, now)
    assert SENTENCE in row(known(state, mode("no account")), 80, now)


def test_the_rows_of_the_design() -> None:
    assert row(known(Banner.HYBRID)).rstrip() == (
        "[=] HYBRID     server online 42ms | mesh 31 peers, DHT 118 | index on"
    )
    assert row(known(Banner.DEGRADED)).rstrip() == (
        "[~] DEGRADED   server away, 3 tries, retry 0:24 | mesh 31 peers | mesh-only in 4:10 if this lasts"
    )
    assert row(known(Banner.DISASTER)).startswith(
        "[!] DISASTER   Legacy connection: offline; mesh-only mode active.  auto since 22:03 | mesh 31 peers"
    )
    assert row(known(Banner.MESH_ONLY)).startswith(
        "[#] MESH-ONLY  Legacy connection: offline; mesh-only mode active.  forced by config | mesh 31 peers"
    )
    assert row(known(Banner.LEGACY_ONLY)).rstrip() == (
        "[.] LEGACY     server online 42ms | mesh off (mesh.enabled=false)"
    )
    assert row(known(Banner.STOPPED)).rstrip() == (
        "[X] ENGINE     stopped: BrokenResourceError in swarm.scheduler | E report  ^q quit".ljust(116)
        + " [X]"
    )


def test_waits_are_counted_down_from_their_times() -> None:
    degraded = known(Banner.DEGRADED)
    assert "retry 0:14 | mesh 31 peers | mesh-only in 4:00 if this lasts" in row(degraded, now=NOW + 10)
    assert "retry 0:00 | mesh 31 peers | mesh-only in 0:00" in row(degraded, now=NOW + 999)
    assert "| retry 0:20" in row(known(Banner.DISASTER), now=NOW + 4)
    back = mode("disaster", phase="online", outlook=s("all well in 9:99 if this lasts"), next_at=NOW + 70)
    assert "| server on, all well in 1:10" in row(known(Banner.DISASTER, back))


def test_what_is_said_of_the_server() -> None:
    def of(**changes: Any) -> str:
        return row(known(Banner.DEGRADED, mode("degraded", **changes)), 200)

    assert "server on, no check answered" in of(phase="online")
    assert "server connecting, 3 tries |" in of(phase="connecting")
    assert "ban suspected, retry 0:24" in of(ban_suspected=True)
    assert "name logged in elsewhere, :server retake" in of(phase="stopped", taken=True)
    assert "server refused the password" in of(
        phase="stopped", what=s("the Soulseek server refused the password")
    )
    assert "no Soulseek account, :account sets one" in of(phase="no account")
    assert "stays like this" in of(outlook=s("stays like this: it is switched off"), next_at=None)


def test_isolated_says_what_is_tried_next() -> None:
    alone = known(Banner.ISOLATED)
    assert "no server, no mesh peers; c connects by invite | press b for why | server retry 0:24" in row(
        alone
    )
    alone.apply([PeersView((peer(0), peer(3), peer(3, next_try=NOW + 9)))], NOW)
    assert "no mesh peers; 2 known peers tried again, next 0:09" in row(alone, 140)
    assert "no mesh peers; next try 0:09 | press b for why" in row(alone, 80)
    refused = mode(
        "disaster", phase="stopped", what=s("the Soulseek server refused the password"), next_try=None
    )
    assert "server refused the password, no mesh peers; c connects" in row(known(Banner.ISOLATED, refused))
    assert "mesh 31 peers | server refused the password" in row(known(Banner.DISASTER, refused), 140)
    assert "no server, mesh off | press b" in row(known(Banner.ISOLATED, mode("legacy-only")))


def test_the_first_minute_counts_since_when() -> None:
    made = known(Banner.HYBRID)
    line, role = banner(made, NOW - 588, 120, "~")
    assert line[-1] == (" since 0:12", f"{role}-since")
    assert Palette({}, ansi=True).style(f"{role}-since").bold
    assert "since" not in row(made, now=NOW - 540)
    assert "since" not in row(made, now=NOW - 601), "a clock that was set back counts nothing"


def test_the_reason_of_a_stop_is_cut_before_the_way_out() -> None:
    made = State(NOW)
    made.status = StatusView(Banner.STOPPED, NOW, s("x" * 300))
    assert row(made, 80).endswith("| E report  ^q quit [X]")


def test_attributes_differ_where_there_is_no_colour() -> None:
    letters = {state: attributes(MARKERS[state][2]) for state in Banner}
    assert letters == {
        Banner.STARTING: "",
        Banner.HYBRID: "",
        Banner.DEGRADED: "U",
        Banner.DISASTER: "RB",
        Banner.MESH_ONLY: "R",
        Banner.LEGACY_ONLY: "D",
        Banner.ISOLATED: "R",
        Banner.STOPPED: "RB",
    }


def test_an_unknown_role_is_plain_text() -> None:
    palette = Palette({"background": "nonsense"}, ansi=False)
    assert palette.style("no-such-role") == palette.style("text")


def test_title_and_toast_have_marker_and_sentence() -> None:
    assert title(status(Banner.DISASTER)) == "slskmesh [!]"
    assert changed(status(Banner.DISASTER, detail=s("no answer"))) == f"[!] DISASTER  {SENTENCE} no answer"
    assert changed(status(Banner.HYBRID, detail=s(""))) == "[=] HYBRID"
    assert (loudness(Banner.DISASTER), loudness(Banner.MESH_ONLY)) == (Level.WARN, Level.INFO)


def test_searches_are_counted_where_few_are_left() -> None:
    assert few_searches(None) == few_searches(mode()) == ""
    assert few_searches(mode(searches_left=FEW)) == "5 searches left"
    assert few_searches(mode(searches_left=1)) == "1 search left"
    assert few_searches(mode(searches_left=0, searches_next=12.0)) == "next search in 0:12"
    assert few_searches(mode("disaster", searches_left=0)) == "", "the server is not asked"
