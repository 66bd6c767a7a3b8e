"""Which chunk to ask of whom: a pure state machine of chunks and sources.

Rules:
- Events come in with the time they happened at; `ask` answers with chunks to request. No clock, no I/O.
- The first four chunks are random, then rarest first. Ties go to the lowest index, so that the whole-file hash can
  follow the growing prefix; but while some source is itself still fetching they go by lot, or two who fetch the
  same file would hold the same chunks and have nothing to give each other.
- A source's depth is 3 s of its rate, 2..64 chunks, at most 4 MiB (but two chunks), growing one a chunk from two.
- A source takes a chunk only if it would bring it before 1.3 x the estimated end of the whole download, unless it
  is the fastest there is for that chunk.
- A chunk is asked of one source; only when everything reachable is asked for is it asked of up to two more (end
  game), and only of a source that would bring it earlier.
- A source silent for max(5 s, 4 x what a chunk takes) is slow: its chunks go back and it gets one request; twice
  in a row and it is left alone for 60 s.
- Chunks that come another way than from sources (`splice.py`) are kept from them; then sources are asked from the
  end, so that both ways meet.
- Sets of chunks are big integers (`bitfield.py`): no step walks all chunks in Python.
"""

from __future__ import annotations

import math
import random

from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.rarity import Rarity
from slskmesh.swarm.rates import ServiceRate

PIPELINE_SECONDS = 3.0
DEPTH_MIN, DEPTH_MAX = 2, 64
OUTSTANDING_BYTES = 4 << 20
RANDOM_FIRST = 4
ETA_FACTOR = 1.3
COPIES_MAX = 3
SILENCE = 5.0
CHUNK_SECONDS = 30.0  # a chunk that is being sent may take this long, or its size at SLOWEST
SLOWEST = 4096.0  # bytes per second below which a source is of no use
BARRED = 60.0
CENSUS_SECONDS = 0.1
LATE_SECONDS = 0.05


class _Source:
    """A source as the picker sees it."""

    __slots__ = (
        "barred_until", "bits", "choked", "head_since", "heard", "out", "rate", "rtt", "slow", "strikes", "window",
    )  # fmt: skip

    def __init__(self, bits: int, rtt: float) -> None:
        self.bits = bits
        self.rtt = rtt
        self.out: dict[int, float] = {}  # chunk -> when it was asked, in the order of asking
        self.window = DEPTH_MIN
        self.rate = ServiceRate()
        self.choked = True
        self.slow = False
        self.strikes = 0
        self.barred_until = -math.inf
        self.heard = -math.inf
        self.head_since = -math.inf


