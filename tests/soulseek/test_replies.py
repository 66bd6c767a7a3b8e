"""The large messages between users: read as written, in any pieces, within bounds, and as aioslsk writes them."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from aioslsk.protocol.messages import PeerDirectoryContentsReply, PeerSearchReply, PeerSharesReply
from aioslsk.protocol.primitives import Attribute, DirectoryData, FileData
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.soulseek import replies
from slskmesh.soulseek.values import Attributes, Listing, RemoteFile, SearchAnswer

from .scripted import packed_shares, text, u32

U32 = st.none() | st.integers(0, 0xFFFFFFFF)
attributes = st.builds(Attributes, U32, U32, st.none() | st.booleans(), U32, U32)
names = st.text(st.characters(exclude_characters="\\/", exclude_categories=["Cs"]), min_size=1, max_size=12)


def files(folder: st.SearchStrategy[str], locked: st.SearchStrategy[bool]) -> st.SearchStrategy[RemoteFile]:
    return st.builds(
        lambda where, name, size, told, shut: RemoteFile(f"{where}\\{name}", size, told, shut),
        folder,
        names,
        st.integers(0, 2**64 - 1),
        attributes,
        locked,
    )


@st.composite
def folders(draw: st.DrawFn) -> list[tuple[str, list[RemoteFile]]]:
    made = []
    for name in draw(st.lists(names, max_size=5, unique=True)):
        locked = draw(st.booleans())
        inside = draw(st.lists(files(st.just(f"music\\{name}"), st.just(locked)), max_size=6))
        made.append((f"music\\{name}", inside))
    return made


def fed(packed: bytes, rng: random.Random | None = None, **more: int) -> Iterator[Listing]:
    reader = replies.SharesReader("kim", **more)
    while packed:
        size = rng.randrange(1, 40) if rng else 64 * 1024
        yield from (portion for portion in reader.feed(packed[:size]) if portion is not None)
        packed = packed[size:]
    yield reader.end()


@given(folders(), st.randoms(use_true_random=False))
def test_shares_are_read_as_written_in_any_pieces(
    shares: list[tuple[str, list[RemoteFile]]], rng: random.Random
) -> None:
    packed = replies.write_shares(shares)
    assert struct.unpack_from("<II", packed) == (len(packed) - 4, replies.SHARES_CODE)
    portions = list(fed(packed[8:], rng))
    assert [portion.done for portion in portions] == [False] * (len(portions) - 1) + [True]
    found = {name: list(inside) for portion in portions for name, inside in portion.folders}
    assert found == dict(shares)
    parsed = PeerSharesReply.Request.deserialize(0, packed)
    told = sum(len(folder.files) for folder in (*parsed.directories, *(parsed.locked_directories or [])))
    assert told == sum(len(inside) for _, inside in shares)


@given(
    st.lists(files(st.just("a\\b"), st.booleans()), max_size=6),
    st.integers(0, 0xFFFFFFFF),
    st.booleans(),
    st.integers(0, 0xFFFFFFFF),
)
def test_search_answers_are_read_as_written(
    found: list[RemoteFile], token: int, free: bool, number: int
) -> None:
    answer = SearchAnswer(token, "kim", tuple(found), free, number, number // 2)
    packed = replies.write_search("kim", answer)
    ordered = tuple(sorted(found, key=lambda file: file.locked))
    assert replies.read_search(packed[8:]) == SearchAnswer(token, "kim", ordered, free, number, number // 2)
    parsed = PeerSearchReply.Request.deserialize(0, packed)
    assert [item.filename for item in parsed.results] == [file.path for file in found if not file.locked]
    assert len(parsed.locked_results) == sum(file.locked for file in found)


@given(folders())
def test_folders_are_read_as_written(shares: list[tuple[str, list[RemoteFile]]]) -> None:
    packed = replies.write_folder(7, "music", shares)
    ticket, asked, listing = replies.read_folder(packed[8:])
    assert (ticket, asked) == (7, "music")
    plain = {name: [(file.path, file.size) for file in inside] for name, inside in shares}
    assert {name: [(file.path, file.size) for file in inside] for name, inside in listing.folders} == plain
    assert len(PeerDirectoryContentsReply.Request.deserialize(0, packed).directories) == len(shares)


def test_what_aioslsk_writes_is_read() -> None:
    file = FileData(
        1, "01 Dawn.mp3", 5_000_000, "mp3", [Attribute(0, 320), Attribute(1, 240), Attribute(2, 0)]
    )
    shares = PeerSharesReply.Request([DirectoryData("a\\b", [file])], locked_directories=[]).serialize()
    (listing,) = fed(shares[8:])
    wanted = RemoteFile("a\\b\\01 Dawn.mp3", 5_000_000, Attributes(320, 240, False))
    assert listing.folders == (("a\\b", (wanted,)),)
    reply = PeerSearchReply.Request("kim", 3, [file], True, 10, 2).serialize()
    answer = replies.read_search(reply[8:])
    assert (answer.token, answer.user, answer.files[0].attributes) == (3, "kim", Attributes(320, 240, False))


@given(st.binary(max_size=300))
def test_garbage_is_the_senders_fault(garbage: bytes) -> None:
    for packed in (garbage, zlib.compress(garbage)):
        for read in (replies.read_search, replies.read_folder):
            try:
                read(packed)
            except PeerError:
                pass
        try:
            list(fed(packed))
        except PeerError:
            pass


def test_latin_names_of_old_clients() -> None:
    raw = "Bj\xf6rk".encode("latin-1")
    plain = u32(1) + u32(len(raw)) + raw + u32(0) + u32(0)
    (listing,) = fed(zlib.compress(plain))
    assert listing.folders == (("Björk", ()),)


def one_file(name: str) -> bytes:
    return b"\x01" + text(name) + bytes(8) + text("") + u32(0)


def test_portions_are_small_and_few_are_held() -> None:
    count = 40_000
    folder = [one_file(f"{n % 1000:03} track of the record.flac") for n in range(1000)]
    packed = packed_shares([(f"music\\record {n}", folder) for n in range(count // 1000)])
    seen = 0
    tracemalloc.start()
    try:
        for portion in fed(packed):
            inside = sum(len(files) for _, files in portion.folders)
            assert inside <= replies.PORTION
            seen += inside
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == count
    assert peak < 4 << 20


def test_a_bomb_is_refused_before_it_bursts() -> None:
    bomb = zlib.compress(bytes(300 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(PeerError, match="too large"):
            replies.read_search(bomb)
        with pytest.raises(PeerError, match="too large"):
            replies.read_folder(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * replies.REPLY_PLAIN_MAX


def test_shares_stop_at_their_bounds() -> None:
    empty = packed_shares([("", [])] * 50_000)
    with pytest.raises(PeerError, match="too large"):
        list(fed(empty, plain_max=100_000))
    with pytest.raises(PeerError, match="too large"):
        list(fed(zlib.compress(u32(1) + text("a") + u32(0xFFFFFFFF))))
    with pytest.raises(PeerError, match="stop in the middle"):
        list(fed(zlib.compress(u32(2) + text("a") + u32(0))))
    with pytest.raises(PeerError, match="too many attributes"):
        list(
            fed(
                zlib.compress(
                    u32(1) + text("a") + u32(1) + b"\x01" + text("b") + bytes(8) + text("") + u32(99)
                )
            )
        )
    with pytest.raises(PeerError, match="too long"):
        list(fed(zlib.compress(u32(1, 1 << 30))))
