"""Publishing: which of our releases the table is told of now, by turns (`rotation`), and what each shard says.

Rules:
- Only what the library offers now. What is gone is withdrawn at the next audit (each release in ten minutes, all of
  them at once after a scan); switched off, everything is.
- Before a release is told of, its shards are read: what a quorum of others says goes into our sketch, and whether
  hardly anybody else tells of it decides how long it stays.
- At most `PER_MINUTE` publications and withdrawals a minute. Nothing is kept on disk: the table's records lapse.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec
import trio

from slskmesh.dht.port import Index
from slskmesh.errors import StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import is_mbid
from slskmesh.overlay.pacing import TokenBucket
from slskmesh.shadow import shard as shards
from slskmesh.shadow import sketch
from slskmesh.shadow.census import Census, day_of, key_of
from slskmesh.shadow.holdings import shard_of
from slskmesh.shadow.port import Cached, Shelf
from slskmesh.shadow.rotation import Act, Rotation, Topic
from slskmesh.shadow.shard import Shard
from slskmesh.work import LocalBudget, Origin

PER_MINUTE: Final = 60
_BURST: Final = 5
WISHES_MINUTE: Final = 6  # releases that come up because peers asked for them
PAGE: Final = 500
LAP_REST: Final = 3600.0  # seconds after the last page before the next lap begins
TICK: Final = 30.0
_TICK_YOUNG: Final = 2.0  # while the table is still being met
_YOUNG: Final = 32  # nodes
_AUDITS: Final = 10  # a tick: 200 in ten minutes
_AWAITED_MAX: Final = 64
_KNOWN_TOPICS: Final = 1024
_KNOWN_PEERS: Final = 64
_KINDS: Final = ("release", "recording")


class FirstHand:
    """Peers we know to hold something because data of theirs was verified here. Bounded, the oldest go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Topic, OrderedDict[PeerId, float]] = OrderedDict()

    def note(self, topic: Topic, peers: tuple[PeerId, ...], wall: float) -> None:
        """They gave us verified data of it at `wall`."""
        holders = self._known.setdefault(topic, OrderedDict())
        self._known.move_to_end(topic)
        for peer in peers:
            holders.pop(peer, None)
            holders[peer] = wall
        while len(holders) > _KNOWN_PEERS:
            holders.popitem(last=False)
        while len(self._known) > _KNOWN_TOPICS:
            self._known.popitem(last=False)

    def holders(self, topic: Topic) -> dict[PeerId, float]:
        """Holders and when they last gave data, in Unix seconds."""
        return dict(self._known.get(topic, {}))


