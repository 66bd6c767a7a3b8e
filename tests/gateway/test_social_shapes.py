"""Shapes of rooms, messages, files and lists of shares: whatever the engine shows becomes JSON that says just that."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.legacy_commands import BrowseListing
from slskmesh.engine.legacy_events import BrowseStanding, ChatShown, ListingShown
from slskmesh.engine.legacy_views import (
    ChatLineView,
    FolderView,
    ListedFolderView,
    MemberView,
    RemoteFileView,
)
from slskmesh.engine.views import OwnFileView
from slskmesh.gateway import browse_stream, social_shapes
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.browse_stream import first_piece, whole_list
from slskmesh.gateway.file_shapes import (
    BrowseResponse,
    Directories,
    ListedDirectory,
    directory_name,
    extension_of,
    listed_file,
    own_file,
)
from slskmesh.text import sanitize

texts = st.text(max_size=12).map(lambda text: sanitize(text, 40))
numbers = st.none() | st.integers(0, 1 << 32)
kinds = st.sampled_from(["said", "mention", "own", "unsent", "fault"])
letters = st.sampled_from(["came", "kept", "waiting", "sent", "refused", "mode"])
times = st.floats(allow_nan=False)


def chats(kind: st.SearchStrategy[str], room: bool) -> st.SearchStrategy[ChatShown]:
    rows = st.lists(st.tuples(times, texts, texts, kind), max_size=12)

    def lines(found: list[Any]) -> tuple[ChatLineView, ...]:
        return tuple(ChatLineView(number, *row) for number, row in enumerate(found, 1))

    members = st.lists(
        st.builds(MemberView, texts, st.sampled_from(["unknown", "away"]), numbers), max_size=4
    )
    return st.builds(
        ChatShown, st.just(1), st.just(room), texts, st.booleans(), rows.map(lines), st.integers(-1, 15),
        st.booleans(), members.map(tuple),
    )  # fmt: skip


def said(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


@given(chats(kinds, True), texts)
def test_a_room_tells_what_was_heard_in_it_and_who_said_it(chat: ChatShown, me: str) -> None:
    room = said(social_shapes.room(chat, me))
    heard = [line for line in chat.lines if line.kind in ("said", "mention", "own")]
    assert [(one["username"], one["message"]) for one in room["messages"]] == [
        (line.user, line.text) for line in heard
    ]
    assert [one.get("self", False) for one in room["messages"]] == [line.kind == "own" for line in heard]
    assert [one["username"] for one in room["users"]] == [member.name for member in chat.members]
    for one, member in zip(room["users"], chat.members, strict=True):
        assert one.get("averageSpeed") == member.speed and one.get("status") == (
            "Away" if member.state == "away" else None
        )
        assert one.get("self", False) == (bool(me) and member.name == me)


@given(chats(letters, False))
def test_of_a_conversation_the_last_that_came_are_not_acknowledged(chat: ChatShown) -> None:
    told = said(social_shapes.messages(chat))
    assert [one["id"] for one in told] == [line.number for line in chat.lines if line.kind != "mode"]
    came = [one for one in told if one["direction"] == "In"]
    fresh = min(max(chat.unread, 0), len(came))
    assert [one["isAcknowledged"] for one in came] == [True] * (len(came) - fresh) + [False] * fresh
    assert all(one["isAcknowledged"] and "delivery" in one for one in told if one["direction"] == "Out")
    assert said(social_shapes.whole_conversation(chat, True))["messages"] == told


@given(times)
def test_a_time_is_one_of_the_calendar(at: float) -> None:
    text = social_shapes.iso(at)
    assert text.endswith("Z") and datetime.fromisoformat(text).utcoffset() is not None
    if 0 <= at < 1e11:
        assert abs(datetime.fromisoformat(text).timestamp() - at) < 0.002


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_how_far_a_list_is(received: int, of: int) -> None:
    told = said(social_shapes.browse_status(BrowseStanding(1, sanitize("a"), 1, 2, 3, True, received, of)))
    assert told["size"] == of and told["bytesRemaining"] == max(0, of - received)
    assert told["percentComplete"] >= 0.0


files = st.builds(
    RemoteFileView, st.just(0), texts, st.integers(0, 1 << 60), numbers, numbers, st.none() | st.booleans(),
    numbers, numbers, st.booleans(),
)  # fmt: skip


@given(files)
def test_a_file_tells_what_is_known_of_it_and_no_more(file: RemoteFileView) -> None:
    told = said(listed_file(file))
    known = {
        "BitRate": file.bitrate,
        "Length": file.duration,
        "VariableBitRate": file.vbr,
        "SampleRate": file.sample_rate,
        "BitDepth": file.bit_depth,
    }
    assert {one["type"]: one["value"] for one in told["attributes"]} == {
        kind: int(value) for kind, value in known.items() if value is not None
    }
    assert told["attributeCount"] == len(told["attributes"])
    assert told.get("bitRate") == file.bitrate and told.get("length") == file.duration
    assert told["filename"] == file.name and told["size"] == file.size


def test_of_own_files_nothing_is_no_attribute() -> None:
    plain = OwnFileView(sanitize("a"), sanitize("b.MP3"), 5)
    assert said(own_file(plain))["attributes"] == [] and own_file(plain).extension == "mp3"
    song = OwnFileView(sanitize("a"), sanitize("b"), 5, sanitize("FLAC"), 61.4, 900_400, 44_100, 16)
    told = own_file(song)
    assert (told.length, told.bit_rate, told.sample_rate, told.bit_depth) == (61, 900, 44_100, 16)
    assert [extension_of(name) for name in ("a.FLAC", ".hidden", "none", "No. 5 live", "a.b.c")] == [
        "flac", "", "", "", "c",
    ]  # fmt: skip


portions = st.lists(st.tuples(st.integers(1, 3), texts, st.lists(files, max_size=3)), max_size=8)


@given(portions)
def test_directories_in_portions_are_those_that_were_added(given: list[Any]) -> None:
    directories, expected, last = Directories(), list[tuple[str, list[Any]]](), 0
    text = b"["
    for key, name, inside in given:
        rows = [listed_file(file) for file in inside]
        text += directories.add(key, name, rows)
        if key == last:
            expected[-1][1].extend(rows)
        else:
            expected.append((name, list(rows)))
        last = key
    found = msgspec.json.decode(text + directories.end() + b"]", type=list[ListedDirectory])
    assert [(one.name, one.files) for one in found] == expected
    assert [one.file_count for one in found] == [len(rows) for _, rows in expected]
    assert directories.count == len(expected)


class Lister:
    """An engine that tells one list in pieces; as `Visitor`."""

    def __init__(self, folders: list[tuple[str, list[RemoteFileView]]], most: int, breaks: int = -1) -> None:
        self.folders, self.most, self.breaks = folders, most, breaks
        self.largest = 0

    async def asked(self, command: BrowseListing, kind: type[ListingShown]) -> ListingShown:
        self.breaks -= 1
        if self.breaks == 0:
            raise GatewayError(409, "fetched anew")
        assert command.number in (0, 7)
        told, left, after = [], self.most, command.after
        for number, (path, inside) in list(enumerate(self.folders, 1))[command.offset :][: self.most]:
            rest = [file for file in inside if file.row > after]
            view = FolderView(number, sanitize(path), len(inside), 0)
            told.append(ListedFolderView(view, tuple(rest[:left]), len(rest) > left))
            after, left = 0, left - len(rest)
            if left <= 0:
                break
        self.largest = max(self.largest, sum(len(one.files) for one in told))
        return ListingShown(1, sanitize("ben"), 7, tuple(told), command.offset, len(self.folders))


async def read(lister: Lister, note: str = "") -> bytes:
    gate: Any = SimpleNamespace(engine=lister)
    first = await first_piece(gate, "ben")
    return b"".join([part async for part in whole_list(gate, "ben", first, note)])


lists = st.lists(st.tuples(texts, st.lists(files, max_size=5)), max_size=7)


def numbered(found: list[Any]) -> list[tuple[str, list[RemoteFileView]]]:
    """With rows as the database numbers them."""
    row, told = 0, []
    for path, inside in found:
        rows = [msgspec.structs.replace(file, row=row + number) for number, file in enumerate(inside, 1)]
        row += len(rows)
        told.append((path, rows))
    return told


@settings(deadline=None)
@given(lists, st.integers(1, 6), texts)
def test_a_whole_list_is_sent_in_pieces_the_locked_apart(found: list[Any], most: int, note: str) -> None:
    lister = Lister(numbered(found), most)
    told = msgspec.json.decode(trio.run(read, lister, note), type=BrowseResponse)
    expected: dict[bool, list[Any]] = {}
    for locked in (False, True):
        expected[locked] = [
            (directory_name(sanitize(path)), [listed_file(file) for file in inside if file.locked is locked])
            for path, inside in lister.folders
            if any(file.locked is locked for file in inside) or (not inside and not locked)
        ]
    assert [(one.name, one.files) for one in told.directories] == expected[False]
    assert [(one.name, one.files) for one in told.locked_directories] == expected[True]
    assert (told.directory_count, told.locked_directory_count) == tuple(map(len, expected.values()))
    assert (told.note or "") == note and lister.largest <= most


def test_a_list_that_is_fetched_anew_meanwhile_ends_where_no_reader_takes_it_for_whole() -> None:
    file = RemoteFileView(1, sanitize("a"), 1)
    lister = Lister(numbered([(f"m{number}", [file]) for number in range(9)]), 2, breaks=3)
    text = trio.run(read, lister)
    assert text.startswith(b'{"directories":[') and b"m3" in text and b"m4" not in text
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return
    raise AssertionError("it was read as if it were whole")


def test_the_next_piece_begins_behind_the_last_file_of_a_folder_that_goes_on() -> None:
    file = RemoteFileView(5, sanitize("a"), 1)
    view = FolderView(1, sanitize("m"), 9, 0)
    half = ListingShown(1, sanitize("b"), 7, (ListedFolderView(view, (file,), True),), 3, 9)
    assert browse_stream.after_piece(half, browse_stream.Cursor(3, 2)) == (3, 5)
    whole = ListingShown(1, sanitize("b"), 7, (ListedFolderView(view, (file,)),), 3, 9)
    assert browse_stream.after_piece(whole, browse_stream.Cursor(3, 2)) == (4, 0)
