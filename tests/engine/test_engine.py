"""A whole engine as a front end holds it: first run, commands good and bad, what outlives a restart, its end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine import desk as desk  # with it every command there is
from slskmesh.engine.console import Console, EngineStopped, Refused
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import PeerState, PeersView, SettingsView, StatusView, TransfersView
from slskmesh.errors import HomeBusyError
from slskmesh.identity.peerid import PeerId, peer_text

WAIT = 20.0
STRANGER = peer_text(PeerId(b"\x05" * 32))
CONTENT = "0" * 64
MBID = "b84ee12a-09ef-421b-82de-0441a926375b"
RUBBISH = (
    *("", "x", "\x00\x1b[2J", "\ud800", "😀" * 500, "../../etc/passwd"),
    *("sm1" + "a" * 56, STRANGER, "slskmesh:AAAA", "0" * 63, CONTENT, "localhost:0"),
)


class Ground(Console):
    """One engine, and every event it sent."""

    def __init__(self, home: Path) -> None:
        self.thread = EngineThread(home)
        self.seen: list[Event] = []
        super().__init__(self.thread, on_event=self.seen.append)

    def replies(self, request: int) -> list[Reply]:
        return [event for event in self.seen if isinstance(event, Reply) and event.request == request]

    def answer(self, command: cmd.Command) -> Reply:
        """The answer, good or bad."""
        request = self.post(command)
        self.wait_for(lambda: self.replies(request), WAIT, f"an answer to {command}")
        return self.replies(request)[0]

    def status(self) -> StatusView:
        return self.wait_view(StatusView, lambda view: True, WAIT, "a status")

    def state_of(self, peer: str, state: PeerState) -> None:
        def there(view: PeersView) -> bool:
            return any(p.peer == peer and p.state is state for p in view.peers)

        self.wait_view(PeersView, there, WAIT, f"{peer} to be {state.value}")


@contextlib.contextmanager
def running(home: Path) -> Iterator[Ground]:
    """An engine on this home, for the length of the body."""
    ground = Ground(home)
    ground.start()
    try:
        yield ground
    finally:
        assert ground.stop()


def set_up(home: Path) -> Path:
    """A home that listens on loopback."""
    home.mkdir(mode=0o700)
    downloads = json.dumps(str(home.parent / f"{home.name}-downloads"))
    (home / "config.toml").write_text(
        f'[overlay]\nlisten = "127.0.0.1:0"\nname = "{home.name}"\n[library]\ndownloads = {downloads}\n'
    )
    return home


def connect(one: Ground, other: Ground) -> str:
    """Connects them by invite; returns the other's peer id as text."""
    one.ask(cmd.Connect(other.ask(cmd.MakeInvite()).value))
    peer = other.status().peer_id
    one.state_of(peer, PeerState.CONNECTED)
    return peer


def test_nothing_listens_until_the_first_questions_are_answered(tmp_path: Path) -> None:
    music, downloads = tmp_path / "music", tmp_path / "new" / "downloads"
    music.mkdir()
    with running(tmp_path / "home") as ground:
        settings = ground.wait_view(SettingsView, lambda view: True, WAIT, "settings")
        assert not settings.configured and ground.status().listening == ""
        for command in (cmd.MakeInvite(), cmd.Connect("127.0.0.1:1"), cmd.Download(CONTENT, 1, "x")):
            assert not ground.answer(command).ok
        for shares, folder in (
            ((str(tmp_path / "absent"),), str(downloads)),
            ((), ""),
            ((str(music),), "/proc/x"),
        ):
            assert not ground.answer(cmd.FinishSetup(shares, folder)).ok
        assert ground.status().listening == "" and not (tmp_path / "home" / "config.toml").exists()
        ground.ask(cmd.FinishSetup((str(music),), str(downloads), "127.0.0.1:0", "me"))
        assert ground.listening().listening.startswith("127.0.0.1:")
        assert ground.ask(cmd.MakeInvite()).value.startswith("slskmesh:")
    with running(tmp_path / "home") as ground:
        assert ground.listening().listening, "the next start listens by itself"


def rubbish_of(kind: type[cmd.Command]) -> list[cmd.Command]:
    """Commands of one type whose every text is nonsense, and numbers far out."""
    return [_nonsense(kind, text, number) for text in RUBBISH for number in (-(2**70), -1, 0, 2**63, 2**70)]


def _nonsense(kind: Any, text: str, number: int) -> Any:
    """A value of a type, made of this text and this number."""
    kind = getattr(kind, "__supertype__", kind)
    plain = {
        str: text,
        int: number,
        float: float(number),
        bool: True,
        bytes: text.encode("utf-8", "surrogatepass"),
    }
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return kind(**{field.name: _nonsense(field.type, text, number) for field in fields})
    if get_origin(kind) is tuple:
        inner = get_args(get_args(kind)[0]) or get_args(kind)[:1]
        return tuple(_nonsense(one, text, number) for one in inner)
    return _nonsense(next(one for one in get_args(kind) if one is not type(None)), text, number)


