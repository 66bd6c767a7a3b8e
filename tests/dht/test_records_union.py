"""The union of a read: valid records only, each newest, whatever order and whatever lies holders answer with."""

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.dht import record as records
from slskmesh.dht import wire
from slskmesh.dht.record import Record
from slskmesh.dht.records_union import Holder, Union, batches
from slskmesh.dht.table import Contact
from tests.dht.conftest import identity

KEY = bytes(range(20))
NOW = 1_800_000_000
PEOPLE = [identity(number) for number in range(1, 6)]


def contact(number: int) -> Contact:
    return Contact(bytes([number]) * 20, (f"20.0.{number}.1", 7000))


def values(found: list[Record], count: int | None = None) -> wire.Values:
    data = [*map(records.encode, sorted(found, key=lambda one: one.publisher))]
    return wire.Values(b"t" * 8, [], data, records.digest(found), len(found) if count is None else count)


ONE = st.tuples(
    st.integers(0, 4), st.integers(0, 4), st.sampled_from(["good", "forged", "moved", "expired", "long"])
)


def made(who: int, seq: int, kind: str) -> Record:
    life = {"expired": 0, "long": 90_000}.get(kind, 60)
    record = records.make(PEOPLE[who], b"m" * 20 if kind == "moved" else KEY, seq, NOW + life, b"%d" % seq)
    return Record(record.publisher, seq, NOW + life, b"lie", record.signature) if kind == "forged" else record


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ONE, max_size=6), max_size=5))
def test_only_valid_records_count_and_lies_are_counted(answers: list[list[tuple[int, int, str]]]) -> None:
    union = Union(KEY, [])
    newest: dict[bytes, Record] = {}
    for number, answer in enumerate(answers):
        offered = [made(*one) for one in answer]
        for record, (_, seq, kind) in zip(offered, answer, strict=True):
            if kind == "good" and seq >= newest.get(record.publisher, record).seq:
                newest[record.publisher] = record
        union.answered(contact(number), values(offered), NOW)
    assert union.records(NOW) == [newest[name] for name in sorted(newest)]
    assert union.records(NOW + 60) == []
    lies = sum(kind in ("forged", "moved", "long") for answer in answers for _, _, kind in answer)
    assert union.refused <= lies
    if not newest:
        assert union.refused == lies


def test_a_first_answer_without_room_is_paged_and_a_stuck_one_is_left() -> None:
    union = Union(KEY, [])
    good = made(0, 1, "good")
    union.answered(contact(1), wire.Values(b"t" * 8, [], [], records.digest([good]), 1), NOW)
    (holder,) = union.differing()
    union.paged(holder, values([good]), NOW)
    assert union.records(NOW) == [good]
    assert union.differing() == []
    union.answered(contact(2), wire.Values(b"t" * 8, [], [], b"liar    ", 9), NOW)
    (liar,) = union.differing()
    union.paged(liar, wire.Values(b"t" * 8, [], [], b"liar    ", 9), NOW)
    assert union.differing() == []


def test_two_silences_end_a_holder() -> None:
    union = Union(KEY, [])
    union.answered(contact(1), wire.Values(b"t" * 8, [], [], b"x" * 8, 9), NOW)
    (holder,) = union.differing()
    union.silent(holder)
    assert union.differing() == [holder]
    union.silent(holder)
    assert union.differing() == []


def test_holders_that_agree_settle_a_read() -> None:
    union = Union(KEY, [])
    good = made(0, 1, "good")
    for number in range(3):
        assert not union.is_settled(3)
        union.answered(contact(number), values([good]), NOW)
    assert union.is_settled(3)
    for number in range(3, 7):
        union.answered(contact(number), values([]), NOW)
    assert not union.is_settled(3)


def test_what_a_wholly_read_holder_lacks_is_named() -> None:
    union = Union(KEY, [made(who, 1, "good") for who in range(4)])
    union.answered(contact(1), values([made(0, 1, "good")]), NOW)
    ((holder, missing),) = union.lacking({contact(1).id}, 2)
    assert isinstance(holder, Holder)
    assert {one.publisher for one in missing} == {one.peer for one in PEOPLE[1:4]}
    assert union.lacking({contact(2).id}, 2) == []


@given(st.lists(st.integers(0, 512), max_size=20))
def test_batches_fit_a_store_and_lose_nothing(sizes: list[int]) -> None:
    made_of = [records.Record(bytes(32), 1, 1, bytes(size), bytes(64)) for size in sizes]
    groups = list(batches(made_of))
    assert [data for group in groups for data in group] == [*map(records.encode, made_of)]
    for group in groups:
        body = wire.Store(bytes(20), bytes(20), bytes(20), bytes(8), group)
        assert wire.decode(wire.encode(bytes(16), body))[1] == body
