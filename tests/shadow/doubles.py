"""A table, peers and a library in memory: what the shadow index needs of others, with counters of what it did."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import trio

from slskmesh.catalogue.objects import Medium, Release, Track
from slskmesh.dht import record as records
from slskmesh.dht.port import TableStatus
from slskmesh.dht.record import Record
from slskmesh.errors import PeerError
from slskmesh.governance.standing import Standing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.library.variant import AudioVariant, HeldTrack
from slskmesh.mbid import Mbid, mbid_bytes
from slskmesh.overlay.port import Session
from slskmesh.shadow.descriptors import FingerprintBundleAdvert, MbidSwarmDescriptor, VariantAdvert
from slskmesh.text import SafeStr
from slskmesh.work import DHT_READ, DIAL, MESH_CALL, Budget
from tests.sim.net import WALL, identity_of

TODAY = int(WALL // 86_400)


def mbid(number: int) -> Mbid:
    return Mbid(f"{number:08x}-0000-4000-8000-{number:012x}")


def identities(count: int, seed: int = 7) -> list[Identity]:
    rng = random.Random(seed)
    return [identity_of(rng) for _ in range(count)]


def content(number: int) -> bytes:
    return number.to_bytes(32, "big")


def held(
    number: int,
    recording: str = "",
    release: str = "",
    *,
    codec: str = "FLAC",
    lossless: bool = True,
    duration: int = 200_000,
    track: int = 0,
    stream: bytes | None = None,
) -> HeldTrack:
    file = SharedFile(
        content=content(number),
        size=1000 + number,
        path=Path("/music/somebody/Secret Shelf") / f"{number} hidden name.flac",
        root=Path("/music/somebody/Secret Shelf"),
        folder=SafeStr("Secret Shelf/Hidden Album"),
        name=SafeStr(f"{number} hidden name.flac"),
        domain=Domain.MUSIC,
        format=SafeStr(codec),
        title=SafeStr("Hidden Title"),
        artist=SafeStr("Hidden Artist"),
        track=track,
        disc=1 if track else 0,
        duration=duration,
        mb_recording=recording,
        mb_release=release,
    )
    variant = AudioVariant(
        file.content,
        file.size,
        codec,
        codec,
        lossless,
        44_100,
        16 if lossless else 0,
        2,
        duration,
        900_000 if lossless else 320_000,
        content(number + 500_000) if stream is None else stream,
        0.9,
    )
    return HeldTrack(file, variant)


def release_of(identifier: str, recordings: list[str], length: int | None = 200_000) -> Release:
    tracks = tuple(
        Track(Mbid(one), SafeStr(f"Track {n}"), SafeStr("A"), 1, n, length=length)
        for n, one in enumerate(recordings, 1)
    )
    return Release(
        Mbid(identifier), SafeStr("Album"), SafeStr("A"), (Medium(1, SafeStr("CD"), SafeStr(""), tracks),)
    )


class Shelf:
    """A library; change `tracks` as you like."""

    def __init__(self, tracks: list[HeldTrack] | None = None, releases: list[Release] | None = None) -> None:
        self.tracks = tracks or []
        self.catalogue = {release.mbid: release for release in releases or []}
        self.questions = 0
        self.broken: Exception | None = None

    def _ask(self) -> None:
        self.questions += 1
        if self.broken is not None:
            raise self.broken

    async def by_release(self, one: str) -> list[HeldTrack]:
        self._ask()
        return [track for track in self.tracks if track.file.mb_release == one]

    async def by_recording(self, one: str) -> list[HeldTrack]:
        self._ask()
        return [track for track in self.tracks if track.file.mb_recording == one]

    async def releases(self, after: str, limit: int) -> list[str]:
        self._ask()
        return sorted({t.file.mb_release for t in self.tracks if t.file.mb_release > after})[:limit]

    async def recordings(self, after: str, limit: int) -> list[str]:
        self._ask()
        return sorted({t.file.mb_recording for t in self.tracks if t.file.mb_recording > after})[:limit]

    async def counts(self) -> tuple[int, int]:
        return len(await self.releases("", 10**6)), len(await self.recordings("", 10**6))

    async def search(self, text: str, limit: int) -> list[SharedFile]:
        words = text.lower().split()
        known = [(f"{t.file.artist} {t.file.title} {t.file.name}".lower(), t.file) for t in self.tracks]
        return [file for said, file in known if all(word in said for word in words)][:limit]

    async def find(self, one: bytes) -> SharedFile | None:
        return next((track.file for track in self.tracks if track.file.content == one), None)

    async def cached_release(self, one: str) -> Release | None:
        return self.catalogue.get(Mbid(one))


class Table:
    """Everybody's records under every key, and what one peer does with them."""

    def __init__(self, wall: Callable[[], float] = lambda: WALL) -> None:
        self.records: dict[bytes, dict[bytes, Record]] = {}
        self.wall = wall
        self.seq = 0

    def put(self, identity: Identity, key: bytes, payload: bytes, ttl: float = 6 * 3600) -> None:
        self.seq += 1
        record = records.make(identity, key, self.seq, int(self.wall() + ttl), payload)
        self.records.setdefault(key, {})[identity.peer] = record

    def put_raw(self, key: bytes, record: Record) -> None:
        self.records.setdefault(key, {})[record.publisher] = record