@pytest.mark.parametrize("configured", [True, False])
def test_every_command_is_answered_once_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    """And the engine lives on."""
    monkeypatch.chdir(tmp_path)  # nonsense may name a file to be written
    kinds = {*cmd.Command.__subclasses__(), *cmd.Change.__subclasses__()} - {cmd.Change}
    assert len(kinds) >= 70
    home = set_up(tmp_path / "home") if configured else tmp_path / "home"
    with running(home) as ground:
        requests = {}
        for kind in kinds:
            if kind is cmd.FinishSetup:
                continue  # of all nonsense it may take some for a folder's name; it has a test of its own
            for command in rubbish_of(kind):
                requests[ground.post(command)] = command
        ground.wait_for(
            lambda: sum(isinstance(event, Reply) for event in ground.seen) >= len(requests),
            60,
            "all answers",
        )
        ground.ask(cmd.Watch(""))
        told = [event.request for event in ground.seen if isinstance(event, Reply)]
        assert sorted(told)[: len(requests)] == sorted(requests), "each exactly once"
        for event in ground.seen:
            if isinstance(event, Reply) and not event.ok:
                assert event.text and "Traceback" not in event.text, requests[event.request]
        assert ground.ended is None


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (cmd.Search("  "), "type a word"),
        (cmd.Search("x"), "no peer is connected"),
        (cmd.Search("x", 0), "at least 1"),
        (cmd.Download("zz", 1, "x"), "64 hexadecimal digits"),
        (cmd.Download(CONTENT, -1, "x"), "from 0 to"),
        (cmd.Pause(CONTENT), "no such download"),
        (cmd.Resume(CONTENT), "no such download"),
        (cmd.Remove(CONTENT), "no such download"),
        (cmd.Move(CONTENT, 1), "no such download"),
        (cmd.Connect("hello"), "an invite begins with"),
        (cmd.Connect("127.0.0.1:99999"), "is not host:port"),
        (cmd.MakeInvite(0), "from 1 hour"),
        (cmd.Disconnect("sm1x"), ""),
        (cmd.Disconnect(STRANGER), "not connected"),
        (cmd.LookUp(" "), "nothing to look up"),
        (cmd.LookUp("x", "planet"), "planet"),
        (cmd.Resolve("x"), "36 characters"),
        (cmd.AddJob("dance", MBID), "mb_release, discography, label_crate"),
        (cmd.AddJob("mb_release", "x"), "36 characters"),
        (cmd.AddJob("mb_release", f"https://musicbrainz.org/artist/{MBID}"), "takes that of a release"),
        (cmd.AddJob("discography", MBID, profile="some"), "core, extended, all"),
        (cmd.AddJob("mb_release", MBID, tracks=(0,)), "its place in the release"),
        (cmd.AddJob("mb_release", MBID, target_dir="../x"), ""),
        (cmd.AddJob("mb_release", MBID, layout="{nonsense}"), "nonsense"),
        (cmd.AddJob("label_crate", MBID, limit=0), "limit"),
        (cmd.AddJob("mb_release", MBID, overlay_bandwidth_kbps=-1), "overlay_bandwidth_kbps"),
        (cmd.PauseJob(7), "7"),
        (cmd.CancelJob(7), "7"),
        (cmd.RemoveJob(7), "7"),
        (cmd.MoveJob(7, 1), "7"),
        (cmd.Rescan(), "nothing is shared"),
        (cmd.SetSetting("overlay.lisen", "x"), "did you mean overlay.listen"),
        (cmd.SetSetting("swarm.slots", "many"), "swarm.slots"),
        (cmd.SetSetting("library.shares", '["/absent/folder"]'), "no such folder"),
        (cmd.SetSetting("library.downloads", "/proc/nowhere"), "cannot be used"),
        (cmd.SetSetting("overlay.listen", "nonsense"), ""),
    ],
)
def test_bad_input_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, command: cmd.Command, words: str
) -> None:
    reply = _lasting(tmp_path_factory).answer(command)
    assert not reply.ok and reply.text and words in reply.text, reply


_GROUNDS: dict[Path, Ground] = {}


def _lasting(factory: pytest.TempPathFactory) -> Ground:
    """One engine for all refusals of a test process."""
    base = factory.getbasetemp()
    if base not in _GROUNDS:
        ground = _GROUNDS[base] = Ground(set_up(factory.mktemp("lasting") / "home"))
        ground.start()
        ground.listening()
    return _GROUNDS[base]


