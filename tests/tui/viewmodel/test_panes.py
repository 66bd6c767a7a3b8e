"""State, transfers, peers, settings, the first-run form and the tour, without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine.commands import FinishSetup
from slskmesh.engine.events import EngineEnded, Level, SearchEnded
from slskmesh.engine.views import Banner, PeerState, SettingView, TransferState, TransfersView
from tests.tui.fake import (
    NOW,
    everything,
    hit,
    library,
    peer,
    peers,
    s,
    settings_view,
    source,
    status,
    transfer,
    transfers,
)
from tui.viewmodel import peers as peer_words
from tui.viewmodel import search as search_words
from tui.viewmodel import settings as setting_words
from tui.viewmodel import transfers as transfer_words
from tui.viewmodel.results import Results
from tui.viewmodel.setup import SetupForm
from tui.viewmodel.spans import text_of
from tui.viewmodel.state import LOG_LINES, RATE_SAMPLES, Rates, State
from tui.viewmodel.tour import UNTIL, Facts, tour_of


def test_views_replace_each_other() -> None:
    state = State(NOW)
    assert state.status.banner is Banner.STARTING
    seen = state.apply(
        [v for v in everything() if hasattr(v, "__struct_fields__") and not hasattr(v, "level")], NOW
    )
    assert TransfersView in seen
    assert state.status.banner is Banner.MESH_ONLY
    assert state.running == 3
    assert state.transfer("0" * 64) is not None and state.transfer("f" * 64) is None


def test_after_the_end_no_late_view_brings_the_engine_back() -> None:
    state = State(NOW)
    state.end(EngineEnded(False, s("disk full")), NOW)
    state.apply([status()], NOW)
    assert state.status.banner is Banner.STOPPED
    assert state.notices[-1].level is Level.ERROR


def test_the_log_is_bounded() -> None:
    state = State(NOW)
    for number in range(LOG_LINES + 50):
        state.log(NOW, Level.INFO, s(str(number)))
    assert len(state.notices) == LOG_LINES
    assert state.notices[-1].text == str(LOG_LINES + 49)
    assert state.forgotten == 50, "what made room is counted"


def test_errors_are_the_log_s_warnings_and_errors() -> None:
    state = State(NOW)
    for level in Level:
        state.log(NOW, level, s(level.value))
    assert [n.text for n in state.errors] == ["error", "warn"]


def test_rates_take_one_sample_a_second_and_fill_gaps() -> None:
    rates = Rates()
    assert rates.note(10.0, 1) and not rates.note(10.9, 2)
    assert rates.note(13.2, 5)
    assert list(rates.samples) == [1, 5, 5, 5]
    rates.note(10_000, 7)
    assert len(rates.samples) == RATE_SAMPLES


@pytest.mark.parametrize("state", list(TransferState))
def test_every_state_of_a_transfer_has_words(state: TransferState) -> None:
    text = text_of(transfer_words.reason(transfer(0, state=state, reason=s(""))))
    assert text.startswith(state.value) and len(text) > len(state.value) + 4


def test_a_banned_source_is_told_as_bad() -> None:
    assert transfer_words.source_role(source(3)) == "bad"
    assert transfer_words.source_role(source(0)) == "good"
    assert transfer_words.source_role(source(4)) == "dim"


def test_trust_reads_without_colour() -> None:
    signs = {
        peer_words.trust(peer(0)),
        peer_words.trust(peer(4)),
        peer_words.trust(peer(1, score=0.0)),
        peer_words.trust(peer(1, score=0.9)),
        peer_words.trust(peer(1, score=-0.9)),
    }
    assert signs == {"+++", "---", "?", "++", "-"}


@pytest.mark.parametrize("score", [-1.0, -0.3, 0.0, 0.2, 0.6, 5.0])
def test_a_peer_that_sent_bad_chunks_earns_no_plus(score: float) -> None:
    assert "+" not in peer_words.trust(peer(1, score=score, bad_chunks=1))
    marked = peer(0, score=score, bad_chunks=1, trusted=True)
    assert peer_words.trust(marked) == "+++!"
    assert "although it sent bad chunks" in text_of(peer_words.details(marked, NOW)[3])


@pytest.mark.parametrize("cells", [49, 75])
def test_a_long_state_of_a_source_is_shown_whole(cells: int) -> None:
    from tui.viewmodel.columns import layout
    from tui.viewmodel.glyphs import UTF8

    liar = source(3, state=s("banned: bad chunk 1066"), name=s("a rather long name"))
    sources = (source(0), source(1), liar)
    shown = transfer_words.source_columns(sources, {}, cells)
    assert "banned: bad chunk 1066" in text_of(layout(shown, liar, cells, UTF8))
    calm = text_of(layout(transfer_words.source_columns(sources[:2], {}, 49), sources[0], 49, UTF8))
    assert "48ms" in calm, "without a long state nothing is left out"
    gone = (source(0), source(1, state=s("gone: the peer closed the line and did not come back")))
    tight = transfer_words.source_columns(gone, {}, cells)
    assert "active" in text_of(layout(tight, gone[0], cells, UTF8)).split(), "too long a state cuts no other"


@pytest.mark.parametrize("state", list(TransferState))
def test_without_a_chunk_map_words_say_what_is_known(state: TransferState) -> None:
    lines = transfer_words.without_map(transfer(1, state=state, done=10 * 1024**2, chunks_done=40))
    text = " ".join(text_of(line) for line in lines)
    assert "10.0M of 21.0M (47%) verified on disk, 40 of 84 chunks" in text and "no chunk map now" in text
    assert "chunks" not in text_of(transfer_words.without_map(transfer(1, chunks=0))[0])


def test_a_setting_tells_where_its_value_comes_from() -> None:
    by_key = {x.key: x for x in settings_view().settings}

    def words(key: str) -> str:
        return " ".join(text_of(line) for line in setting_words.details(by_key[key], "/h/config.toml"))

    assert "SLSKMESH__UI__CHARSET" in words("ui.charset") and "not asked" in words("ui.charset")
    assert "nothing is written in /h/config.toml" in words("ui.theme")
    assert "from    /h/config.toml" in words("ui.bell")
    assert setting_words.fixed(by_key["ui.bell"]) is None
    assert "SLSKMESH__UI__CHARSET in the environment" in (setting_words.fixed(by_key["ui.charset"]) or "")


def test_the_environment_variable_is_the_one_that_settings_read(tmp_path: Path) -> None:
    from slskmesh.settings import describe, load_settings

    view = next(x for x in settings_view().settings if x.key == "swarm.slots")
    env = {setting_words.variable(view): "7"}
    rows = describe(load_settings(tmp_path, env), tmp_path, env)
    assert [r["key"] for r in rows if r["source"] == "environment"] == ["swarm.slots"]


def test_peers_are_filtered_by_name_key_and_state() -> None:
    rows = peers().peers
    assert [p.name for p in peer_words.order(rows, "tape")] == ["tape_hiss"]
    assert all(p.state is PeerState.BLOCKED for p in peer_words.order(rows, "blocked"))


def test_a_key_is_grouped_for_reading() -> None:
    lines = peer_words.groups(peer(0).peer)
    assert "".join(lines).replace(" ", "") == peer(0).peer
    assert all(len(group) <= 5 for line in lines for group in line.split())


def test_settings_sections_filter_and_choices() -> None:
    view = settings_view()
    assert setting_words.sections(view) == ["all", "overlay", "library", "swarm", "ui"]
    assert [x.key for x in setting_words.shown(view, "overlay", "bell")] == ["ui.bell"]
    switch = next(x for x in view.settings if x.key == "ui.bell")
    assert setting_words.flipped(switch) == "false"
    many = SettingView("a.b", "x", "x", "h", "default", ("x", "y", "z"))
    assert setting_words.flipped(many) == "y"
    assert setting_words.flipped(view.settings[0]) is None


def test_the_library_in_one_line() -> None:
    assert "hashing 300 of 420" in setting_words.library_line(library())
    assert setting_words.library_line(None) == "not scanned yet"


def test_the_form_checks_before_the_engine_does() -> None:
    form = SetupForm.of(settings_view(False))
    assert form.finish() == FinishSetup(("/data/lena/Music",), "/data/lena/Downloads", "0.0.0.0:50300", "")
    form.questions[1].edit.set("  ")
    assert form.finish() is None and "downloads" in form.error and form.at == 1
    form.questions[1].edit.set("/d")
    form.questions[3].edit.set("nonsense")
    assert form.finish() is None and "host:port" in form.error and form.at == 3
    form.questions[3].edit.set("")
    form.questions[0].edit.set("/a ; /b;")
    assert form.finish() == FinishSetup(("/a", "/b"), "/d", "", "")


def test_the_form_says_what_is_shared_and_published() -> None:
    text = "\n".join(text_of(line) for line in SetupForm.of(settings_view(False)).lines(100))
    assert "Shared:" in text and "Published: in a table that peers keep" in text
    assert all(
        word in text for word in ("never names or paths", "mesh.shadow_index.enabled", "musicbrainz.host")
    )
    assert "Soulseek: only with an account" in text
    short = SetupForm.of(settings_view(False)).lines(70, short=True)
    assert len(short) <= 18 and sum("may be empty" in text_of(line) for line in short) == 1


def test_the_words_of_an_empty_list() -> None:
    assert "press i" in " ".join(search_words.empty("", None, False))
    assert "nobody is connected" in " ".join(search_words.empty("x", SearchEnded(1, 0, 0, 0, 0), False))
    assert "2 peers answered" in " ".join(search_words.empty("x", SearchEnded(1, 2, 2, 0, 0), False))


def test_the_note_counts_what_was_left_out() -> None:
    results = Results()
    results.add([hit(1)])
    results.dropped = 7
    text = search_words.note(results, SearchEnded(1, 3, 2, 1, 0), False)
    assert "7 left out" in text and "2/3 peers answered, 1 refused" in text


def facts(**changes: object) -> Facts:
    state = State(NOW)
    state.apply([status(), transfers()], NOW)
    values: dict[str, object] = {"state": state, "pane": "search", "results": 0, "searched": False, **changes}
    return Facts(**values)  # type: ignore[arg-type]


def test_a_tour_goes_on_by_itself_and_by_hand() -> None:
    tour = tour_of([("a", "text", "connected"), ("b", "text", "found"), ("c", "text", "")])
    assert tour.advance(facts())
    assert tour.step is not None and tour.step.title == "b"
    assert not tour.advance(facts())
    assert tour.advance(facts(results=3))
    assert not tour.advance(facts(results=3))
    tour.next()
    assert tour.step is None and tour.lines(80) == ("", [])


def test_a_tour_can_be_sent_away() -> None:
    tour = tour_of([("a", "text", "")])
    tour.off = True
    assert tour.step is None


def test_every_condition_can_be_asked() -> None:
    for name, done in UNTIL.items():
        if done is not None:
            assert isinstance(done(facts()), bool), name
    with pytest.raises(ValueError, match="no such tour condition"):
        tour_of([("a", "b", "nonsense")])