class Publisher:
    """Keeps the shards of one peer in the table."""

    def __init__(
        self,
        index: Index,
        shelf: Shelf,
        cached: Cached,
        *,
        me: PeerId,
        enabled: Callable[[], bool],
        rng: random.Random,
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._index, self._shelf, self._cached = index, shelf, cached
        self._me, self._enabled, self._wall, self._clock = me, enabled, wall, clock
        self._rotation = Rotation(rng)
        self._bucket = TokenBucket((PER_MINUTE - _BURST) / 60, _BURST)
        self._wishes = TokenBucket(WISHES_MINUTE / 60, WISHES_MINUTE)
        self._said: dict[Topic, Shard] = {}
        self._at: Topic | None = None  # what is being told
        self._leaving: list[Topic] = []  # to be withdrawn
        self._awaited: OrderedDict[Topic, None] = OrderedDict()  # asked for before the library had it
        self._audit: list[Topic] = []
        self._audit_at = 0.0
        self._wake = trio.Event()
        self._kind, self._after = 0, f"{rng.randrange(256):02x}"
        self._rest_until = 0.0
        self._whole = False
        self.first_hand = FirstHand()
        self.counts = (0, 0)
        self.trouble = ""

    @property
    def in_force(self) -> int:
        """Shards of ours the table holds now."""
        return len(self._said)

    def said(self) -> dict[Topic, Shard]:
        """What the table was told and still holds of us, to the letter."""
        return dict(self._said)

    @property
    def leaving(self) -> list[Topic]:
        """What is about to be withdrawn."""
        return list(self._leaving)

    async def upcoming(self, most: int) -> list[tuple[Topic, Shard]]:
        """What would be told next, as it would be said now; nothing while it is switched off.

        The sketches are empty: what others say goes into them at the moment of telling.
        """
        if not self._enabled():
            return []
        coming = dict.fromkeys([*([self._at] if self._at else []), *self._rotation.coming(most)])
        found = [(topic, await self._shard(topic)) for topic in list(coming)[:most]]
        return [(topic, shard) for topic, shard in found if shard is not None]

    def ask(self, topic: Topic) -> None:
        """It comes up at once, now or once the library has it; told of already, it is only looked at again."""
        if not self._enabled():
            return
        if topic in self._said:
            if topic not in self._audit:
                self._audit.append(topic)
        else:
            self._rotation.ask(topic)
            self._awaited[topic] = None
            if len(self._awaited) > _AWAITED_MAX:
                self._awaited.popitem(last=False)
        self._wake.set()

    def wanted(self, topic: Topic) -> None:
        """A peer asked for it: it comes up soon, unless it is told of, or peers had their share of such wishes."""
        if self._enabled() and topic not in self._said and self._wishes.take(self._clock()):
            self._rotation.ask(topic)
            self._wake.set()

    def changed(self) -> None:
        """The library or the settings changed: everything told of is looked at again."""
        self._audit = self._rotation.in_force
        for topic in self._awaited:
            self._rotation.ask(topic)
        self._rest_until = 0.0
        self._wake.set()

    async def run(self) -> None:
        """Publishes until cancelled."""
        while True:
            self._wake = trio.Event()
            try:
                await self._round()
                self.trouble = ""
            except StorageError as error:
                self.trouble = str(error)
            with trio.move_on_after(_TICK_YOUNG if self._index.status().nodes < _YOUNG else TICK):
                await self._wake.wait()

    async def _round(self) -> None:
        self._at = None
        if not self._enabled():
            self._leaving += self._rotation.clear()
            self._awaited.clear()
            self._rest_until = 0.0
        elif self._index.status().nodes:
            await self._look_again()
            await self._page()
        while self._leaving:
            await self._withdraw(self._leaving[-1])
            self._leaving.pop()
        while self._enabled() and self._index.status().nodes:
            step = self._rotation.step(self._clock())
            if step is None:
                return
            act, topic = step
            if act is Act.WITHDRAW:
                await self._withdraw(topic)
            else:
                self._at = topic
                await self._publish(topic)
                self._at = None

    # -- what there is -----------------------------------------------------------------------------------------

    async def _page(self) -> None:
        """Offers the next page of the library while the deck is empty and the lap goes on."""
        if not self._rotation.wants_page or self._clock() < self._rest_until:
            return
        self.counts = await self._shelf.counts()
        read = self._shelf.releases if _KINDS[self._kind] == "release" else self._shelf.recordings
        found = await read(self._after, PAGE)
        self._rotation.offer(Topic(_KINDS[self._kind], mbid) for mbid in found if is_mbid(mbid))
        if len(found) == PAGE:
            self._after = found[-1]
            return
        self._kind, self._after = (self._kind + 1) % len(_KINDS), ""
        if self._kind == 0 and self._whole:
            self._rest_until = self._clock() + LAP_REST
        else:
            self._wake.set()
        self._whole = self._whole or self._kind == 0  # the first lap began in the middle

    async def _shard(self, topic: Topic) -> Shard | None:
        """What we can say of it, without a sketch; None where it is not held (any more)."""
        if topic.kind == "release":
            held = await self._shelf.by_release(topic.mbid)
            release = await self._cached.cached_release(topic.mbid) if held else None
            return shard_of(held, release, day_of(self._wall()), sketch.EMPTY)
        if topic.kind == "content":
            file = await self._shelf.find(bytes.fromhex(topic.mbid))
            return Shard(shards.CHECKED, 1, 1, day_of(self._wall())) if file is not None else None
        held = await self._shelf.by_recording(topic.mbid)
        if any(is_mbid(one.file.mb_release) for one in held):
            return None  # told of as its release
        return shard_of(held, None, day_of(self._wall()), sketch.EMPTY)

    async def _look_again(self) -> None:
        """Holds what was said against the library: all of it after a change, else a few at a time."""
        if not self._audit and self._clock() >= self._audit_at:
            self._audit_at = self._clock() + TICK
            for topic in self._rotation.in_force[:_AUDITS]:
                await self._hold(topic)
                self._rotation.later(topic)
        while self._audit:
            await self._hold(self._audit[-1])
            self._audit.pop()

    async def _hold(self, topic: Topic) -> None:
        shard, said = await self._shard(topic), self._said.get(topic)
        if shard is None:
            if self._rotation.drop(topic):
                self._leaving.append(topic)
        elif said is not None and _facts(shard) != _facts(said):
            self._rotation.ask(topic)

    # -- telling -----------------------------------------------------------------------------------------------

    async def _publish(self, topic: Topic) -> None:
        shard = await self._shard(topic)
        if shard is None:
            if self._rotation.drop(topic):
                await self._withdraw(topic)
            return
        self._awaited.pop(topic, None)
        await self._pace()
        key = key_of(*topic)
        found = await self._index.fetch(key, LocalBudget(Origin.AUTOMATION))
        census = Census(topic.kind, topic.mbid, self._wall()).take(found, {self._me})
        seen = {self._me, *census.shards, *self.first_hand.holders(topic)}
        mine = sketch.merge(sketch.of(seen, census.salt(shard.day)), census.agreed())
        shard = msgspec.structs.replace(shard, sketch=mine)
        self._said[topic] = shard
        took = await self._index.publish(key, shards.encode(shard), shards.TTL)
        self._rotation.published(topic, self._clock(), len(census.shards), held=took > 0)

    async def _withdraw(self, topic: Topic) -> None:
        await self._pace()
        await self._index.withdraw(key_of(*topic))
        self._said.pop(topic, None)

    async def _pace(self) -> None:
        wait = self._bucket.owe(self._clock(), 1.0)
        if wait:
            await trio.sleep(wait)


def _facts(shard: Shard) -> Shard:
    """What a shard says of the files, apart from day and sketch."""
    return msgspec.structs.replace(shard, day=0, sketch=sketch.EMPTY)
