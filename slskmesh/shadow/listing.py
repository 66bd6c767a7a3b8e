"""What this peer tells the mesh of itself, for the person: every record that is out now, and what comes next.

Rules:
- Made of the records that are really out, as the table's own list of them has them, and of the live publisher; nothing
  is described that is not there, and a record that nobody here accounts for is shown as it is.
- Titles are looked up for the person among kept answers; they are not part of any record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from slskmesh.dht import topics
from slskmesh.dht.endpoints import decode_endpoints
from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import key_of
from slskmesh.shadow.port import Cached
from slskmesh.shadow.publish import Publisher
from slskmesh.shadow.rotation import Topic
from slskmesh.shadow.shard import CHECKED, Shard
from slskmesh.text import sanitize

NEXT_MAX: Final = 20
_DAY: Final = 86_400
_PLACES_SHOWN: Final = 40
_GRADES: Final = (
    "of unknown quality",
    "lossy, below 192 kbit/s",
    "lossy, below 256 kbit/s",
    "lossy, 256 kbit/s or more",
    "lossless, 16 bit",
    "lossless, beyond 16 bit or 48 kHz",
)


class Records(Protocol):
    """Our own records in the table (`dht.publications.Publications`)."""

    def ours(self) -> Mapping[bytes, tuple[bytes, float]]:
        """Payload and life in seconds of every record in force, by key."""


class Told(msgspec.Struct, frozen=True):
    """One record. `kind` is "shard", "service", "endpoints" or "other"; `name` what it is of; `title` for people.

    `payload` is what stands in it, to the byte (of a coming one: as it would be now); `life` in seconds; `says` the
    payload in words.
    """

    kind: str
    name: str
    key: bytes
    payload: bytes
    life: float
    says: tuple[str, ...]
    title: str = ""


class Listing(msgspec.Struct, frozen=True):
    """Records that are `out`, those that are said `next` (the first NEXT_MAX), and what is about to be withdrawn."""

    out: tuple[Told, ...]
    next: tuple[Told, ...]
    leaving: tuple[str, ...]
    lines: tuple[str, ...]


class Lister:
    """Makes listings. `services` names the services that are exposed now."""

    def __init__(
        self,
        publisher: Publisher,
        records: Records,
        cached: Cached,
        *,
        me: PeerId,
        services: Callable[[], Sequence[str]],
    ) -> None:
        self._publisher, self._records, self._cached = publisher, records, cached
        self._me, self._services = me, services

    async def listing(self, most: int = NEXT_MAX) -> Listing:
        """As it is now."""
        ours = dict(self._records.ours())
        by_key = {key_of(*topic): topic for topic in self._publisher.said()}
        by_service = {topics.service(name): name for name in self._services()}
        endpoints = topics.peer_endpoints(self._me)
        out = []
        for key, (payload, life) in ours.items():
            if key in by_key:
                out.append(await self._shard(by_key[key], payload, life))
            elif key in by_service:
                out.append(_service(by_service[key], key, payload, life))
            elif key == endpoints:
                out.append(_endpoints(key, payload, life))
            else:
                says = (f"{len(payload)} bytes that are told of nowhere else: {payload.hex()}",)
                out.append(Told("other", "", key, payload, life, says))
        coming = [
            await self._shard(topic, shards.encode(shard), shards.TTL)
            for topic, shard in await self._publisher.upcoming(most)
        ]
        leaving = tuple(_name(topic) for topic in self._publisher.leaving)
        return Listing(tuple(out), tuple(coming), leaving, _lines(out, coming, leaving))

    async def _shard(self, topic: Topic, payload: bytes, life: float) -> Told:
        title = ""
        if topic.kind == "release" and (release := await self._cached.cached_release(topic.mbid)):
            title = sanitize(f"{release.artist} - {release.title}")
        return Told("shard", _name(topic), key_of(*topic), payload, life, say_shard(payload), title)


def say_shard(payload: bytes) -> tuple[str, ...]:
    """A shard's payload in words, field by field."""
    try:
        shard = shards.decode(payload)
    except PeerError as error:
        return (f"unreadable: {error}",)
    if shard is None:
        return ("of a newer version",)
    return (
        _held(shard),
        "held against the catalogue" if shard.level == CHECKED else "as the files' tags say",
        *(
            f"{_count(hint.tracks, 'track')} {hint.codec or 'of unknown codec'}, {_GRADES[min(hint.grade, 5)]}; "
            f"8 bytes of a hash over their audio: {hint.prefix.hex()}"
            for hint in shard.hints
        ),
        f"made sure on {time.strftime('%Y-%m-%d', time.gmtime(shard.day * _DAY))}",
        f"{len(shard.sketch)} bytes that count peers known to hold it"
        if any(shard.sketch)
        else "no count of other holders yet",
    )


def _held(shard: Shard) -> str:
    if not shard.total:
        return f"{_count(shard.held, 'track')} held"
    places = sorted(shards.places_of(shard))
    shown = ", ".join(map(str, places[:_PLACES_SHOWN])) + (", ..." if len(places) > _PLACES_SHOWN else "")
    return f"{shard.held} of {_count(shard.total, 'track')} held" + (f": places {shown}" if places else "")


def _service(name: str, key: bytes, payload: bytes, life: float) -> Told:
    return Told("service", name, key, payload, life, (f"this peer offers the service {name} to callers",))


def _endpoints(key: bytes, payload: bytes, life: float) -> Told:
    try:
        found = ", ".join(f"{host}:{port}" for host, port in decode_endpoints(payload))
    except PeerError as error:
        found = f"unreadable: {error}"
    return Told(
        "endpoints", "", key, payload, life, (f"this peer can be reached at {found or 'no address'}",)
    )


def _name(topic: Topic) -> str:
    return f"{topic.kind} {topic.mbid}"


def _lines(out: Sequence[Told], coming: Sequence[Told], leaving: Sequence[str]) -> tuple[str, ...]:
    kinds = {
        kind: sum(one.kind == kind for one in out) for kind in ("shard", "service", "endpoints", "other")
    }
    size = sum(len(one.payload) for one in out)
    others = f", {kinds['other']} others" if kinds["other"] else ""
    return (
        f"{_count(len(out), 'record')} of {size} bytes are out: {_count(kinds['shard'], 'shard')}, "
        f"{_count(kinds['service'], 'service')}, {kinds['endpoints']} of where to reach this peer{others}",
        f"{_count(len(coming), 'shard')} next, {len(leaving)} to be withdrawn",
        "each is signed with this peer's key; none holds a name, a title, a path or anything seen on Soulseek",
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
