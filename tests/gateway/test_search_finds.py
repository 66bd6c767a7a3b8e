"""What a search found, by user, within a program's limits: held against a plain account of the same hits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.views import HitView
from slskmesh.gateway import search_finds
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.bodies import decode_body
from slskmesh.gateway.names import mesh_user, remote_name
from slskmesh.gateway.search_finds import Finds
from slskmesh.gateway.search_memory import Record
from slskmesh.gateway.search_shapes import (
    FILES_REACHED,
    RESPONSES_REACHED,
    Search,
    SearchRequest,
    SearchResponse,
    quiet_seconds,
    username_of,
    whole,
)
from slskmesh.text import SafeStr, sanitize

PEERS = ("sm1aaaaaaaaaaaa", "sm1bbbbbbbbbbbb")


def hit(
    user: str, name: str = "01 Dawn.flac", folder: str = "@@x/Kim Boo/First Light", **more: Any
) -> HitView:
    """A hit of a Soulseek user, or of a peer whose id begins with "sm1"."""
    mesh = user.startswith("sm1")
    fields: dict[str, Any] = {
        "key": 1,
        "content": "ab" * 32 if mesh else "",
        "size": 1_000,
        "name": sanitize(name),
        "folder": sanitize(folder),
        "peer": user if mesh else "",
        "short": "",
        "peer_name": SafeStr(""),
        "music": True,
        "via": "mesh" if mesh else "soulseek",
        "user": SafeStr("" if mesh else user),
    }
    return HitView(**{**fields, **more})


hits = st.builds(
    hit,
    st.sampled_from(["ann", "bob", "cid", *PEERS]),
    name=st.sampled_from(["1.flac", "2.flac", "3.mp3", "4"]),
    folder=st.sampled_from(["", "a", "a/b"]),
    locked=st.booleans(),
    speed=st.none() | st.integers(0, 3),
    queue=st.none() | st.integers(0, 3),
    free_slot=st.none() | st.booleans(),
    size=st.integers(0, 9),
)
wishes = st.builds(
    SearchRequest,
    search_text=st.just("x"),
    filter_responses=st.booleans(),
    minimum_response_file_count=st.integers(0, 3),
    minimum_peer_upload_speed=st.integers(0, 3),
    maximum_peer_queue_length=st.integers(0, 3),
)
batches = st.lists(st.lists(hits, max_size=8), max_size=6)


def responses(finds: Finds) -> list[SearchResponse]:
    return msgspec.json.decode(finds.json(), type=list[SearchResponse])


def passes(wish: SearchRequest, one: HitView) -> bool:
    if not wish.filter_responses:
        return True
    return (one.speed is None or one.speed >= wish.minimum_peer_upload_speed) and (
        one.queue is None or one.queue <= wish.maximum_peer_queue_length
    )


def account(wish: SearchRequest, batches: list[list[HitView]]) -> dict[str, dict[str, HitView]]:
    """Who is shown with what, reckoned anew."""
    users: dict[str, dict[str, HitView]] = {}
    for batch in batches:
        for user in dict.fromkeys(map(username_of, batch)):
            mine = [one for one in batch if username_of(one) == user]
            if passes(wish, mine[-1]):
                for one in mine:
                    users.setdefault(user, {}).setdefault(remote_name(one), one)
    least = wish.minimum_response_file_count if wish.filter_responses else 0
    return {user: files for user, files in users.items() if len(files) >= least}


@given(wishes, batches, st.sets(st.integers(0, 5)))
def test_users_are_shown_as_the_filter_says_and_counted_as_shown(
    wish: SearchRequest, batches: list[list[HitView]], polled: set[int]
) -> None:
    finds = Finds(wish, 7)
    for number, batch in enumerate(batches):
        finds.take(batch)
        if number in polled:
            finds.json()  # what is made early does not go stale
    expected, told = account(wish, batches), responses(finds)
    assert {one.username for one in told} == set(expected)
    for one in told:
        mine = expected[one.username]
        assert {file.filename: file.size for file in (*one.files, *one.locked_files)} == {
            path: hit.size for path, hit in mine.items()
        }
        assert all(not file.is_locked for file in one.files) and all(f.is_locked for f in one.locked_files)
        assert (one.file_count, one.locked_file_count) == (len(one.files), len(one.locked_files))
        assert one.token == 7
    assert finds.responses == len(told)
    assert finds.files == sum(one.file_count for one in told)
    assert finds.locked == sum(one.locked_file_count for one in told)


@given(batches, st.integers(1, 4), st.integers(1, 12))
def test_a_limit_ends_it_and_cuts_no_answer(
    batches: list[list[HitView]], most_users: int, most_files: int
) -> None:
    wish = SearchRequest(search_text="x", response_limit=most_users, file_limit=most_files)
    finds = Finds(wish, 1)
    for batch in batches:
        before, was_full = finds.json(), finds.full
        kept = finds.take(batch)
        assert not (was_full and kept) and (not was_full or finds.json() == before)
        for user in {user for user, _, _ in kept}:  # all that he said at once is there
            mine = {remote_name(one) for one in batch if username_of(one) == user}
            assert mine <= set(finds.users[user].files)
    assert finds.responses <= most_users
    if finds.full == RESPONSES_REACHED:
        assert finds.responses == most_users
    elif finds.full == FILES_REACHED:
        assert finds.files + finds.locked >= most_files
    else:
        assert finds.responses < most_users and finds.files + finds.locked < most_files


def test_never_more_than_the_bound_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_finds, "HITS_MAX", 3)
    finds = Finds(SearchRequest(search_text="x", minimum_response_file_count=9), 1)
    finds.take([hit("ann", f"{number}.mp3") for number in range(5)])
    assert (finds.hits, finds.full) == (3, FILES_REACHED) and finds.json() == b"[]"


def test_a_file_has_all_that_is_known_of_it() -> None:
    finds = Finds(SearchRequest(search_text="x"), 1)
    known: dict[str, Any] = {
        "bitrate": 320_400,
        "bit_depth": 16,
        "duration": 200.4,
        "sample_rate": 44_100,
        "vbr": False,
    }
    finds.take([hit("ann", "01 Dawn.FLAC", speed=9, queue=4, free_slot=False, **known), hit("ann", "x")])
    [one] = msgspec.json.decode(finds.json())
    assert one["files"] == [
        {
            "filename": "@@x\\Kim Boo\\First Light\\01 Dawn.FLAC",
            "size": 1_000,
            "code": 1,
            "extension": "flac",
            "isLocked": False,
            "bitRate": 320,
            "bitDepth": 16,
            "length": 200,
            "sampleRate": 44_100,
            "isVariableBitRate": False,
        },
        {
            "filename": "@@x\\Kim Boo\\First Light\\x",
            "size": 1_000,
            "code": 1,
            "extension": "",
            "isLocked": False,
        },
    ]


def test_the_newest_word_of_a_user_counts() -> None:
    finds = Finds(SearchRequest(search_text="x"), 1)
    finds.take([hit("ann", "1.mp3", speed=9, queue=4, free_slot=False)])
    finds.take([hit("ann", "2.mp3", speed=7, queue=0, free_slot=True)])
    [one] = responses(finds)
    assert (one.has_free_upload_slot, one.upload_speed, one.queue_length) == (True, 7, 0)


def test_a_peer_is_a_user_with_a_free_slot() -> None:
    finds = Finds(SearchRequest(search_text="x", minimum_peer_upload_speed=1_000), 1)
    finds.take([hit(PEERS[0]), hit("ann"), hit("bob", speed=5)])
    peer, ann = responses(finds)
    assert peer.username == mesh_user(PEERS[0]) == "mesh:sm1aaaaa" and peer.has_free_upload_slot
    assert (peer.upload_speed, peer.queue_length) == (0, 0)
    assert ann.username == "ann" and not ann.has_free_upload_slot


def test_a_whole_search_is_its_shape_with_its_responses() -> None:
    finds = Finds(SearchRequest(search_text="x"), 5)
    record = Record(5, "id", SafeStr('"responses":[]}'), 5, 0.0, finds)
    for some in ([], [hit("ann"), hit(PEERS[1])]):
        finds.take(some)
        told = msgspec.json.decode(whole(record.shape(), finds.json()), type=Search)
        assert told == msgspec.structs.replace(record.shape(), responses=responses(finds))


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(5, 5.0), (15, 15.0), (999, 120.0), (1_000, 1.0), (15_000, 15.0), (2**31 - 1, 120.0)],
)
def test_a_timeout_is_in_milliseconds_or_plainly_in_seconds(timeout: int, seconds: float) -> None:
    assert quiet_seconds(timeout) == seconds


@pytest.mark.parametrize(
    "body",
    [
        '{"searchText": "x", "searchTimeout": 4}',
        '{"searchText": "x", "fileLimit": 0}',
        '{"searchText": "x", "responseLimit": -1}',
        '{"searchText": "x", "minimumPeerUploadSpeed": -1}',
        f'{{"searchText": "x", "fileLimit": {2**31}}}',
        '{"searchText": null}',
        "{}",
    ],
)
def test_what_makes_no_sense_is_refused(body: str) -> None:
    with pytest.raises(GatewayError):
        decode_body(body.encode(), SearchRequest)


def test_keys_come_in_any_case() -> None:
    told = decode_body(b'{"SearchText": "x", "ID": null, "fileLIMIT": 3, "timeout": 9}', SearchRequest)
    assert told == SearchRequest(search_text="x", file_limit=3)
