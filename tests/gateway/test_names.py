"""Names for programs: ids are keys written otherwise, and what is no id is refused, whatever it is."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.hit_facts import path_of
from slskmesh.engine.views import HitView
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.names import is_mesh_user, key_of_uuid, mesh_user, remote_name, uuid_of_key
from slskmesh.identity.peerid import PeerId, peer_text
from slskmesh.text import SafeStr

keys = st.binary(min_size=16, max_size=16).map(bytes.hex)
contents = st.binary(min_size=32, max_size=32).map(bytes.hex)
parts = st.text("abc äé._-", min_size=1, max_size=8)


def hit(folder: str, name: str, via: str) -> HitView:
    return HitView(1, "", 5, SafeStr(name), SafeStr(folder), "", "", SafeStr(""), True, via=via)


@given(keys)
def test_an_id_is_the_key_and_gives_it_back(key: str) -> None:
    text = uuid_of_key(key)
    assert uuid.UUID(text).hex == key and str(uuid.UUID(text)) == text
    for written in (text, text.upper(), key, key.upper()):
        assert key_of_uuid(written) == key


@given(contents)
def test_an_id_holds_the_first_half_of_a_content(content: str) -> None:
    assert key_of_uuid(uuid_of_key(content)) == content[:32]


@given(st.one_of(st.text(max_size=40), st.text("0123456789abcdef-{}", min_size=30, max_size=38)))
def test_what_is_no_id_is_refused(text: str) -> None:
    try:
        key = key_of_uuid(text)
    except GatewayError as error:
        assert error.status == 400
    else:
        assert text.lower() in (key, uuid_of_key(key))


def test_what_python_alone_takes_for_an_id_is_refused() -> None:
    key = "0123456789abcdef" * 2
    dashed = uuid_of_key(key)
    for text in (
        *(dashed[:at] + dashed[at + 1 :] for at in (8, 13, 18, 23)),
        "{" + key + "}",
        "urn:uuid:" + key,
        "-".join(key),
        key + "\n",
        "",
        "٠" * 32,
    ):
        with pytest.raises(GatewayError):
            key_of_uuid(text)
    for wrong in ("", "ab", key + "0", key.upper()):
        with pytest.raises(ValueError):
            uuid_of_key(wrong)


@given(st.binary(min_size=32, max_size=32))
def test_a_peer_has_a_user_name(raw: bytes) -> None:
    peer = peer_text(PeerId(raw))
    name = mesh_user(peer)
    assert name == "mesh:" + peer[:8] and is_mesh_user(name)


def test_others_are_not_taken_for_peers() -> None:
    assert not any(
        map(is_mesh_user, ("", "mesh", "mesh:", "mesher", "Mesh:sm1abcde", "mesh:longer than that"))
    )


@given(st.lists(parts, max_size=4), parts, st.sampled_from(["mesh", "soulseek"]))
def test_a_remote_name_has_all_its_parts(folders: list[str], name: str, via: str) -> None:
    one = hit("/".join(folders), name, via)
    assert remote_name(one).split("\\") == [*folders, name]
    assert path_of(one) == (remote_name(one) if via == "soulseek" else "")
