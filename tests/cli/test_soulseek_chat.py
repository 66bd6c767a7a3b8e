"""Rooms and private messages by the command line: real commands, the demo's server and users."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.cli.conftest import Account, Soulseek, environment


def test_rooms_are_listed_joined_and_left(me: Account) -> None:
    code, (*rooms, end), errors = me("rooms", "list")
    assert code == 0, errors
    (harbour,) = [room for room in rooms if room["room"] == "harbour"]
    assert harbour["users"] >= 2 and harbour["joined"] is False
    assert (end["ended"], end["rooms"], end["total"]) == (True, len(rooms), len(rooms))
    code, (joined,), _ = me("rooms", "join", "harbour")
    assert code == 0 and (joined["room"], joined["did"]) == ("harbour", "joined") and joined["users"] >= 3
    (harbour,) = [room for room in me("rooms", "list")[1][:-1] if room["room"] == "harbour"]
    assert harbour["users"] >= 3, "a member is there again whenever an engine runs"
    code, (left,), _ = me("rooms", "leave", "harbour", "--forget")
    assert code == 0 and left["did"] == "left"
    code, _, errors = me("rooms", "join", "a  room")
    assert code != 0 and errors.count("\n") == 1


def test_what_is_said_reaches_the_room_and_is_kept(me: Account, soulseek: Soulseek) -> None:
    code, rows, errors = me("say", "harbour", "good", "evening")
    assert (code, rows) == (0, [{"room": "harbour", "said": "good evening"}]), errors
    assert soulseek.ann.wait("said", said="good evening")["room"] == "harbour"
    code, lines, _ = me("rooms", "read", "harbour")
    assert code == 0 and (lines[-1]["text"], lines[-1]["kind"], lines[-1]["where"]) == (
        "good evening",
        "own",
        "harbour",
    )
    assert set(lines[-1]) == {"where", "number", "at", "user", "text", "kind", "why"}
    assert me("rooms", "read", "nowhere")[0] == 1


def test_a_room_is_read_as_it_goes(me: Account, soulseek: Soulseek) -> None:
    with subprocess.Popen(
        me.args("rooms", "read", "harbour", "--watch"), stdout=subprocess.PIPE, text=True, env=environment()
    ) as reading:
        assert reading.stdout is not None
        name = ""
        while not name:  # until it is in the room
            here = soulseek.server.order(status=True)
            name = next((user for user in here["users"] if user not in ("ann", "bob")), "")
        while soulseek.server.order(status=True)["rooms"]["harbour"] < 3:
            pass
        soulseek.bob.tell(say="the tide turns", room="harbour")
        line = json.loads(reading.stdout.readline())
        assert (line["user"], line["text"], line["kind"]) == ("bob", "the tide turns", "said")
        reading.send_signal(signal.SIGINT)
        reading.communicate(timeout=60)
    assert reading.returncode == 130


def test_messages_go_and_come(me: Account, soulseek: Soulseek) -> None:
    code, (sent,), errors = me("message", "ann", "hello", "there")
    assert code == 0 and (sent["user"], sent["state"]) == ("ann", "sent"), errors
    whispered = soulseek.ann.wait("whispered", whispered="hello there")
    soulseek.ann.tell(whisper="hello yourself", to=whispered["user"])  # it waits on the server
    code, (one,), _ = me("message")
    assert set(one) == {"user", "unread", "waiting", "last", "text", "state"} and one["user"] == "ann"
    with subprocess.Popen(
        me.args("message", "ann", "--watch"), stdout=subprocess.PIPE, text=True, env=environment()
    ) as reading:
        assert reading.stdout is not None
        first, second = (json.loads(reading.stdout.readline()) for _ in range(2))
        reading.send_signal(signal.SIGTERM)
        reading.communicate(timeout=60)
    assert (first["text"], first["kind"]) == ("hello there", "sent")
    assert (second["text"], second["kind"], second["user"]) == ("hello yourself", "kept", "ann")
    code, lines, _ = me("message", "ann")
    assert code == 0 and [line["text"] for line in lines] == ["hello there", "hello yourself"]
    assert me("message", "nobody")[0] == 1


def test_a_message_waits_for_the_server(me: Account, soulseek: Soulseek) -> None:
    config = me.home / "config.toml"
    right = config.read_text()
    config.write_text(right.replace(soulseek.server.address, "127.0.0.1:1"))
    code, (kept,), errors = me("message", "bob", "are you there", "--wait", "1")
    assert code == 4 and kept["state"] == "waiting", errors
    (one,) = me("message")[1]
    assert one["waiting"] == 1
    config.write_text(right)
    code, _, _ = me("message", "bob", "now I am")
    assert code == 0
    assert soulseek.bob.wait("whispered")["whispered"] == "are you there"
    assert soulseek.bob.wait("whispered")["whispered"] == "now I am"


@pytest.mark.parametrize(
    "args",
    [("message", "--watch"), ("message", "ann", "hi", "--watch"), ("say", "harbour"), ("rooms", "join")],
)
def test_what_makes_no_sense_is_code_2(args: tuple[str, ...], run, make_home) -> None:  # type: ignore[no-untyped-def]
    done = run(*args, "--home", make_home("h"))
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_said(me: Account, soulseek: Soulseek) -> None:
    config = me.home / "config.toml"
    config.write_text(config.read_text().replace(soulseek.server.address, "127.0.0.1:1"))
    for args in (("say", "harbour", "x"), ("rooms", "list"), ("users", "info", "ann")):
        code, rows, errors = me(*args, "--wait", "1")
        assert code == 1 and rows == [] and "Soulseek server" in errors
    assert me("rooms", "leave", "harbour")[0] in (0, 1)
