"""What peers say of their services: one encoding, bounded, an hour at most."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht import record as records
from slskmesh.dht import topics
from slskmesh.dht.record import PAYLOAD_MAX, Record
from slskmesh.errors import PeerError
from slskmesh.fabric.descriptor import TTL, describe, read
from slskmesh.fabric.port import Caller, Method
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from tests.fabric.pairs import Parrot, Text

NOW = 1_000_000
SEED = b"s" * 32
ME = Identity(signing.public_key(SEED), SEED, Path("none"))


def signed(payload: bytes, expiry: int = NOW + TTL, name: str = "parrot") -> Record:
    record = records.make(ME, topics.service(name), 1, expiry, payload)
    records.verify(record, topics.service(name), NOW)
    return record


def packed(*fields: Any) -> bytes:
    return msgspec.msgpack.encode(fields)


def test_a_descriptor_comes_back_as_it_was() -> None:
    found = read(signed(describe(Parrot())), "parrot", NOW)
    assert (found.peer, found.name, found.version, found.expiry) == (ME.peer, "parrot", 3, NOW + TTL)
    assert found.methods == ("Fail", "Forever", "Repeat", "Say", "Wait")


def test_methods_that_do_not_fit_are_left_out() -> None:
    class Many(Parrot):
        version: ClassVar[int] = 1

        def __init__(self, names: list[str]) -> None:
            self.names = names

        def methods(self) -> Mapping[str, Method[Any, Any]]:
            async def none(caller: Caller, request: Text) -> Text:
                return request

            return {name: Method(Text, Text, handler=none) for name in self.names}

    for names in ([f"M{n}" for n in range(17)], [f"M{n:031}" for n in range(16)]):
        payload = describe(Many(names))
        assert len(payload) <= PAYLOAD_MAX and read(signed(payload), "parrot", NOW).methods == ()
    assert len(read(signed(describe(Many([f"M{n}" for n in range(16)]))), "parrot", NOW).methods) == 16


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        packed(2, "parrot", 1, []),
        packed(1, "another", 1, []),
        packed(1, "parrot", 0, []),
        packed(1, "parrot", 70_000, []),
        packed(1, "parrot", 1, ["b", "a"]),
        packed(1, "parrot", 1, ["a", "a"]),
        packed(1, "parrot", 1, ["no spaces"]),
        packed(1, "parrot", 1, ["a"] * 17),
        packed(1, "parrot", 1, [], "extra"),
        packed(1, "parrot", 1, []) + b"\0",
        b"\x94\xcd\x00\x01" + packed(1, "parrot", 1, [])[2:],
        msgspec.msgpack.encode({"name": "parrot"}),
    ],
)
def test_another_spelling_or_service_is_refused(payload: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        read(signed(payload), "parrot", NOW)
    assert caught.value.code == "bad-descriptor"


def test_nobody_is_offered_longer_than_an_hour() -> None:
    payload = describe(Parrot())
    read(signed(payload, NOW + TTL + 300), "parrot", NOW)
    for expiry, code in ((NOW + TTL + 301, "too-long"), (NOW + 24 * 3600, "too-long")):
        with pytest.raises(PeerError) as caught:
            read(signed(payload, expiry), "parrot", NOW)
        assert caught.value.code == code
    with pytest.raises(PeerError) as caught:
        read(signed(payload, NOW + 10), "parrot", NOW + 10)
    assert caught.value.code == "expired" and not caught.value.blame


def test_a_name_that_no_service_can_have_is_refused() -> None:
    payload = packed(1, "Bad Name", 1, [])
    with pytest.raises(PeerError):
        read(signed(payload, name="Bad Name"), "Bad Name", NOW)


@given(st.binary(max_size=PAYLOAD_MAX))
def test_whatever_a_record_holds_gives_a_descriptor_or_a_peer_error(payload: bytes) -> None:
    record = Record(ME.peer, 1, NOW + 60, payload, b"s" * 64)
    try:
        found = read(record, "parrot", NOW)
    except PeerError:
        return
    assert found.name == "parrot"
