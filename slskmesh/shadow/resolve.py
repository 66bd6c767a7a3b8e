"""From a MusicBrainz id to holders: shards of the table, then sessions, then what each holder says itself.

Rules:
- Whoever is dialled has a valid shard; trusted peers first, then by own experience, then by lot. Connected peers are
  asked too, shard or not.
- At most `AT_ONCE` are dialled at once, `TRIED_MAX` in all, none after `ENOUGH` holders. Two of a network are asked;
  more of it only when those of other networks are through and too few hold anything.
- A descriptor counts only from its own holder, of the release asked for, inside its bounds, no content twice. A false
  one costs its sender and nobody else.
- All of it ends after `DEADLINE` seconds with what is known by then; cancelling it cancels every call under way.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import trio

from slskmesh.dht.port import Index
from slskmesh.errors import PeerError, UserError
from slskmesh.fabric.port import Calls
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import mbid_bytes
from slskmesh.overlay.address import split_address
from slskmesh.overlay.admission import is_loopback, network_of
from slskmesh.overlay.port import Session
from slskmesh.shadow.census import Census
from slskmesh.shadow.descriptors import (
    SERVICE,
    AskRecording,
    AskRelease,
    FingerprintBundleAdvert,
    MbidSwarmDescriptor,
    VariantAdvert,
)
from slskmesh.shadow.port import Holder, Neighbourhood, Reach, Regard, Resolution
from slskmesh.wire import limits
from slskmesh.work import Budget, BudgetSpent

DEADLINE: Final = 30.0
AT_ONCE: Final = 16
TRIED_MAX: Final = 64
ENOUGH: Final = 24
FEW: Final = 8  # fewer holders than this: peers put aside for their network are asked after all
NETWORK_MAX: Final = 2
NEIGHBOURS_MAX: Final = 32
VARIANTS_MAX: Final = 2000  # of one holder
_CALL: Final = 10.0

Progress = Callable[[Resolution], None]
_T = TypeVar("_T")


def voice_of(session: Session) -> str:
    """The network a peer speaks from; peers of this machine are each their own; "" where it cannot be told."""
    try:
        host, _ = split_address(session.address)
        return f"local {session.peer.hex()}" if is_loopback(host) else network_of(host)
    except (UserError, ValueError):
        return ""


def ranked(peers: Iterable[PeerId], regard: Regard, rng: random.Random) -> list[PeerId]:
    """Trusted first, then by own experience, then by lot; whoever may not connect is left out."""
    lots = [
        (not regard.is_trusted(p), -regard.score(p), rng.random(), p) for p in peers if regard.may_connect(p)
    ]
    return [peer for *_, peer in sorted(lots)]


def checked(variants: Iterable[VariantAdvert]) -> tuple[VariantAdvert, ...]:
    """The variants of one descriptor. PeerError("bad-descriptor"): too many, one twice, a field of a wrong length."""
    found = tuple(variants)
    if len(found) > VARIANTS_MAX:
        raise PeerError("bad-descriptor", "a descriptor of more variants than anybody holds of one release")
    if len({one.content for one in found}) < len(found):
        raise PeerError("bad-descriptor", "a descriptor that names one content twice")
    for one in found:
        if len(one.recording) not in (0, limits.MBID_BYTES) or len(one.stream) not in (0, limits.HASH_BYTES):
            raise PeerError("bad-descriptor", "a descriptor with a field of a wrong length")
    return found


class Resolver:
    """Resolves one id after another or several at once; keeps nothing between them."""

    def __init__(
        self,
        index: Index,
        calls: Calls,
        reach: Reach,
        regard: Regard,
        *,
        me: PeerId,
        connected: Neighbourhood,
        rng: random.Random,
        wall: Callable[[], float],
    ) -> None:
        self.index, self.calls, self.reach, self.regard = index, calls, reach, regard
        self.me, self.connected, self.rng, self.wall = me, connected, rng, wall

    async def resolve(
        self, kind: str, mbid: str, budget: Budget, progress: Progress | None = None
    ) -> Resolution:
        """Who holds this "release", "recording" or "content" (its id in hex).

        `progress` hears of each holder as it comes.
        BudgetSpent only where nothing at all could be asked; later it ends the search with what was found.
        """
        search = _Search(self, kind, mbid, budget, progress)
        with trio.move_on_after(DEADLINE) as scope:
            await search.run()
        if scope.cancelled_caught:
            search.notes.append(f"the time for asking ({DEADLINE:.0f} s) was up")
        return search.result(done=True)


class _Search:
    """One id being resolved."""

    def __init__(
        self, resolver: Resolver, kind: str, mbid: str, budget: Budget, progress: Progress | None
    ) -> None:
        self._to, self._kind, self._mbid, self._budget = resolver, kind, mbid, budget
        self._progress = progress
        self._census = Census(kind, mbid, resolver.wall())
        self._holders: dict[PeerId, Holder] = {}
        self._networks: dict[PeerId, str] = {}
        self._asked_of: Counter[str] = Counter()
        self._tried: set[PeerId] = {resolver.me}
        self._aside: deque[Session] = deque()
        self._empty = self._unreached = self._silent = 0
        self._put_aside = 0
        self._false: Counter[str] = Counter()
        self._spent = ""
        self.notes: list[str] = []

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            if self._kind != "content":  # the swarm asks those who are connected by itself
                nursery.start_soon(self._neighbours)
            await self._read()
        if self._spent and not self._budget.spent:
            raise BudgetSpent(self._spent)
        names = ranked(set(self._census.shards) - self._tried, self._to.regard, self._to.rng)[:TRIED_MAX]
        self._tried.update(names)
        await self._each(deque(names), self._dial)
        if len(self._holders) < FEW:
            self._aside, waiting = deque(), self._aside
            await self._each(waiting, self._ask)

    async def _read(self) -> None:
        try:
            found = await self._to.index.fetch(self._census.key, self._budget)
        except BudgetSpent as error:
            self._stop(error)
            return
        blocked = [one.publisher for one in found if not self._to.regard.may_connect(PeerId(one.publisher))]
        self._census.take(found, {self._to.me, *blocked})
        self._tell()

    async def _neighbours(self) -> None:
        sessions = {session.peer: session for session in self._to.connected()}
        names = ranked(sessions.keys() - self._tried, self._to.regard, self._to.rng)[:NEIGHBOURS_MAX]
        self._tried.update(names)
        await self._each(deque(sessions[name] for name in names), self._ask)

    async def _each(self, queue: deque[_T], work: Callable[[_T], Awaitable[None]]) -> None:
        """`AT_ONCE` workers until the queue is empty, enough is found, or the budget is spent."""

        async def worker() -> None:
            while queue and not self._spent and len(self._holders) < ENOUGH:
                await work(queue.popleft())

        async with trio.open_nursery() as nursery:
            for _ in range(min(AT_ONCE, len(queue))):
                nursery.start_soon(worker)

    async def _dial(self, peer: PeerId) -> None:
        try:
            session = await self._to.reach.reach(peer, self._budget)
        except PeerError:
            self._unreached += 1
            return
        except BudgetSpent as error:
            self._stop(error)
            return
        network = voice_of(session)
        if self._asked_of[network] >= NETWORK_MAX:
            self._put_aside += 1
            self._aside.append(session)
            return
        await self._ask(session)

    async def _ask(self, session: Session) -> None:
        peer, network = session.peer, voice_of(session)
        self._asked_of[network] += 1
        self._networks[peer] = network
        try:
            holder = await self._descriptor(session, network)
        except BudgetSpent as error:
            self._stop(error)
            return
        except PeerError as error:
            if error.blame:
                self._false["false descriptor"] += 1
                self._to.regard.note(peer, "protocol")
            else:
                self._silent += 1
            return
        if holder.variants or self._kind == "content":
            self._holders[peer] = holder
            self._tell()
        else:
            self._empty += peer in self._census.shards

    async def _descriptor(self, session: Session, network: str) -> Holder:
        peer, calls = session.peer, self._to.calls
        raw = b"" if self._kind == "content" else mbid_bytes(self._mbid)
        variants: list[VariantAdvert] = []
        slots = rate = 0
        strange = False
        if self._kind == "release":
            parts = calls.stream(
                peer,
                SERVICE,
                "SwarmDescriptor",
                AskRelease(raw),
                MbidSwarmDescriptor,
                self._budget,
                timeout=_CALL,
            )
            async for part in parts:  # read to its end: leaving it early is for cancelling
                strange = strange or part.release != raw
                slots, rate = part.upload_slots, part.max_rate
                if len(variants) <= VARIANTS_MAX:
                    variants += part.variants
        elif self._kind == "recording":
            bundle = await calls.call(
                peer,
                SERVICE,
                "FingerprintBundle",
                AskRecording(raw),
                FingerprintBundleAdvert,
                self._budget,
                timeout=_CALL,
            )
            variants += bundle.variants
            strange = bundle.recording != raw or any(one.recording != raw for one in bundle.variants)
        if strange:
            raise PeerError("bad-descriptor", "a descriptor of something that was not asked for")
        shard = self._census.shards.get(peer)
        regard = self._to.regard
        return Holder(
            peer,
            network,
            checked(variants),
            slots,
            rate,
            regard.is_trusted(peer),
            regard.score(peer),
            session.rtt,
            shard.level if shard else -1,
        )

    def _stop(self, error: BudgetSpent) -> None:
        self._spent = self._spent or str(error)

    # -- telling -----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.result(done=False))

    def result(self, done: bool) -> Resolution:
        """What is known now."""
        refused = self._census.refused + self._false
        return Resolution(
            self._kind,
            self._mbid,
            tuple(self._holders.values()),
            len(self._census.shards),
            max(len(self._holders), self._census.estimate(self._networks)),
            len(self._networks),
            self._silent,
            tuple(sorted(refused.items())),
            tuple(self._lines()) if done else (),
            done,
            tuple(self._networks),
        )

    def _lines(self) -> list[str]:
        census = self._census
        lines = [f"{_some(len(census.shards), 'peer')} in the table say they hold it"]
        if estimate := census.estimate(self._networks):
            lines[0] += f", about {estimate} in all"
        if census.refused:
            words = ", ".join(f"{count} {word}" for word, count in sorted(census.refused.items()))
            lines.append(f"{_some(census.refused.total(), 'record')} of the table refused: {words}")
        if census.newer:
            lines.append(f"{_some(census.newer, 'record')} of a newer version passed over")
        found = [f"{_some(len(self._networks), 'peer')} asked, {len(self._holders)} showed what they hold"]
        for count, word in (
            (self._unreached, "not reached"),
            (self._empty, "no longer had it"),
            (self._silent, "did not answer"),
            (self._false.total(), "answered falsely"),
        ):
            if count:
                found.append(f"{count} {word}")
        lines.append(", ".join(found))
        if self._put_aside:
            lines.append(f"{_some(self._put_aside, 'peer')} of networks that had been asked twice came last")
        if self._spent:
            lines.append(self._spent)
        return lines + self.notes


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
