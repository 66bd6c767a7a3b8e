"""What hostile peers say in tests: any message with any values, or lies that fit what the engine just said.

Nothing here waits or sends; it turns chance, and what was heard, into frames.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect as mi

from slskmesh.library.manifest import Manifest
from slskmesh.wire.codec import encode
from slskmesh.wire.messages import MESSAGE_TYPES, Bye, Hello, Message
from tests.overlay.rawpeer import DATA, frame

SENSELESS = [kind for kind in MESSAGE_TYPES if kind not in (Hello, Bye)]
PING, SEARCH, HITS, REFUSED_SEARCH, CANCEL_SEARCH = 2, 16, 17, 18, 19
JOIN, JOINED, GONE, WANT_MANIFEST, MANIFEST_PART, HAVE = 32, 33, 34, 35, 36, 37
WANT, CANCEL, CHOKE, UNCHOKE, REFUSED, LEAVE = 38, 39, 40, 41, 42, 43


def pack(*fields: Any) -> bytes:
    """A control frame of [tag, field, ...]."""
    return frame(msgspec.msgpack.encode(fields))


def data_frame(stream: int, chunk: int, offset: int, data: bytes) -> bytes:
    """A data frame."""
    return frame(struct.pack(">III", stream, chunk, offset) + data, DATA)


class Babble:
    """Messages with fields drawn at random from what the wire's bounds allow, small numbers more often."""

    def __init__(self, seed: int, contents: list[bytes]) -> None:
        self._rng = random.Random(seed)
        self._contents = contents

    def frame(self) -> bytes:
        """One frame, control or data."""
        rng = self._rng
        if rng.random() < 0.15:
            head = struct.pack(
                ">III", rng.randrange(4), rng.randrange(24), rng.choice((0, 1, 16384, 1 << 31))
            )
            return frame(head + rng.randbytes(rng.choice((1, 100, 16384))), DATA)
        kind = rng.choice(SENSELESS)
        return frame(encode(self.message(kind)))

    def hear(self, fields: list[Any]) -> None:
        """Does not listen."""

    def message(self, kind: type[Message]) -> Message:
        """A message of this type."""
        info = mi.type_info(kind)
        assert isinstance(info, mi.StructType)
        made = self._struct(info)
        assert isinstance(made, Message)
        return made

    def _struct(self, info: mi.StructType) -> Any:
        return info.cls(*(self._value(field.name, field.type) for field in info.fields))

    def _value(self, name: str, info: mi.Type) -> Any:
        rng = self._rng
        match info:
            case mi.IntType():
                low = info.ge or 0
                high = info.le if info.le is not None else (info.lt or 1 << 32) - 1
                return rng.choice(
                    (low, min(high, low + 1), min(high, rng.randrange(24)), high, rng.randint(low, high))
                )
            case mi.BoolType():
                return rng.random() < 0.5
            case mi.StrType():
                low, high = info.min_length or 0, info.max_length or 50
                size = rng.choice((low, rng.randint(low, min(high, low + 12)), high))
                return "".join(rng.choice("ab \x1b[31m\u202e\u0301\0/..\U000e0041") for _ in range(size))
            case mi.BytesType():
                if name == "content" and rng.random() < 0.8:
                    return rng.choice(self._contents)
                low, high = info.min_length or 0, info.max_length or 50
                size = rng.choice(
                    (low, rng.randint(low, min(high, low + 70)), max(low, 32 * (min(high, 640) // 32)))
                )
                return rng.randbytes(size)
            case mi.VarTupleType():
                low, high = info.min_length or 0, min(info.max_length or 5, 5)
                return tuple(self._value(name, info.item_type) for _ in range(rng.randint(low, high)))
            case mi.StructType():
                return self._struct(info)
        raise AssertionError(f"no babble for {info}")


class Liar(Babble):
    """Talks as a source and as a leecher would, on streams and queries that are really open, and mostly lies.

    `hear` takes each message the engine sends. `true` is the data the engine wants and its manifest.
    """

    def __init__(self, seed: int, contents: list[bytes], data: bytes, manifest: Manifest) -> None:
        super().__init__(seed, contents)
        self._data = data
        self._manifest = manifest
        self._unanswered: list[int] = []  # streams the engine opened on us
        self._theirs: list[int] = []  # of these, the ones that are Joined
        self._manifests: list[tuple[int, int]] = []  # asked for: stream, first hash
        self._opened = 0
        self._mine: list[int] = []
        self._queries: list[int] = []
        self._asked: list[tuple[int, int, int]] = []  # stream, chunk, next offset

    def hear(self, fields: list[Any]) -> None:
        """Remembers what the engine opened or asked for."""
        tag = fields[0]
        if tag == JOIN:
            self._unanswered.append(fields[1])
        elif tag == LEAVE:
            self._theirs = [stream for stream in self._theirs if stream != fields[1]]
        elif tag == WANT_MANIFEST:
            self._manifests.append((fields[1], fields[2]))
        elif tag == SEARCH:
            self._queries.append(fields[1])
        elif tag == WANT:
            self._asked.extend((fields[1], chunk, 0) for chunk in fields[2])

    def frame(self) -> bytes:
        """A lie, or now and then plain babble."""
        if self._rng.random() < 0.01:
            return super().frame()
        acts: list[Callable[[], bytes]] = [self._ask, self._ask, self._look]
        if self._unanswered:
            acts += [self._join] * 3
        if self._manifests:
            acts += [self._hashes] * 3
        if self._theirs:
            acts += [self._offer] * 2
        if self._asked:
            acts += [self._serve] * 6
        if self._queries:
            acts.append(self._answer)
        return self._rng.choice(acts)()

    def _chunks(self, count: int = 3) -> list[int]:
        return [self._rng.randrange(self._manifest.chunks) for _ in range(self._rng.randint(1, count))]

    def _look(self) -> bytes:
        query = self._rng.randrange(1 << 32)
        return self._rng.choice(
            (pack(SEARCH, query, "theme", 5), pack(CANCEL_SEARCH, query), pack(PING, query))
        )

    def _ask(self) -> bytes:
        rng = self._rng
        if not self._mine or rng.random() < 0.1:
            self._mine.append(self._opened)
            self._opened += 1
            return pack(JOIN, self._mine[-1], rng.choice(self._contents))
        stream = rng.choice(self._mine)
        act = rng.choice((WANT, WANT, CANCEL, WANT_MANIFEST, LEAVE))
        if act == LEAVE:
            self._mine.remove(stream)
            return pack(LEAVE, stream)
        return pack(act, stream, rng.choice((0, 1, 5000)) if act == WANT_MANIFEST else self._chunks(64))

    def _join(self) -> bytes:
        rng, true = self._rng, self._manifest
        stream = self._unanswered.pop()
        if rng.random() < 0.1:
            return pack(GONE, stream, "vanished", "\x1b[2J")
        self._theirs.append(stream)
        bits = rng.randbytes(-(-true.chunks // 8)) if rng.random() < 0.3 else b""
        if bits and true.chunks % 8:
            bits = bits[:-1] + bytes([bits[-1] & 0xFF << (8 - true.chunks % 8) & 0xFF])
        return pack(JOINED, stream, true.size, true.chunk_size, true.sha256, bits)

    def _hashes(self) -> bytes:
        rng, true = self._rng, self._manifest
        stream, first = self._manifests.pop()
        rest = true.hashes[32 * first :]
        if rng.random() < 0.3:
            rest = rng.choice((rest[32:], rest[:32], rng.randbytes(len(rest)), rest + bytes(32)))
        return pack(MANIFEST_PART, stream, first, rest or bytes(32))

    def _offer(self) -> bytes:
        rng, stream = self._rng, self._rng.choice(self._theirs)
        asked = [chunk for which, chunk, _ in self._asked if which == stream]
        acts = [pack(UNCHOKE, stream), pack(UNCHOKE, stream), pack(HAVE, stream, self._chunks())]
        acts.append(pack(CHOKE, stream, rng.randrange(3)))
        if asked:
            acts.append(pack(REFUSED, stream, asked[:5], rng.choice(("choked", "absent", "\x1b[2J"))))
        return rng.choice(acts)

    def _serve(self) -> bytes:
        rng = self._rng
        stream, chunk, offset = self._asked.pop(0)
        size = self._manifest.chunk_length(chunk)
        part = min(rng.choice((1, 1000, 16384, size)), size - offset)
        if offset + part < size:
            self._asked.insert(0, (stream, chunk, offset + part))
        start = chunk * self._manifest.chunk_size + offset
        true = self._data[start : start + part]
        return data_frame(stream, chunk, offset, true if rng.random() < 0.7 else bytes(part))

    def _answer(self) -> bytes:
        rng, query = self._rng, self._rng.choice(self._queries)
        if rng.random() < 0.2:
            self._queries.remove(query)
            return pack(REFUSED_SEARCH, query, "\x1b[2Jno", 5)
        return pack(
            HITS, query, [[self._contents[1], 5, 1, "\x1b]0;x\x07../../etc/\u202epasswd"]], False, 1 << 31
        )