class View:
    """One peer's use of a `Table` (dht.port.Index)."""

    def __init__(self, table: Table, identity: Identity, nodes: int = 40) -> None:
        self.table, self._identity, self.nodes = table, identity, nodes
        self.log: list[tuple[str, bytes, float]] = []
        self.took = 8
        self.reading: trio.Event | None = None

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        await trio.lowlevel.checkpoint()
        self.log.append(("publish", key, trio.current_time()))
        self.table.put(self._identity, key, payload, ttl)
        return self.took

    async def withdraw(self, key: bytes) -> int:
        await trio.lowlevel.checkpoint()
        self.log.append(("withdraw", key, trio.current_time()))
        self.table.records.get(key, {}).pop(self._identity.peer, None)
        return self.took

    async def fetch(self, key: bytes, budget: Budget) -> list[Record]:
        budget.spend(DHT_READ)
        if self.reading is not None:
            await self.reading.wait()
        await trio.lowlevel.checkpoint()
        return list(self.table.records.get(key, {}).values())

    def status(self) -> TableStatus:
        return TableStatus(nodes=self.nodes)

    def mine(self) -> set[bytes]:
        return {key for key, found in self.table.records.items() if self._identity.peer in found}


class Line:
    """A session as far as the shadow index looks at it."""

    def __init__(self, peer: PeerId, address: str) -> None:
        self.peer, self.address = peer, address
        self.rtt: float | None = 0.05


class Crowd:
    """Peers that can be reached and called: `shows` by peer; `wrong` overrides what a peer answers."""

    def __init__(self) -> None:
        self.shows: dict[PeerId, list[VariantAdvert]] = {}
        self.addresses: dict[PeerId, str] = {}
        self.wrong: dict[PeerId, Any] = {}
        self.connected: dict[PeerId, Session] = {}
        self.dialled: list[PeerId] = []
        self.called: list[tuple[PeerId, str]] = []
        self.now = self.most = 0
        self.delay = 0.0

    def add(self, peer: PeerId, adverts: list[VariantAdvert], address: str | None = None) -> PeerId:
        self.shows[peer] = adverts
        self.addresses[peer] = (
            address or f"20.{len(self.addresses) // 250}.{len(self.addresses) % 250}.1:50300"
        )
        return peer

    def connect(self, peer: PeerId) -> None:
        self.connected[peer] = self._line(peer)

    def _line(self, peer: PeerId) -> Any:
        return Line(peer, self.addresses[peer])

    def sessions(self) -> list[Session]:
        return list(self.connected.values())

    async def reach(self, peer: PeerId, budget: Budget) -> Session:
        budget.spend(DIAL)
        self.dialled.append(peer)
        await self._busy()
        if peer not in self.addresses:
            raise PeerError("unreachable", "no address of it answers", blame=False)
        session: Session = self._line(peer)
        return session

    async def _busy(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await trio.sleep(self.delay)
        finally:
            self.now -= 1

    async def call(
        self,
        peer: PeerId,
        service: str,
        method: str,
        request: Any,
        reply: Any,
        budget: Budget,
        *,
        timeout: float = 10.0,
    ) -> Any:
        budget.spend(MESH_CALL)
        self.called.append((peer, method))
        await self._busy()
        self._fail(peer)
        found = [one for one in self.shows[peer] if one.recording == request.recording]
        answer = self.wrong.get(peer) or FingerprintBundleAdvert(request.recording, tuple(found))
        return msgspec.msgpack.decode(msgspec.msgpack.encode(answer), type=reply)

    def stream(
        self,
        peer: PeerId,
        service: str,
        method: str,
        request: Any,
        reply: Any,
        budget: Budget,
        *,
        timeout: float = 30.0,
    ) -> AsyncIterator[Any]:
        budget.spend(MESH_CALL)
        self.called.append((peer, method))
        return self._parts(peer, request)

    async def _parts(self, peer: PeerId, request: Any) -> AsyncIterator[Any]:
        await self._busy()
        self._fail(peer)
        answer = self.wrong.get(peer)
        for part in (
            answer if isinstance(answer, list) else [answer or self._descriptor(peer, request.release)]
        ):
            yield part

    def _descriptor(self, peer: PeerId, release: bytes) -> MbidSwarmDescriptor:
        return MbidSwarmDescriptor(release, tuple(self.shows[peer]), 2, 0)

    def _fail(self, peer: PeerId) -> None:
        if isinstance(self.wrong.get(peer), PeerError):
            raise self.wrong[peer]


def advert(number: int, recording: str, **changes: Any) -> VariantAdvert:
    fields: dict[str, Any] = {
        "content": content(number),
        "size": 1000 + number,
        "recording": mbid_bytes(recording) if recording else b"",
        "disc": 1,
        "track": 1,
        "codec": "FLAC",
        "lossless": True,
        "sample_rate": 44_100,
        "bit_depth": 16,
        "channels": 2,
        "duration": 200_000,
        "bitrate": 900_000,
        "stream": content(number + 500_000),
    }
    return VariantAdvert(**{**fields, **changes})


def standing() -> Standing:
    return Standing(lambda: WALL)


def tally(log: list[tuple[str, bytes, float]]) -> Counter[str]:
    return Counter(word for word, _, _ in log)
