import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.wire import limits
from slskmesh.wire.codec import decode, encode
from slskmesh.wire.messages import MESSAGE_TYPES, Have, Hello, Hit, Hits, Message, Ping, Want

LONG_TEXT = st.text(max_size=40)
HASH = st.binary(min_size=32, max_size=32)


def field(info: msgspec.inspect.Type) -> st.SearchStrategy[object]:
    """Values inside a field's bounds, but short ones."""
    match info:
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType(ge=least, le=most, lt=below):
            return st.integers(least, most if most is not None else (below or 1) - 1)
        case msgspec.inspect.StrType(min_length=least, max_length=most):
            return st.text(
                st.characters(exclude_categories=["Cs"]), min_size=least or 0, max_size=min(most, 40)
            )
        case msgspec.inspect.BytesType(min_length=least, max_length=most):
            return st.binary(min_size=least or 0, max_size=max(least or 0, min(most, 64)))
        case msgspec.inspect.VarTupleType(item_type=item, min_length=least):
            return st.lists(field(item), min_size=least or 0, max_size=4).map(tuple)
        case msgspec.inspect.StructType(cls=cls):
            return of_struct(cls)
    raise AssertionError(f"a field of kind {info} has no bounds that this test knows")


def of_struct(cls: type) -> st.SearchStrategy[object]:
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    return st.builds(cls, **{part.name: field(part.type) for part in info.fields})


MESSAGES = st.one_of(*(of_struct(kind) for kind in MESSAGE_TYPES))


@pytest.mark.parametrize("kind", MESSAGE_TYPES)
def test_every_kind_comes_back_as_it_was(kind: type[Message]) -> None:
    @settings(max_examples=20)
    @given(of_struct(kind))
    def check(message: Message) -> None:
        assert decode(encode(message)) == message

    check()


@pytest.mark.parametrize("kind", [*MESSAGE_TYPES, Hit])
def test_every_field_that_can_grow_is_bounded(kind: type) -> None:
    def bounded(info: msgspec.inspect.Type) -> bool:
        match info:
            case msgspec.inspect.IntType(ge=least, le=most, lt=below):
                return least is not None and (most is not None or below is not None)
            case msgspec.inspect.StrType(max_length=most) | msgspec.inspect.BytesType(max_length=most):
                return most is not None
            case msgspec.inspect.VarTupleType(item_type=item, max_length=most):
                return most is not None and bounded(item)
        return isinstance(info, msgspec.inspect.BoolType | msgspec.inspect.StructType)

    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    assert [part.name for part in info.fields if not bounded(part.type)] == []


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_any_bytes_give_a_message_or_a_peer_error(data: bytes) -> None:
    try:
        assert isinstance(decode(data), MESSAGE_TYPES)
    except PeerError as error:
        assert error.code == "bad-message" and error.blame


@settings(max_examples=300)
@given(MESSAGES, st.data())
def test_a_mutated_message_gives_a_message_or_a_peer_error(message: Message, data: st.DataObject) -> None:
    body = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        cut = data.draw(st.integers(0, 3))
        body[place : place + cut] = data.draw(st.binary(max_size=3)) or b"\xc1"
    try:
        assert isinstance(decode(bytes(body)), MESSAGE_TYPES)
    except PeerError as error:
        assert error.code == "bad-message"


BOMBS = {
    "array32 of 4 Gi": b"\xdd\xff\xff\xff\xff",
    "want of 4 Gi chunks": b"\x93\x26\x01\xdd\xff\xff\xff\xff",
    "hits of 4 Gi": b"\x95\x11\x01\xdd\xff\xff\xff\xff\xc3\x00",
    "str32 of 4 GiB": b"\x93\x04\xdb\xff\xff\xff\xffabc",
    "bin32 of 4 GiB": b"\x93\x20\x01\xc6\xff\xff\xff\xff",
    "ext32 of 4 GiB": b"\x93\x20\x01\xc9\xff\xff\xff\xff\x01",
    "map32 of 4 Gi": b"\xdf\xff\xff\xff\xff",
    "an unknown last field of 4 Gi": b"\x93\x02\x01\xdd\xff\xff\xff\xff",
    "arrays in arrays": b"\x91" * 60_000,
    "arrays in an unknown last field": b"\x93\x02\x01" + b"\x91" * 60_000 + b"\x01",
    "maps in an unknown last field": b"\x93\x02\x01" + b"\x81\x01" * 30_000 + b"\x01",
    "empty": b"",
    "trailing bytes": b"\x92\x02\x01\x00",
    "unknown tag": b"\x92\x7f\x01",
    "text that is not UTF-8": b"\x93\x04\xa2\xff\xfe\xa0",
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_its_sender_and_not_memory(data: bytes) -> None:
    with pytest.raises(PeerError):
        decode(data)
    tracemalloc.start()
    try:
        with pytest.raises(PeerError) as caught:
            decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "bad-message"
    assert peak <= 64 * 1024 + 4 * len(data)


def test_a_full_frame_of_values_stays_a_small_multiple_of_its_size() -> None:
    body = encode(Hits(1, tuple(Hit(b"c" * 32, 1, 1, "n" * 200, "f" * 1000) for _ in range(40)), True))
    tracemalloc.start()
    try:
        decode(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 4 * len(body)


def test_bounds_are_checked_on_the_way_in() -> None:
    for message in (
        Want(1, ()),
        Want(1, tuple(range(limits.WANT_MAX + 1))),
        Have(1, (limits.CHUNKS_MAX,)),
        Ping(-1),
        Hello(1, 0, 0, "a" * (limits.AGENT_MAX + 1)),
        Hello(1, 0, 65_536, "a"),
    ):
        with pytest.raises(PeerError, match="cannot be read"):
            decode(encode(message))


def test_too_long_messages_are_refused_on_both_ways() -> None:
    with pytest.raises(PeerError) as caught:
        decode(bytes(limits.CONTROL_FRAME_MAX + 1))
    assert caught.value.code == "message-too-long"
    hits = Hits(1, tuple(Hit(b"c" * 32, 1, 1, "音" * 255, "音" * 1024) for _ in range(40)), True)
    with pytest.raises(ValueError, match="does not fit"):
        encode(hits)


def test_a_later_version_may_add_fields() -> None:
    assert decode(b"\x94\x02\x07\xa3new\x93\x01\x02\x03") == Ping(7)


def test_known_bytes() -> None:
    assert encode(Ping(7)) == b"\x92\x02\x07"
    assert encode(Want(1, (2, 300))) == b"\x93\x26\x01\x92\x02\xcd\x01\x2c"