@pytest.fixture(scope="module", autouse=True)
def _end_lasting() -> Iterator[None]:
    yield
    while _GROUNDS:
        assert _GROUNDS.popitem()[1].stop()


def test_names_and_words_that_are_no_text_do_no_harm_with_a_peer_connected(tmp_path: Path) -> None:
    """A command line may hand in bytes that are not UTF-8, as lone surrogates."""
    with running(set_up(tmp_path / "a")) as a, running(set_up(tmp_path / "b")) as b:
        for ground in (a, b):
            ground.listening()
        connect(a, b)
        for number, text in enumerate((*RUBBISH, "\udcff", "a" * 10_000, "\u202egnp")):
            a.answer(cmd.Search(text, number - 2))
            a.answer(cmd.Download(f"{number:064x}", number, text, text))
            a.answer(cmd.Disconnect(text))
        views = a.wait_view(TransfersView, lambda view: len(view.transfers) > 10, WAIT, "the downloads")
        assert all("\udcff" not in view.name and "\x1b" not in view.name for view in views.transfers)
        assert a.ended is None and b.ended is None
        a.wait_view(StatusView, lambda view: view.peers == 1, WAIT, "the peer to be there still")


def test_a_block_closes_the_session_and_outlives_a_restart(tmp_path: Path) -> None:
    with running(set_up(tmp_path / "a")) as a:
        a.listening()
        with running(set_up(tmp_path / "b")) as b:
            b.listening()
            peer = connect(a, b)
            a.ask(cmd.Block(peer))
            a.state_of(peer, PeerState.BLOCKED)
            a.wait_view(StatusView, lambda view: not view.peers, WAIT, "the session to close")
    with running(tmp_path / "a") as a, running(tmp_path / "b") as b:
        for ground in (a, b):
            ground.listening()
        a.state_of(peer, PeerState.BLOCKED)
        with pytest.raises(Refused, match="is blocked"):
            a.ask(cmd.Connect(b.ask(cmd.MakeInvite()).value))
        with pytest.raises(Refused):
            b.ask(cmd.Connect(a.ask(cmd.MakeInvite()).value))
        a.ask(cmd.Unblock(peer))
        connect(a, b)


def test_trust_outlives_a_restart(tmp_path: Path) -> None:
    with running(set_up(tmp_path / "a")) as a:
        a.ask(cmd.Trust(STRANGER, True))

    def trusted(view: PeersView) -> bool:
        return any(peer.peer == STRANGER and peer.trusted for peer in view.peers)

    with running(tmp_path / "a") as a:
        a.wait_view(PeersView, trusted, WAIT, "the trusted peer")
        a.ask(cmd.Block(STRANGER))
        with pytest.raises(Refused, match="blocked peer cannot be trusted"):
            a.ask(cmd.Trust(STRANGER, True))


def test_another_address_is_listened_on_at_once_and_a_bad_one_leaves_no_silence(tmp_path: Path) -> None:
    with running(set_up(tmp_path / "a")) as a, running(set_up(tmp_path / "b")) as b:
        first, taken = a.listening().listening, b.listening().listening
        reply = a.answer(cmd.SetSetting("overlay.listen", taken))
        assert not reply.ok and "cannot listen" in reply.text
        a.ask(cmd.SetSetting("overlay.listen", "127.0.0.1:0"))
        status = a.wait_view(StatusView, lambda view: bool(view.listening), WAIT, "to listen again")
        assert status.listening not in ("", taken) and first
        connect(b, a)


def test_it_stops_soon_with_sessions_open_and_says_so_to_late_comers(tmp_path: Path) -> None:
    with running(set_up(tmp_path / "a")) as a, running(set_up(tmp_path / "b")) as b:
        for ground in (a, b):
            ground.listening()
        connect(a, b)
        began = time.monotonic()
        assert a.stop(1.5), "it takes too long"
        assert time.monotonic() - began < 1.5
        request = a.post(cmd.Rescan())
        with pytest.raises(EngineStopped, match="stopped"):
            a.wait_for(lambda: False, WAIT, "the end")
        assert [reply.ok for reply in a.replies(request)] == [False]
        assert a.ended is not None and a.ended.clean
        b.wait_view(StatusView, lambda view: not view.peers, WAIT, "the session to end")


def test_a_second_engine_on_a_home_is_turned_away_with_the_first_ones_number(tmp_path: Path) -> None:
    with running(set_up(tmp_path / "a")) as a:
        a.listening()
        second = Ground(tmp_path / "a")
        second.start()
        with pytest.raises(HomeBusyError, match=r"a is in use by process \d+"):
            second.listening()
        assert second.stop()
        assert a.answer(cmd.MakeInvite()).ok, "the first one is not disturbed"
