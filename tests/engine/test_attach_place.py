"""Who may attach, by which number, version and user; and where the socket lies."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from slskmesh.engine import attach_client, attach_door, attach_place
from slskmesh.engine import attach_wire as wire
from slskmesh.engine import commands as cmd
from slskmesh.engine.attach_client import NobodyAnswers, TurnedAway, attach
from slskmesh.engine.events import Level, Notice
from slskmesh.paths import Home
from tests.engine.attach_ground import Guest, Raw, host
from tests.engine.nodes import Settings, furnish

MESH_OFF: Settings = {"mesh": {"enabled": False}}


@pytest.mark.parametrize("number", [0, -1, wire.NUMBERS_MAX, 1 << 40])
def test_numbers_that_are_nobodys_to_choose(tmp_path: Path, number: int) -> None:
    with host(tmp_path) as first, Raw(first.home.root) as one:
        answer = one.hello(number)
        assert isinstance(answer, wire.Refusal) and answer.again


def test_a_number_that_is_taken_is_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter((5, 5, 7))

    class Drawn:
        def randrange(self, low: int, high: int) -> int:
            return next(drawn)

    monkeypatch.setattr(attach_client.random, "SystemRandom", Drawn)
    with host(tmp_path) as first:
        one, other = Guest(first.home.root), Guest(first.home.root)
        assert {5, 7} == set(first.engine.hub._boxes) - {0}
        for guest in (one, other):
            guest.ask(cmd.MakeInvite())
            guest.stop()


@pytest.mark.parametrize(("version", "protocol"), [("9.9.9", wire.PROTOCOL), (attach_client.__version__, 99)])
def test_another_version_is_told_to_restart(tmp_path: Path, version: str, protocol: int) -> None:
    with host(tmp_path) as first, Raw(first.home.root) as old:
        answer = old.hello(5, version, protocol)
        assert isinstance(answer, wire.Refusal) and not answer.again
        assert "restart" in answer.text and version in answer.text
        assert old.cut() and 5 not in first.engine.hub


def test_another_version_is_said_in_words_where_one_attaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with host(tmp_path) as first:
        monkeypatch.setattr(attach_client, "__version__", "0.0.1")
        with pytest.raises(TurnedAway, match=r"0\.0\.1: restart"):
            attach(first.home.root)


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        path = attach_place.socket_path(first.home)
        assert stat.S_ISSOCK(path.stat().st_mode) and stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_user_is_let_in_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with host(tmp_path) as first:
        monkeypatch.setattr(attach_door, "is_ours", lambda line: False)
        with Raw(first.home.root) as stranger:
            stranger.send(wire.encode_hello(wire.Hello(wire.PROTOCOL, attach_client.__version__, 5)))
            assert stranger.next() is None, "no answer"
        monkeypatch.undo()
        monkeypatch.setattr(attach_place, "is_ours", lambda line: False)
        with pytest.raises(NobodyAnswers, match="another user"):
            attach(first.home.root)


def test_whose_process_is_on_the_line_is_asked_of_the_system() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert attach_place.is_ours(one)

    class Foreign:
        def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
            return attach_place._CREDENTIALS.pack(1, os.geteuid() + 1, 0)

    assert not attach_place.is_ours(Foreign())


def test_what_a_killed_one_left_is_replaced_and_a_deep_home_is_no_trouble(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    home = furnish(deep, "me", settings=MESH_OFF)
    (home / "run").mkdir(mode=0o755)
    dead = attach_place.listen_at(Home(home))
    dead.close()
    path = attach_place.socket_path(Home(home))
    assert path.exists() and len(str(path)) > 108
    with pytest.raises(NobodyAnswers):
        attach(home)
    with host(tmp_path, home=home) as first:
        one = Guest(first.home.root)
        assert one.ask(cmd.MakeInvite()).ok
        one.stop()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


@pytest.mark.parametrize("way", ["file", "link"])
def test_a_place_that_cannot_be_had_is_said_and_the_engine_runs(tmp_path: Path, way: str) -> None:
    home = furnish(tmp_path, "me", settings=MESH_OFF)
    if way == "file":
        (home / "run").write_text("not a folder")
    else:
        (tmp_path / "elsewhere").mkdir()
        (home / "run").symlink_to(tmp_path / "elsewhere")
    with host(tmp_path, home=home) as first:
        [notice] = [e for e in first.seen if isinstance(e, Notice) and e.level is Level.WARN]
        assert "nobody can attach" in notice.text and first.ask(cmd.MakeInvite()).ok
        with pytest.raises(NobodyAnswers):
            attach(home)
