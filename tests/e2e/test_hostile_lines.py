"""Connections that are no peers, and peers that are not who they should be: the honest ones notice nothing."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.engine.commands import Connect, Search
from slskmesh.engine.events import Found, SearchEnded
from slskmesh.identity.key import load_or_create
from slskmesh.overlay.invite import make_invite
from tests.e2e.ground import Ground, track

GARBAGE = 1000
MEMORY = 50 << 20  # bytes a flood may cost


def test_another_peer_at_the_address_is_refused_and_said(ground: Ground) -> None:
    song = track("mix.bin", 100_000)
    seeder = ground.seeder("magpie", song)
    expected = load_or_create(ground.root / "key" / "identity.pem")
    host, port = seeder.address
    leecher = ground.leecher("me")
    leecher.listening()
    answer = leecher.ask(Connect(make_invite(expected, [f"{host}:{port}"], time.time() + 3600)))
    assert not answer.ok and "another peer" in answer.text, answer
    leecher.fetch(song)
    stalled = leecher.until(
        lambda: t if (t := leecher.transfer(song)) and "no" in t.reason else None, "its reason"
    )
    assert stalled.done == 0 and not leecher.connected(seeder.ready["peer_id"])
    leecher.meet(seeder)  # by its own key it is welcome
    leecher.done(song)


def rubbish(number: int, rng: random.Random) -> bytes:
    """What a line that is no peer says first."""
    hello = b"\x16\x03\x01" + struct.pack(">H", 400) + b"\x01" + rng.randbytes(300)
    return (
        rng.randbytes(rng.randrange(1, 3000)),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        hello[: rng.randrange(1, len(hello))],
        b"\x16\x03\x01\xff\xff" + rng.randbytes(20_000),
        b"",
    )[number % 5]


def throw(address: tuple[str, int], number: int, rng: random.Random) -> None:
    """One connection: says its rubbish, and hangs up in order or not."""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=5) as line:
        if number % 2:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(rubbish(number, rng))


def test_a_thousand_garbage_connections_while_a_peer_is_served(ground: Ground) -> None:
    song = track("mix.bin", 8_000_000)
    seeder = ground.seeder("otter", song, max_upload_rate=3_000_000)
    leecher = ground.leecher("me")
    leecher.listening()
    leecher.meet(seeder)
    before = seeder.memory()
    leecher.fetch(song)
    leecher.progress(song, 0.1)
    rng, started = random.Random(6), time.monotonic()
    for number in range(GARBAGE):
        throw(seeder.address, number, rng)
    took = time.monotonic() - started
    during = leecher.transfer(song)
    assert Path(leecher.done(song).path).read_bytes() == song.data
    grown = seeder.memory() - before
    print(
        f"{GARBAGE} lines in {took:.1f} s, from {during and during.done} bytes on; {grown / 1e6:.1f} MB more"
    )
    assert grown < MEMORY
    other = ground.leecher("other")  # and the door is still open
    other.listening()
    other.meet(seeder)


@pytest.fixture
def lines() -> Iterator[list[socket.socket]]:
    """Sockets that are closed at the end."""
    held: list[socket.socket] = []
    yield held
    for line in held:
        line.close()


def test_slow_lines_do_not_shut_the_door(ground: Ground, lines: list[socket.socket]) -> None:
    """50 that say nothing and 20 that say a byte at a time; an honest peer connects, searches and fetches meanwhile."""
    song = track("quiet song.bin", 300_000)
    seeder = ground.seeder("otter", song)
    leecher = ground.leecher("me")
    leecher.listening()
    before = seeder.memory()
    for _ in range(70):
        lines.append(socket.create_connection(seeder.address, timeout=5))
    hello = b"\x16\x03\x01\x01\x90\x01\x00\x01\x8c\x03\x03" + bytes(300)

    def dribble(at: int) -> None:
        for line in lines[50:]:
            with contextlib.suppress(OSError):
                line.send(hello[at : at + 1])

    for at in range(5):
        dribble(at)
    started = time.monotonic()
    leecher.meet(seeder)
    took = time.monotonic() - started
    dribble(5)
    leecher.post(Search("quiet song"))
    leecher.until(lambda: any(isinstance(e, SearchEnded) for e in leecher.events), "the search's end")
    assert [hit.content for e in leecher.events if isinstance(e, Found) for hit in e.hits] == [song.content]
    dribble(6)
    leecher.fetch(song)
    leecher.done(song)
    print(f"connected in {took:.2f} s, {(seeder.memory() - before) / 1e6:.1f} MB more")
    assert took < 2
    assert seeder.memory() - before < MEMORY
