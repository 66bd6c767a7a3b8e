"""Hits of both networks in one query: keys, what belongs together, what is kept of the network's own words."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine import queries as bounds
from slskmesh.engine.hub import VIEWER_BITS
from slskmesh.engine.queries import ALL_MAX, LATEST, QUERIES_MAX, Queries, Query
from slskmesh.identity.peerid import PeerId
from slskmesh.soulseek.values import Attributes, RemoteFile, SearchAnswer
from slskmesh.wire.messages import Hit

ONE, TWO = PeerId(b"1" * 32), PeerId(b"2" * 32)
PATH = "music\\Kim Boo - First Light (2001)\\01 Dawn.flac"


def answer(user: str, *files: RemoteFile, free: bool = True) -> SearchAnswer:
    return SearchAnswer(7, user, files, free, 100_000, 3)


def hit(content: bytes, name: str = "01 Dawn.flac", size: int = 1000) -> Hit:
    return Hit(content * 32, size, 1, name, "Kim Boo - First Light (2001)", duration=200_000)


def test_copies_of_one_file_are_the_same_whoever_has_them() -> None:
    query = Query()
    file = RemoteFile(PATH, 1000, Attributes(duration=200))
    [ann] = query.add_answer(answer("ann", file), lambda user, file: False)
    [bob] = query.add_answer(answer("bob", file, free=False), lambda user, file: True)
    peer = query.add_hit(hit(b"c"), ONE, "lena")
    assert len({ann.same, bob.same, peer.same}) == 1 and len({ann.group, bob.group, peer.group}) == 1
    assert (ann.via, ann.user, ann.have, ann.content) == ("soulseek", "ann", False, "")
    assert (bob.have, bob.free_slot, bob.speed, bob.queue) == (True, False, 100_000, 3)
    assert (peer.via, peer.content, peer.speed) == ("mesh", (b"c" * 32).hex(), None)
    assert len({ann.key, bob.key, peer.key}) == 3 and query.users == {"ann", "bob"}


def test_one_content_is_one_file_whatever_it_is_called() -> None:
    query = Query()
    first = query.add_hit(hit(b"c"), ONE, "")
    other = query.add_hit(hit(b"c", name="Track 1.flac"), TWO, "")
    assert first.same == other.same
    assert query.add_hit(hit(b"d", name="Else.flac", size=2000), TWO, "").same != first.same


def test_what_was_answered_twice_is_shown_once_and_hostile_names_are_kept_raw() -> None:
    query = Query()
    raw = RemoteFile("m\\evil\x1b[2J\\[/b]\u202e.mp3", 5, locked=True)
    [view] = query.add_answer(answer("ann", raw), lambda user, file: False)
    assert query.add_answer(answer("ann", raw), lambda user, file: False) == []
    source = query.source(view.key)
    assert source is not None and source.file.path == raw.path and source.user == "ann"
    assert view.locked and "\x1b" not in view.folder and "\u202e" not in view.name
    assert query.mesh(view.key) is None and query.source(99) is None


def test_the_oldest_query_goes() -> None:
    queries = Queries()
    for number in range(QUERIES_MAX + 1):
        queries.begin(number).add_hit(hit(b"c"), ONE, "")
    assert queries.mesh(0, 1) is None and queries.mesh(1, 1) is not None


def test_old_queries_with_many_hits_go_and_the_latest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "HITS_KEPT", 5)
    queries = Queries()
    for number in range(LATEST + 4):
        queries.begin(number).add_hit(hit(b"c"), ONE, "")
    kept = [number for number in range(LATEST + 4) if queries.mesh(number, 1) is not None]
    assert kept == [*range(4, LATEST + 4)]


def test_many_front_ends_keep_a_bounded_number_of_queries_together() -> None:
    queries, numbers = Queries(), []
    for viewer in range(5):
        for number in range(QUERIES_MAX // 2):
            numbers.append((viewer << VIEWER_BITS) + number)
            queries.begin(numbers[-1]).add_hit(hit(b"c"), ONE, "")
    assert [n for n in numbers if queries.mesh(n, 1) is not None] == numbers[-ALL_MAX:]
    queries.forget(4)
    assert queries.mesh(numbers[-1], 1) is None and queries.mesh(numbers[-ALL_MAX], 1) is not None


def test_a_query_that_asked_nobody_is_dropped() -> None:
    queries = Queries()
    queries.begin(1).add_hit(hit(b"c"), ONE, "")
    queries.drop(1)
    queries.drop(2)
    assert queries.mesh(1, 1) is None


files = st.builds(
    RemoteFile,
    st.text(max_size=30),
    st.integers(0, 3),
    st.builds(Attributes, st.none() | st.integers(0, 5), st.none() | st.integers(0, 9)),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(files, max_size=5)), max_size=6))
def test_any_answers_give_each_file_of_a_user_one_key(answers: list[tuple[str, list[RemoteFile]]]) -> None:
    query, seen = Query(), set()
    for user, listed in answers:
        for view in query.add_answer(answer(user, *listed), lambda user, file: False):
            source = query.source(view.key)
            assert source is not None and source.user == user
            assert (user, source.file.path) not in seen
            seen.add((user, source.file.path))
            assert view.same and msgspec.json.encode(view)
    assert seen == {(user, file.path) for user, listed in answers for file in listed}
