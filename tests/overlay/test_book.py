"""The peer book: back-off, bounds, what is written."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.book import ADDRESSES_MAX, BOOK_MAX, FOUND_FAILS, LONGEST_WAIT, PeerBook


def _peer(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def _book() -> PeerBook:
    return PeerBook(random.Random(7))


def test_an_invited_peer_is_due_at_once_and_backs_off_when_it_fails() -> None:
    book, now = _book(), 1000.0
    book.invited(_peer(1), ["a:1"])
    waits = []
    for _ in range(12):
        assert [e.peer for e in book.due(now)] == [_peer(1)]
        again = book.failed(_peer(1), now, "no answer")
        assert not book.due(again - 0.01)
        waits.append(again - now)
        now = again
    assert 4 <= waits[0] <= 6
    assert waits[3] > waits[0] * 3
    assert max(waits) <= LONGEST_WAIT * 1.2


def test_meeting_a_peer_forgives_its_failures_and_puts_its_address_first() -> None:
    book = _book()
    book.invited(_peer(1), ["a:1", "b:2"])
    book.failed(_peer(1), 0, "no answer")
    entry = book.met(_peer(1), "name", "b:2", 5.0)
    assert entry.fails == 0 and entry.addresses == ["b:2", "a:1"] and not entry.error


def test_a_peer_left_alone_is_not_dialled_until_invited_again() -> None:
    book = _book()
    book.invited(_peer(1), ["a:1"])
    book.leave_alone(_peer(1))
    assert not book.due(1e9)
    book.invited(_peer(1), ["a:1"])
    assert book.due(1e9)


def _fail(book: PeerBook, number: int, times: int) -> None:
    for _ in range(times):
        book.failed(_peer(number), 0, "no answer")


def test_a_peer_that_nobody_chose_is_left_alone_after_a_few_dials() -> None:
    book = _book()
    book.met(_peer(1), "", "a:1", 1.0)
    _fail(book, 1, FOUND_FAILS - 1)
    assert book.due(1e9)
    _fail(book, 1, 1)
    assert not book.due(1e9)
    book.met(_peer(1), "", "a:1", 2.0)
    assert book.due(1e9), "it came back by itself"


def test_a_peer_that_was_invited_or_chosen_is_dialled_for_ever() -> None:
    book = _book()
    book.invited(_peer(1), ["a:1"])
    book.met(_peer(1), "", "a:1", 1.0)
    book.met(_peer(2), "", "b:1", 1.0)
    book.keep(_peer(2))
    for number in (1, 2):
        _fail(book, number, 10 * FOUND_FAILS)
    assert len(book.due(1e9)) == 2


@given(st.lists(st.text(min_size=1, max_size=5), max_size=30))
def test_addresses_are_bounded_and_never_repeated(addresses: list[str]) -> None:
    book = _book()
    for address in addresses:
        book.met(_peer(1), "", address, 1.0)
    known = book.get(_peer(1)).addresses
    assert len(known) <= ADDRESSES_MAX and len(set(known)) == len(known)
    if addresses:
        assert known[0] == addresses[-1]


def test_the_book_is_bounded_and_forgets_the_longest_unseen() -> None:
    book = _book()
    for number in range(BOOK_MAX + 5):
        book.met(_peer(number), "", "a:1", float(number))
    assert len(book.entries) == BOOK_MAX
    assert _peer(0) not in book.entries and _peer(BOOK_MAX + 4) in book.entries
    changed, removed = book.take_changes()
    assert len(changed) == BOOK_MAX and _peer(0) in removed
    assert book.take_changes() == ([], [])
