"""What the application says of itself, for any state of the engine."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import ChatsView, ModeView, RoomView
from slskmesh.engine.views import LibraryView, ScanPhase, StatusView
from slskmesh.gateway.about_shapes import (
    LOGGED_IN,
    ApplicationState,
    application,
    reached,
    shares_state,
    token,
)
from slskmesh.gateway.server_shapes import server_state
from slskmesh.modes import Banner, Health, Mode
from slskmesh.text import SafeStr

modes = st.builds(
    ModeView,
    mode=st.sampled_from([mode.value for mode in Mode]),
    health=st.sampled_from([health.value for health in Health]),
    since=st.just(0.0),
    reason=st.just(SafeStr("")),
    phase=st.sampled_from(["off", "no account", "connecting", "online", "waiting", "stopped"]),
    server=st.sampled_from(
        [SafeStr("server.example:2242"), SafeStr("127.0.0.1:2242"), SafeStr("[::1]:2242")]
    ),
    username=st.sampled_from([SafeStr(""), SafeStr("me")]),
    ask_mesh=st.booleans(),
    connect=st.booleans(),
    next_try=st.none() | st.floats(0, 2e9),
)
statuses = st.builds(
    StatusView,
    banner=st.just(Banner.HYBRID),
    since=st.just(0.0),
    detail=st.just(SafeStr("")),
    peers=st.integers(0, 2),
    dht_nodes=st.none() | st.integers(0, 2),
)
libraries = st.builds(
    LibraryView,
    phase=st.sampled_from(ScanPhase),
    files=st.integers(0, 9),
    done=st.integers(0, 9),
    total=st.none() | st.integers(0, 9),
)


@given(modes, statuses)
def test_it_is_connected_while_anybody_can_be_asked(mode: ModeView, status: StatusView) -> None:
    state = reached(mode, status)
    online, by_mesh = mode.phase == "online", mode.ask_mesh and status.peers > 0
    if online or by_mesh:
        assert state.state == LOGGED_IN and state.is_connected and state.is_logged_in
        assert not (state.is_transitioning or state.is_connecting)
    elif not (mode.ask_mesh and status.dht_nodes):
        assert not state.is_logged_in and state == server_state(mode)
    assert state.address == mode.server and (state.is_logged_in == (state.state == LOGGED_IN))


def test_the_table_counts_where_words_become_ids() -> None:
    status = StatusView(Banner.HYBRID, 0.0, SafeStr(""), dht_nodes=3)
    for mode, logged_in in ((Mode.DISASTER, True), (Mode.MESH_ONLY, True), (Mode.NORMAL, False)):
        view = ModeView(mode.value, Health.HEALTHY.value, 0.0, SafeStr(""), phase="waiting")
        assert reached(view, status).is_logged_in is logged_in


@given(modes, statuses, libraries, st.booleans())
def test_the_state_is_always_whole(
    mode: ModeView, status: StatusView, library: LibraryView, joined: bool
) -> None:
    chats = ChatsView(rooms=(RoomView(SafeStr("books"), wanted=True, joined=joined),))
    told = msgspec.json.encode(application(mode, status, library, chats))
    state = msgspec.json.decode(told, type=ApplicationState)
    assert b"null" not in told and state.rooms == (("books",) if joined else ())
    assert (state.user.username is None) == (not mode.username)
    assert (state.connection_watchdog.next_attempt_at is not None) <= (mode.next_try is not None)


@given(libraries)
def test_a_scan_is_told_by_its_part(library: LibraryView) -> None:
    state = shares_state(library)
    assert 0.0 <= state.scan_progress <= 1.0 and state.files == library.files
    assert sum((state.scanning, state.ready, state.faulted)) == 1
    assert state.scanning == (library.phase in (ScanPhase.WALKING, ScanPhase.HASHING))


def test_a_token_is_the_key_for_good() -> None:
    one = token("music", "the key", now=1_700_000_000.7)
    assert (one.token, one.issued, one.not_before) == ("the key", 1_700_000_000, 1_700_000_000)
    assert one.expires > 2**31
