"""The store: verified, newest, bounded, never flushed, expired means gone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.dht import record as records
from slskmesh.dht import store as store_module
from slskmesh.dht.store import Put, RecordStore
from slskmesh.errors import PeerError
from slskmesh.identity.key import Identity
from tests.dht.conftest import identity

KEY = bytes(range(20))
NOW = 1_800_000_000
PEOPLE = [identity(number) for number in range(1, 5)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-5, 20), st.integers(0, 2)), max_size=25
    )
)
def test_a_reader_sees_the_newest_valid_record_of_each_publisher(
    steps: list[tuple[int, int, int, int]],
) -> None:
    store = RecordStore(bytes(32))
    model: dict[bytes, records.Record] = {}
    for now, (who, seq, life, text) in enumerate(steps, NOW):
        record = records.make(PEOPLE[who], KEY, seq, now + life, b"%d" % text)
        old = model.get(record.publisher)
        try:
            put = store.put(KEY, record, "20.0.0.1", now)
        except PeerError:
            assert life <= 0
            continue
        assert life > 0
        if old is None or old.expiry <= now or seq > old.seq:
            assert put is Put.KEPT
            model[record.publisher] = record
        elif seq == old.seq and record != old:
            assert put is Put.EQUIVOCATION
        else:
            assert put is Put.HELD
        valid = [model[name] for name in sorted(model) if model[name].expiry > now]
        assert store.records(KEY, now) == valid
        page, digest, count = store.page(KEY, b"", 10_000, now)
        assert (page, digest, count) == ([*map(records.encode, valid)], records.digest(valid), len(valid))
    store.sweep(NOW + 1000)
    assert store.count == 0
    assert store.keys() == []
    assert not store._by_source


def test_a_full_set_keeps_the_same_sample_in_any_order(identities: list[Identity]) -> None:
    made = [records.make(one, KEY, 1, NOW + 60, b"x") for one in identities]
    kept = []
    for order in (made, made[::-1]):
        store = RecordStore(b"s" * 32, publishers=16)
        for record in order:
            store.put(KEY, record, "20.0.0.1", NOW)
        kept.append(store.records(KEY, NOW))
        assert store.count == 16
    assert kept[0] == kept[1]


def test_quotas_and_bounds_refuse_and_drop_nothing(
    identities: list[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "HOST_MAX", 3)
    monkeypatch.setattr(store_module, "NETWORK_MAX", 5)
    store = RecordStore(bytes(32), keys=2)
    made = [records.make(one, KEY, 1, NOW + 60, b"x") for one in identities[:8]]
    assert [store.put(KEY, one, "20.0.0.1", NOW) for one in made[:4]] == [Put.KEPT] * 3 + [Put.QUOTA]
    assert [store.put(KEY, one, "20.0.0.2", NOW) for one in made[3:6]] == [Put.KEPT] * 2 + [Put.QUOTA]
    assert store.put(KEY, made[6], "20.0.1.1", NOW) is Put.KEPT
    other = records.make(identities[0], b"b" * 20, 1, NOW + 60, b"x")
    third = records.make(identities[0], b"c" * 20, 1, NOW + 60, b"x")
    assert store.put(b"b" * 20, other, "", NOW) is Put.KEPT
    assert store.put(b"c" * 20, third, "", NOW) is Put.FULL
    assert store.count == 7


def test_paging_gives_every_record_once(identities: list[Identity]) -> None:
    store = RecordStore(bytes(32))
    for one in identities[:40]:
        store.put(KEY, records.make(one, KEY, 1, NOW + 60, bytes(200)), "", NOW)
    after, seen = b"", []
    while page := store.page(KEY, after, 1000, NOW)[0]:
        assert sum(map(len, page)) <= 1000
        seen += [records.decode(data).publisher for data in page]
        after = seen[-1]
    assert seen == sorted(one.peer for one in identities[:40])


def test_no_signature_is_checked_when_there_is_no_time() -> None:
    store = RecordStore(bytes(32))
    record = records.make(PEOPLE[0], KEY, 1, NOW + 60, b"x")
    assert store.put(KEY, record, "20.0.0.1", NOW, lambda: False) is Put.BUSY
    assert store.count == 0


def test_copies_are_heard_and_what_is_not_is_told() -> None:
    store = RecordStore(bytes(32))
    a, b = (records.make(one, KEY, 1, NOW + 5000, b"x") for one in PEOPLE[:2])
    for one in (a, b):
        store.put(KEY, one, "20.0.0.1", NOW)
    assert store.unheard(KEY, NOW, NOW) == []
    assert store.put(KEY, a, "20.0.0.2", NOW + 100) is Put.HELD
    assert store.unheard(KEY, NOW + 50, NOW + 100) == [b]
    store.touch(KEY, NOW + 200)
    assert store.unheard(KEY, NOW + 150, NOW + 200) == []
    assert store.unheard(KEY, NOW + 6000, NOW + 5000) == []


def test_a_forgery_of_the_same_number_is_no_equivocation() -> None:
    store = RecordStore(bytes(32))
    good = records.make(PEOPLE[0], KEY, 1, NOW + 60, b"x")
    store.put(KEY, good, "20.0.0.1", NOW)
    with pytest.raises(PeerError, match="signature"):
        store.put(KEY, records.Record(good.publisher, 1, NOW + 60, b"y", good.signature), "20.0.0.1", NOW)
    assert store.equivocations == 0