class Picker:
    """Chunks and sources of one download. Sources are named by small integers the caller chooses."""

    def __init__(self, space: ChunkSpace, chunk_size: int, rng: random.Random, done: int = 0) -> None:
        self._space = space
        self._chunk_size = chunk_size
        self._rng = rng
        self._sources: dict[int, _Source] = {}
        self._rarity = Rarity(space)
        self._owners: dict[int, list[int]] = {}  # chunk -> sources it is asked of
        self._received: set[int] = set()  # whole, not yet verified
        self.done = done
        self._free = space.full & ~done
        self._kept = 0  # not asked for
        self._last_first = False
        self._started = 0
        self._left = space.chunks - done.bit_count()
        self._census: tuple[float, float, int | None] | None = None
        self.open = 0  # requests, duplicates counted
        self._late: tuple[float, list[tuple[float, int]]] = (-math.inf, [])

    # -- what is known -----------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Every chunk is verified."""
        return self._left == 0

    @property
    def left(self) -> int:
        """Chunks not yet verified."""
        return self._left

    @property
    def busy(self) -> bool:
        """A request is open or a chunk waits for its verification."""
        return bool(self._owners or self._received)

    @property
    def endgame(self) -> bool:
        """Everything is asked for, the last chunks are on their way."""
        return not self._free and bool(self._owners)

    def asked_of(self, source: int) -> list[int]:
        """Open requests of a source, oldest first."""
        return list(self._sources[source].out)

    def is_asked(self, source: int, chunk: int) -> bool:
        """Whether the source has an open request for the chunk."""
        held = self._sources.get(source)
        return held is not None and chunk in held.out

    def still_open(self, chunks: list[int]) -> list[int]:
        """Those of the chunks that some source is asked for, or that wait for their verification."""
        return [c for c in chunks if c in self._owners or c in self._received]

    def in_flight(self, source: int) -> int:
        """Number of open requests of a source."""
        return len(self._sources[source].out)

    def is_slow(self, source: int) -> bool:
        """The source let a request run out of time and has not brought a chunk since."""
        return self._sources[source].slow

    def barred_for(self, source: int, now: float) -> float:
        """Seconds until the source is used again, 0 if it may be now."""
        return max(0.0, self._sources[source].barred_until - now)

    def offered(self, source: int) -> int:
        """The set of chunks the source has."""
        return self._sources[source].bits

    def unreachable(self) -> int:
        """The set of chunks still missing that no source has."""
        return self._rarity.nowhere() & ~self.done

    def copies(self) -> bytes:
        """Sources that offer each chunk, one byte a chunk, 255 at most."""
        return self._rarity.copies()

    def unasked(self) -> int:
        """The set of chunks that are missing, asked of nobody and not kept from sources."""
        return self._free & ~self._kept

    # -- another way in ----------------------------------------------------------------------------------------

    def keep(self, bits: int, last_first: bool) -> None:
        """These chunks are not asked of sources from now on; `last_first`: the others from the end."""
        self._kept, self._last_first = bits, last_first

    def supplied(self, chunk: int) -> list[int] | None:
        """The chunk came another way and is proved and on disk: the sources it was asked of, to be cancelled.

        None where it is here already, or waits for its verification.
        """
        bit = self._space.bit(chunk)
        if chunk in self._received or self.done & bit:
            return None
        owners = self._owners.pop(chunk, [])
        for name in owners:
            self._drop(self._sources[name], chunk, None)
        self._free &= ~bit
        self.done |= bit
        self._left -= 1
        return owners

    # -- sources come and go -----------------------------------------------------------------------------------

    def source_joined(self, source: int, bits: int, rtt: float | None) -> None:
        """A source with these chunks; it starts choked."""
        self._sources[source] = _Source(bits, rtt if rtt is not None else 0.1)
        self._rarity.add(bits)
        self._census = None

    def source_left(self, source: int) -> None:
        """The source is gone; its requests go back."""
        held = self._sources.get(source)
        if held is None:
            return
        self._give_back(source, held, list(held.out))
        self._rarity.remove(held.bits)
        del self._sources[source]
        self._census = None

    def have(self, source: int, bits: int) -> None:
        """The source has these chunks too."""
        held = self._sources[source]
        self._rarity.remove(held.bits)
        held.bits |= bits
        self._rarity.add(held.bits)

    def absent(self, source: int, bits: int) -> None:
        """The source turned out not to have these chunks; requests for them go back."""
        held = self._sources[source]
        self._give_back(source, held, [c for c in held.out if self._space.holds(bits, c)])
        self._rarity.remove(held.bits)
        held.bits &= ~bits
        self._rarity.add(held.bits)

    def choked(self, source: int, keep: int | None = None) -> list[int]:
        """No slot: all requests but `keep` (a chunk that is arriving) go back. Returns those."""
        held = self._sources[source]
        held.choked = True
        returned = [c for c in held.out if c != keep]
        self._give_back(source, held, returned)
        self._census = None
        return returned

    def unchoked(self, source: int) -> None:
        """Requests are served from now on."""
        self._sources[source].choked = False
        self._census = None

    # -- requests ----------------------------------------------------------------------------------------------

    def ask(self, source: int, now: float, room: int = DEPTH_MAX) -> list[int]:
        """Chunks to request of the source now, at most `room`. They count as asked from here on.

        A source with many open requests is topped up in quarters of its depth, so that a Want names several chunks.
        """
        held = self._sources[source]
        if held.choked or now < held.barred_until:
            return []
        depth = self._depth(held, now)
        if len(held.out) > depth - max(1, depth // 4):
            return []
        limit = min(depth, len(held.out) + room)
        picked: list[int] = []
        while len(held.out) < limit:
            chunk = self._choose(source, held, now)
            if chunk is None:
                break
            self._free &= ~self._space.bit(chunk)
            self._assign(source, held, chunk, now)
            picked.append(chunk)
        if len(held.out) < limit and self._owners:
            picked += self._duplicate(source, held, limit, now)
        return picked

    def _depth(self, held: _Source, now: float) -> int:
        if held.slow:
            return 1
        cap = max(DEPTH_MIN, min(DEPTH_MAX, OUTSTANDING_BYTES // self._chunk_size))
        wanted = int(PIPELINE_SECONDS * held.rate.value(now) / self._chunk_size) + 1
        return min(max(wanted, DEPTH_MIN), cap, held.window)

    def _assign(self, source: int, held: _Source, chunk: int, now: float) -> None:
        if not held.out:
            held.head_since = now
            held.rate.busy(now)
        held.out[chunk] = now
        self.open += 1
        self._owners.setdefault(chunk, []).append(source)

    def _choose(self, source: int, held: _Source, now: float) -> int | None:
        wanted = self.unasked() & held.bits
        if not wanted:
            return None
        if not self._in_time(source, held, now):
            wanted = self._best_here(source, held, wanted, now)
            if not wanted:
                return None
        if self._last_first:
            return self._space.last(wanted)
        first = self._started < RANDOM_FIRST
        self._started += first
        if not first:
            wanted = self._rarity.rarest(wanted)
            if self._rarity.complete == len(self._sources):
                return self._space.first(wanted)
        return self._space.first_from(wanted, self._rng.randrange(self._space.chunks))

    def _in_time(self, source: int, held: _Source, now: float) -> bool:
        rate = held.rate.value(now)
        if not rate:
            return True
        total, fastest = self._count_rates(now)
        if source == fastest:
            return True
        mine = held.rtt + (len(held.out) + 1) * self._chunk_size / rate
        left = (self._left - len(self._received)) * self._chunk_size
        return mine <= max(ETA_FACTOR * left / total, 0.5)

    def _best_here(self, source: int, held: _Source, wanted: int, now: float) -> int:
        """The part of `wanted` that no faster usable source has."""
        rate = held.rate.value(now)
        for name, other in self._sources.items():
            usable = not other.choked and now >= other.barred_until and not other.slow
            if name != source and usable and other.rate.value(now) > rate:
                wanted &= ~other.bits
                if not wanted:
                    break
        return wanted

    def _count_rates(self, now: float) -> tuple[float, int | None]:
        census = self._census
        if census is not None and 0 <= now - census[0] < CENSUS_SECONDS:
            return census[1], census[2]
        total, best, fastest = 0.0, 0.0, None
        for name, held in self._sources.items():
            if held.choked or now < held.barred_until:
                continue
            rate = held.rate.value(now)
            total += rate
            if rate > best:
                best, fastest = rate, name
        total = max(total, 1.0)
        self._census = (now, total, fastest)
        return total, fastest

    # -- end game ----------------------------------------------------------------------------------------------

    def _duplicate(self, source: int, held: _Source, limit: int, now: float) -> list[int]:
        if (unasked := self.unasked()) and unasked & self._reachable(now):
            return []
        picked: list[int] = []
        rate = held.rate.value(now) or float(self._chunk_size)
        for arrives, chunk in self._latest(now):
            if len(held.out) >= limit:
                break
            mine = now + held.rtt + (len(held.out) + 1) * self._chunk_size / rate
            if mine >= arrives:
                break
            owners = self._owners.get(chunk)
            if owners is None or source in owners or len(owners) >= COPIES_MAX:
                continue
            if self._space.holds(held.bits & ~self._kept, chunk):
                self._assign(source, held, chunk, now)
                picked.append(chunk)
        return picked

    def _reachable(self, now: float) -> int:
        bits = 0
        for held in self._sources.values():
            if not held.choked and now >= held.barred_until:
                bits |= held.bits
                if bits == self._space.full:
                    break
        return bits

    def _latest(self, now: float) -> list[tuple[float, int]]:
        """Asked chunks by expected arrival, latest first; renewed at most every 50 ms."""
        when, ordered = self._late
        if 0 <= now - when < LATE_SECONDS:
            return ordered
        arrival: dict[int, float] = {}
        for held in self._sources.values():
            rate = held.rate.value(now) or self._chunk_size / 30.0
            for place, chunk in enumerate(held.out, 1):
                eta = now + place * self._chunk_size / rate
                arrival[chunk] = min(eta, arrival.get(chunk, math.inf))
        ordered = sorted(((eta, chunk) for chunk, eta in arrival.items()), reverse=True)
        self._late = (now, ordered)
        return ordered

    # -- what became of requests -------------------------------------------------------------------------------

    def progress(self, source: int, size: int, now: float) -> None:
        """`size` bytes of an asked chunk came."""
        held = self._sources[source]
        held.rate.add(size, now)
        held.heard = now

    def received(self, source: int, chunk: int, now: float) -> list[int]:
        """The chunk is here, whole. Returns the other sources it was asked of, to be cancelled."""
        owners = self._owners.pop(chunk)
        for name in owners:
            self._drop(self._sources[name], chunk, now)
        held = self._sources[source]
        held.window = min(held.window + 1, DEPTH_MAX)
        held.slow = False
        held.strikes = 0
        self._received.add(chunk)
        return [name for name in owners if name != source]

    def verified(self, chunk: int) -> None:
        """The received chunk is proved and on disk."""
        self._received.discard(chunk)
        bit = self._space.bit(chunk)
        if not self.done & bit:
            self.done |= bit
            self._left -= 1

    def failed(self, chunk: int) -> None:
        """The received chunk was false or could not be written: it is missing again."""
        self._received.discard(chunk)
        self._free |= self._space.bit(chunk)

    def refused(self, source: int, chunks: list[int]) -> None:
        """These requests will not be served; they go back."""
        held = self._sources[source]
        self._give_back(source, held, [c for c in chunks if c in held.out])

    def overdue(self, now: float) -> list[tuple[int, list[int]]]:
        """Sources that let their requests run out of time, with those requests (they are back in the pool)."""
        late = []
        for name, held in self._sources.items():
            if not held.out:
                continue
            asked = next(iter(held.out.values()))
            rate = held.rate.steady()
            takes = held.rtt + self._chunk_size / rate if rate else 0.0
            silent = now - max(asked, held.heard, held.head_since)
            sending = now - max(asked, held.head_since)
            if silent <= max(SILENCE, 4 * takes) and sending <= max(
                CHUNK_SECONDS, self._chunk_size / SLOWEST
            ):
                continue
            chunks = list(held.out)
            self._give_back(name, held, chunks)
            held.slow = True
            held.strikes += 1
            if held.strikes >= 2:
                held.strikes = 0
                held.barred_until = now + BARRED
            late.append((name, chunks))
        return late

    def _give_back(self, source: int, held: _Source, chunks: list[int]) -> None:
        for chunk in chunks:
            self._drop(held, chunk, None)
            owners = self._owners[chunk]
            owners.remove(source)
            if not owners:
                del self._owners[chunk]
                self._free |= self._space.bit(chunk)

    def _drop(self, held: _Source, chunk: int, now: float | None) -> None:
        del held.out[chunk]
        self.open -= 1
        held.head_since = max(held.head_since, held.heard) if now is None else now
        if not held.out:
            held.rate.idle()
