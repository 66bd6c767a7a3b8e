"""Invites and addresses: what people paste."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.identity.key import Identity, load_or_create
from slskmesh.overlay.address import join_address, own_addresses, split_address
from slskmesh.overlay.invite import PREFIX, make_invite, read_invite


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    folder: Path = tmp_path_factory.mktemp("home")
    folder.chmod(0o700)
    return load_or_create(folder / "identity.pem")


def test_an_invite_survives_what_chats_do_to_it(identity: Identity) -> None:
    text = make_invite(identity, ["192.0.2.7:50300", "[2001:db8::1]:50300"], 2000)
    mangled = " <" + text[:40] + "\n   " + text[40:90] + "\r\n" + text[90:] + "> "
    invite = read_invite(mangled, 1999)
    assert invite.peer == identity.peer
    assert invite.addresses == ("192.0.2.7:50300", "[2001:db8::1]:50300")


def test_an_expired_invite_says_so(identity: Identity) -> None:
    text = make_invite(identity, ["a:1"], 2000)
    with pytest.raises(UserError, match="expired"):
        read_invite(text, 2001)


def test_any_changed_character_is_noticed(identity: Identity) -> None:
    text = make_invite(identity, ["192.0.2.7:50300"], 2000)
    for place in range(len(PREFIX), len(text) - 1):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(UserError):
            read_invite(text[:place] + other + text[place + 1 :], 1)


@given(st.text(max_size=300))
def test_rubbish_is_refused_in_words(text: str) -> None:
    for pasted in (text, PREFIX + text):
        with pytest.raises(UserError) as caught:
            read_invite(pasted, 0)
        assert len(str(caught.value)) > 10


def test_too_long_a_paste_is_refused() -> None:
    with pytest.raises(UserError, match="too long"):
        read_invite(PREFIX + "A" * 100_000, 0)


@pytest.mark.parametrize(
    "bad",
    ["", "host", "host:", ":1", "host:99999", "a b:1", "[::1:5", "::1:5", "host:-1", "ho/st:1", "host:१"],
)
def test_bad_addresses(bad: str) -> None:
    with pytest.raises(UserError):
        split_address(bad)


def test_addresses_round_trip() -> None:
    for text in ("127.0.0.1:0", "peer.example:50300", "[2001:db8::1]:1"):
        assert join_address(*split_address(text)) == text
    assert join_address("::ffff:10.0.0.1", 5) == "10.0.0.1:5"


def test_a_wildcard_listener_names_addresses_others_can_use() -> None:
    assert own_addresses("127.0.0.1", 5) == ["127.0.0.1:5"]
    for host in ("0.0.0.0", "::"):
        for address in own_addresses(host, 5):
            assert split_address(address)[0] not in ("0.0.0.0", "::")
