import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.identity.peerid import PeerId, parse_peer, peer_short, peer_text
from slskmesh.identity.signing import public_key

PEER = public_key(bytes(range(32)))
TEXT = "sm1aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4focev"
KEYS = st.binary(min_size=32, max_size=32).map(PeerId)


def test_known_forms() -> None:
    assert PEER.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert peer_text(PEER) == TEXT
    assert peer_short(PEER) == "k:03a1..b8"


@given(KEYS)
def test_text_reads_back(peer: PeerId) -> None:
    text = peer_text(peer)
    assert len(text) == 59
    assert parse_peer(text) == peer
    assert parse_peer(" " + text[:20].upper() + "-" + text[20:40] + "\n " + text[40:]) == peer


@given(KEYS, st.integers(3, 58), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_mistyped_character_is_noticed(peer: PeerId, place: int, char: str) -> None:
    text = peer_text(peer)
    wrong = text[:place] + char + text[place + 1 :]
    if wrong != text:
        # Three bytes of checksum: one in 16 million wrong texts passes, and hypothesis does not find it by chance.
        with pytest.raises(UserError, match="checksum"):
            parse_peer(wrong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "begins with"),
        ("xyz" + TEXT[3:], "begins with"),
        (TEXT[:-1], "has 58"),
        (TEXT + "a", "has 60"),
        (TEXT[:-1] + "1", "holds '1'"),
        (TEXT[:-1] + "é", "holds 'é'"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        parse_peer(text)


@given(st.text(max_size=80))
def test_any_text_gives_a_peer_or_a_user_error(text: str) -> None:
    try:
        assert len(parse_peer(text)) == 32
    except UserError:
        pass
