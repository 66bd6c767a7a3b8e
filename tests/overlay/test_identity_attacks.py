"""The attack table on identity: what does not prove an Ed25519 key of its own gets no session and no Hello."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from slskmesh.errors import PeerError
from slskmesh.identity.certificate import ROOT_PEER, leaf_certificate, peer_of_certificate
from slskmesh.identity.peerid import PeerId
from tests.overlay import raw
from tests.overlay.handmade import AlertError, HandmadeClient, Lie
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import (
    BYE,
    HELLO,
    LineEndError,
    RawPeer,
    connect,
    heard_refusals,
    hello,
    listener,
    message,
    running,
    until_eof,
)

TLS12 = ssl.TLSVersion.TLSv1_2

AS_CLIENT: dict[str, tuple[raw.Papers | None, dict[str, Any], str]] = {
    "no certificate": (None, {}, "handshake"),
    "signed by its own key": (raw.self_signed(), {}, "handshake"),
    "another root of the same name": (raw.foreign_root(), {}, "handshake"),
    "issued by a peer's leaf": (raw.through_leaf(raw.honest()), {}, "handshake"),
    "the root's certificate": (raw.root_itself(), {}, "handshake"),
    "the root's key in a leaf": (raw.root_as_leaf(), {}, "bad-certificate"),
    "a P-256 key": (raw.p256(), {}, "bad-certificate"),
    "TLS 1.2": (raw.honest(), {"highest": TLS12}, "handshake"),
    "another ALPN": (raw.honest(), {"alpn": "h2"}, "handshake"),
    "no ALPN": (raw.honest(), {"alpn": None}, "handshake"),
}


def test_the_public_root_is_the_one_written_down() -> None:
    assert raw.ROOT_KEY.public_key() == raw.ROOT.public_key()
    assert raw.root_itself().public == ROOT_PEER


def test_certificates_name_the_key_they_are_for() -> None:
    papers = raw.honest()
    assert peer_of_certificate(papers.leaf) == papers.public
    own = leaf_certificate(PeerId(papers.public))
    assert peer_of_certificate(own) == papers.public


@pytest.mark.parametrize("papers", [raw.root_as_leaf(), raw.root_itself(), raw.p256()])
def test_certificates_of_no_peer_are_refused(papers: raw.Papers) -> None:
    with pytest.raises(PeerError) as caught:
        peer_of_certificate(papers.leaf)
    assert caught.value.code == "bad-certificate"


@pytest.mark.parametrize("case", AS_CLIENT)
async def test_a_client_without_an_identity_gets_nothing(tmp_path: Path, case: str) -> None:
    papers, options, code = AS_CLIENT[case]
    with heard_refusals() as refusals:
        async with running(Node(tmp_path, "node")) as node:
            with pytest.raises(LineEndError):
                attacker = await RawPeer.dial(node.address, papers, **options)
                try:
                    await attacker.message()
                finally:
                    await attacker.close()
            assert await refusals.first() == code
            assert not node.opened
            await greeted(node)


async def greeted(node: Node) -> RawPeer:
    """Proves that the node still serves: an honest peer's session opens."""
    papers = raw.honest()
    peer = await RawPeer.dial(node.address, papers)
    await peer.greet()
    await node.until_open(PeerId(papers.public))
    return peer


def test_a_stolen_certificate_cannot_be_loaded_with_another_key() -> None:
    victim, thief = raw.honest(), raw.honest()
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        raw.context(raw.Papers(victim.chain, thief.key))


async def test_the_handmade_client_is_welcome_while_it_is_honest(tmp_path: Path) -> None:
    """The control for the lies below; and no session ticket ever comes (`receive` takes data records only)."""
    papers = raw.honest()
    async with running(Node(tmp_path, "node")) as node:
        client = HandmadeClient(await connect(node.address))
        await client.handshake(Lie(papers.leaf, papers.signer))
        assert (await client.receive())[5:7] == b"\x98\x01"  # an array of eight that begins with Hello's tag
        await client.send(hello())
        await node.until_open(PeerId(papers.public))
        assert (await client.receive())[5:7] == b"\x92\x02"  # the keepalive's Ping, and still no ticket


def lies() -> dict[str, Lie]:
    """Proofs that prove nothing: all show the victim's certificate, none has its key."""
    victim, thief = raw.honest(), raw.honest()
    old = victim.signer.sign(b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + bytes(32))
    server = b"TLS 1.3, server CertificateVerify"
    return {
        "signed with the thief's key": Lie(victim.leaf, thief.signer),
        "no CertificateVerify": Lie(victim.leaf, thief.signer, verify=False),
        "the victim's signature of another session": Lie(victim.leaf, thief.signer, signature=old),
        "the victim's signature as a server": Lie(victim.leaf, victim.signer, context=server),
        "zeros": Lie(victim.leaf, thief.signer, signature=bytes(64)),
    }


