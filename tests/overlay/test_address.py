"""Addresses: what passes can be dialled, what cannot be dialled is told so, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError, UserError
from slskmesh.overlay.address import join_address, split_address
from slskmesh.overlay.invite import make_invite, read_invite
from slskmesh.overlay.session import Timings
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import running

GOOD = {
    "127.0.0.1:50300": ("127.0.0.1", 50300),
    "peer.example:1": ("peer.example", 1),
    "under_score.example-1.net:65535": ("under_score.example-1.net", 65535),
    f"{'a' * 63}.example:0": (f"{'a' * 63}.example", 0),
    "[::1]:7": ("::1", 7),
    "[fe80::1%eth0]:7": ("fe80::1%eth0", 7),
}
BAD = [
    "",
    "host",
    "host:",
    "host:x",
    "host:65536",
    "host:-1",
    "host:" + "9" * 5000,
    "host:\u0661",
    ":80",
    "a..b:80",
    ".a:80",
    "a.:80",
    f"{'a' * 64}.example:80",
    f"{'a.' * 130}b:80",
    "-a:80",
    "a b:80",
    "a\nb:80",
    "::1:80",
    "[::1:80",
    "[::1%\0]:80",
    "[::1%" + "e" * 33 + "]:80",
    "[1.2.3.4]:80",
    "b\u00fccher.example:80",
]


@pytest.mark.parametrize("text", GOOD)
def test_addresses_that_can_be_dialled(text: str) -> None:
    assert split_address(text) == GOOD[text]
    assert split_address(join_address(*GOOD[text])) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_addresses_that_cannot(text: str) -> None:
    with pytest.raises(UserError) as caught:
        split_address(text)
    assert len(str(caught.value)) < 250 and str(caught.value).isprintable()


@given(st.text() | st.from_regex(r"[a-z0-9._%\[\]:-]{1,80}:[0-9]{1,6}", fullmatch=True))
def test_whatever_passes_is_something_a_resolver_takes(text: str) -> None:
    try:
        host, port = split_address(text)
    except UserError:
        return
    assert host.encode("idna") and 0 <= port <= 65535


async def test_an_invite_to_nowhere_harms_nobody(tmp_path: Path) -> None:
    """A hostile invite may name what cannot be resolved or dialled: that is an error of the dial and of no more."""
    hasty = Timings(connect=0.5, handshake=0.5)
    evil = Node(tmp_path, "evil")
    for address in ("a..b:80", f"{'a' * 64}.net:80", "\x1b[2J:80"):
        with pytest.raises(UserError):
            read_invite(make_invite(evil.identity, [address], 2e9), 0.0)
    async with running(Node(tmp_path, "node", timings=hasty), listen=False) as node:
        for address in ("127.0.0.1:0", "[::1%nope]:80"):
            with pytest.raises(PeerError) as caught, trio.fail_after(5):
                await node.overlay.connect(evil.peer, [address])
            assert caught.value.code == "unreachable"
