"""Neighbour search over real sessions on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trio

from slskmesh.acquire import neighbours as module
from slskmesh.acquire.neighbours import Neighbours, QueryEnd, to_hit
from slskmesh.engine.snapshots import hit_view
from slskmesh.errors import StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.wire.messages import Hit, Hits, Search, SearchRefused
from tests.overlay.nodes import Node


def shared(number: int, name: str = "") -> SharedFile:
    return SharedFile(
        content=number.to_bytes(32, "big"),
        size=1000 + number,
        path=Path("/nowhere/secret") / str(number),
        root=Path("/nowhere/secret"),
        folder="Share/Album",
        name=name or f"track {number}.flac",
        domain=Domain.MUSIC,
    )


class Shelf:
    """Answers every search with the same files."""

    def __init__(self, files: list[SharedFile], before: Callable[[], object] | None = None) -> None:
        self.files = files
        self.asked: list[str] = []
        self.wait: trio.Event | None = None
        self.broken = False
        self.heard = trio.Event()

    async def search(self, text: str, limit: int) -> list[SharedFile]:
        self.asked.append(text)
        self.heard.set()
        if self.broken:
            raise StorageError("disk failure")
        if self.wait is not None:
            await self.wait.wait()
        return self.files[:limit]


class Pair:
    """A asks, B answers from its shelf."""

    def __init__(self, folder: Path, files: list[SharedFile], *, welcome: bool = True) -> None:
        self.a, self.b = Node(folder, "a"), Node(folder, "b")
        self.shelf = Shelf(files)
        self.asking = Neighbours(self.a.router, Shelf([]), may_ask=lambda peer: True)
        self.hits: list[tuple[PeerId, Hit]] = []
        self.answering: Neighbours | None = None
        self.welcome = welcome

    async def open(self, nursery: trio.Nursery, *, real_answers: bool = True) -> Pair:
        if real_answers:
            self.answering = Neighbours(self.b.router, self.shelf, may_ask=lambda peer: self.welcome)
            await nursery.start(self.answering.run)
        await nursery.start(self.asking.run)
        await self.b.start(nursery)
        await self.a.start(nursery, listen=False)
        await self.a.overlay.connect(self.b.peer, [self.b.address])
        return self

    async def ask(self, text: str, limit: int = 100) -> QueryEnd:
        def found(peer: PeerId, hits: tuple[Hit, ...]) -> None:
            self.hits.extend((peer, hit) for hit in hits)

        with trio.fail_after(15):
            return await self.asking.ask(list(self.a.overlay.sessions.values()), text, limit, found)


async def test_hits_come_in_parts_and_hold_no_path_of_the_machine(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, [shared(n) for n in range(130)]).open(nursery)
        end = await pair.ask("slow glass")
        assert end == QueryEnd(asked=1, answered=1, refused=0, dropped=0)
        assert [hit.size for _, hit in pair.hits] == [1000 + n for n in range(100)]
        assert {peer for peer, _ in pair.hits} == {pair.b.peer}
        assert pair.shelf.asked == ["slow glass"]
        assert "secret" not in repr(pair.hits)
        nursery.cancel_scope.cancel()


async def test_long_names_in_any_script_still_fit_their_messages(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        files = [shared(n, "\U0001d54f" * 255) for n in range(100)]
        for number, file in enumerate(files):
            files[number] = msgspec.structs.replace(
                file, folder="\U0001d54f" * 1000, artist="\U0001d54f" * 200
            )
        pair = await Pair(tmp_path, files).open(nursery)
        assert await pair.ask("x") == QueryEnd(1, 1, 0, 0)
        assert len(pair.hits) == 100
        nursery.cancel_scope.cancel()


async def test_an_index_that_cannot_be_read_refuses_and_the_session_stays(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, []).open(nursery)
        pair.shelf.broken = True
        assert await pair.ask("x") == QueryEnd(1, 0, 1, 0)
        pair.shelf.broken = False
        assert (await pair.ask("x")).answered == 1
        nursery.cancel_scope.cancel()


async def test_an_unwelcome_peer_is_refused(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, [shared(1)], welcome=False).open(nursery)
        assert await pair.ask("x") == QueryEnd(1, 0, 1, 0)
        assert not pair.hits and not pair.shelf.asked
        nursery.cancel_scope.cancel()


async def test_a_peer_over_its_rate_is_told_when_to_come_back_and_then_cut_off(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, []).open(nursery)
        refused: list[SearchRefused] = []
        pair.a.router._handlers[SearchRefused] = lambda session, message: refused.append(message)
        session = pair.a.overlay.sessions[pair.b.peer]
        for number in range(60):
            session.send(Search(1000 + number, "x"))
            if session.closed.is_set():
                break
        await pair.a.until_closed()
        assert len(pair.shelf.asked) == 10
        assert all(r.retry_ms > 0 for r in refused)
        assert "over the rate" in pair.a.closed[0][1]
        nursery.cancel_scope.cancel()


async def test_hits_nobody_asked_for_cost_the_session(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, []).open(nursery)
        await pair.b.until_open(pair.a.peer)
        pair.b.overlay.sessions[pair.a.peer].send(Hits(77, (), True))
        await pair.b.until_closed()
        assert "nobody asked" in pair.b.closed[0][1]
        nursery.cancel_scope.cancel()


async def test_more_hits_than_asked_for_cost_the_session(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = Pair(tmp_path, [])
        hit = to_hit(shared(1))
        assert hit is not None
        flood = Hits(1, (hit,) * 40, False)
        pair.b.router.on(Search, lambda session, message: [session.send(flood) for _ in range(3)] and None)
        await pair.open(nursery, real_answers=False)
        end = await pair.ask("x", limit=100)
        assert (end.answered, len(pair.hits)) == (0, 80)
        await pair.b.until_closed()
        assert "more search hits" in pair.b.closed[0][1]
        nursery.cancel_scope.cancel()


async def test_a_silent_peer_does_not_hold_the_query_up(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "ANSWER_TIME", 0.05)
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, [shared(1)]).open(nursery)
        pair.shelf.wait = trio.Event()
        assert await pair.ask("x") == QueryEnd(1, 0, 0, 0)
        pair.shelf.wait.set()  # a late answer is not a fault
        pair.shelf.wait = None
        monkeypatch.setattr(module, "ANSWER_TIME", 10)
        assert (await pair.ask("y")).answered == 1
        assert pair.b.peer in pair.a.overlay.sessions
        nursery.cancel_scope.cancel()


async def test_a_peer_that_leaves_ends_its_part_of_the_query(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        pair = await Pair(tmp_path, [shared(1)]).open(nursery)
        pair.shelf.wait = trio.Event()
        async with trio.open_nursery() as asking:
            asking.start_soon(pair.ask, "x")
            await pair.shelf.heard.wait()
            pair.a.overlay.disconnect(pair.b.peer, "closed", "enough")
        assert not pair.hits
        nursery.cancel_scope.cancel()


RECORDING = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
RELEASE = "6defd963-fe91-4550-b18e-82c685603c2b"


async def test_musicbrainz_ids_of_the_tags_come_along(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        tagged = msgspec.structs.replace(shared(1), mb_recording=RECORDING, mb_release=RELEASE)
        odd = msgspec.structs.replace(shared(2), mb_recording="no id", mb_release=RELEASE.upper())
        pair = await Pair(tmp_path, [tagged, odd, shared(3)]).open(nursery)
        await pair.ask("x")
        views = [hit_view(hit, 1, peer, "b", trusted=False, have=False) for peer, hit in pair.hits]
        assert [(view.recording, view.release) for view in views] == [
            (RECORDING, RELEASE),
            ("", ""),
            ("", ""),
        ]
        assert len(pair.hits[0][1].recording) == 16
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("field", ["recording", "release"])
async def test_an_id_of_another_length_costs_the_session(tmp_path: Path, field: str) -> None:
    async with trio.open_nursery() as nursery:
        pair = Pair(tmp_path, [])
        good = to_hit(shared(1))
        assert good is not None
        bad = msgspec.structs.replace(good, **{field: b"\1" * 15})
        pair.b.router.on(
            Search, lambda session, message: session.send(Hits(message.query, (good, bad), True))
        )
        await pair.open(nursery, real_answers=False)
        assert (await pair.ask("x")).answered == 0
        await pair.b.until_closed()
        assert not pair.hits and "MusicBrainz id" in pair.b.closed[0][1]
        nursery.cancel_scope.cancel()