@pytest.mark.parametrize("case", lies())
async def test_a_stolen_certificate_opens_no_session(tmp_path: Path, case: str) -> None:
    with heard_refusals() as refusals:
        async with running(Node(tmp_path, "node")) as node:
            client = HandmadeClient(await connect(node.address))
            with pytest.raises(AlertError):
                await client.handshake(lies()[case])
                await client.receive()
            assert await refusals.first() == "handshake"
            assert not node.opened


async def test_a_recorded_client_cannot_be_replayed(tmp_path: Path) -> None:
    papers = raw.honest()
    with heard_refusals() as refusals:
        async with running(Node(tmp_path, "node")) as node:
            client = HandmadeClient(await connect(node.address))
            await client.handshake(Lie(papers.leaf, papers.signer))
            await client.receive()
            await client.send(hello())
            await node.until_open(PeerId(papers.public))
            again = await connect(node.address)
            await again.send_all(client.sent)
            await until_eof(again)
            assert await refusals.first() == "handshake"
            assert node.opened == [papers.public]


async def test_sessions_cannot_be_resumed(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node")) as node:
        peer = await greeted(node)
        await peer.message()
        tls = peer.stream._ssl_object
        assert not tls.session_reused
        assert tls.session is None or not tls.session.has_ticket


async def test_our_own_key_is_turned_away_on_both_sides(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node")) as node:
        with pytest.raises(PeerError) as caught:
            await node.overlay.connect(None, [node.address])
        assert caught.value.code == "self"
        assert not node.opened and not node.overlay.sessions


async def test_a_blocked_key_hears_a_bye_and_no_hello(tmp_path: Path) -> None:
    papers = raw.honest()
    async with running(Node(tmp_path, "node", may_connect=lambda peer: peer != papers.public)) as node:
        peer = await RawPeer.dial(node.address, papers)
        said = await peer.until_end()
        assert [fields[:2] for fields in said] == [[BYE, "blocked"]]
        assert not node.opened
        await greeted(node)


AS_SERVER: dict[str, tuple[raw.Papers, dict[str, Any], str]] = {
    "signed by its own key": (raw.self_signed(), {}, "handshake"),
    "another root of the same name": (raw.foreign_root(), {}, "handshake"),
    "issued by a peer's leaf": (raw.through_leaf(raw.honest()), {}, "handshake"),
    "the root's certificate": (raw.root_itself(), {}, "handshake"),
    "the root's key in a leaf": (raw.root_as_leaf(), {}, "bad-certificate"),
    "a P-256 key": (raw.p256(), {}, "bad-certificate"),
    "TLS 1.2": (raw.honest(), {"highest": TLS12}, "gone"),
    "no ALPN": (raw.honest(), {"alpn": None}, "handshake"),
    "a true identity, but another one": (raw.honest(), {}, "wrong-peer"),
}


@pytest.mark.parametrize("case", AS_SERVER)
@pytest.mark.parametrize("known", [True, False])
async def test_whoever_answers_a_dial_must_prove_the_key(tmp_path: Path, case: str, known: bool) -> None:
    papers, options, code = AS_SERVER[case]
    if code == "wrong-peer" and not known:
        return  # without an expected key, that key is the answer
    heard: list[list[Any]] = []

    async def serve(peer: RawPeer) -> None:
        await peer.send(hello())
        heard.extend(await peer.until_end())

    expected = PeerId(raw.honest().public) if known else None
    async with running(Node(tmp_path, "node"), listen=False) as node:
        async with listener(papers, serve, **options) as address:
            with pytest.raises(PeerError) as caught:
                await node.overlay.connect(expected, [address])
            assert caught.value.code == code
        assert HELLO not in [fields[0] for fields in heard]
        assert not node.overlay.sessions


async def test_what_a_listener_says_in_its_bye_reaches_no_log(tmp_path: Path) -> None:
    async def serve(peer: RawPeer) -> None:
        await peer.send(bye("\x1b[2Jevil", "\x1b]0;pwned\x07 \u202e"))
        await peer.until_end()

    papers = raw.honest()
    with heard_refusals() as log:
        async with running(Node(tmp_path, "node"), listen=False) as node:
            async with listener(papers, serve) as address:
                node.book.invited(PeerId(papers.public), [address])
                node.overlay.look_again()
                with pytest.raises(PeerError) as caught:
                    await node.overlay.connect(PeerId(papers.public), [address])
    assert "\x1b" not in str(caught.value) and "\u202e" not in str(caught.value)
    assert "evil" not in caught.value.code
    assert not [line for line in log.lines if "\x1b" in line]


def bye(code: str, reason: str) -> bytes:
    """A Bye with any text."""
    return message(BYE, code, reason)
