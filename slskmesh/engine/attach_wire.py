"""Words between a running engine and front ends in other processes: frames of msgpack, typed and bounded.

A frame is 4 bytes of length, big endian, and a body. The first frame each way is `Hello` and `Welcome` or `Refusal`,
whose shapes never change but by new fields with defaults. Then up go `post` frames [request, command's name, command],
down go `tell` frames [name, value] of views, events and `Dropped`.

Rules:
- Whatever arrives gives a value of a type that exists here, or a `WireFault`; nothing else escapes.
- A length that is claimed is never allocated before the bytes came; a longer one than allowed ends it at once.
- Only leaf types cross: a bare `Command` would be one that no desk carries out. They are kept in modules whose names
  end in "views", "events" or "commands".
- Pure: no sockets, no clock, no threads.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final, TypeVar

import msgspec

import slskmesh.engine
from slskmesh.engine.commands import Change, Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View
from slskmesh.errors import SlskmeshError
from slskmesh.text import SafeStr

PROTOCOL: Final = 1
HELLO_MAX: Final = 4 * 1024  # bytes of a body
UP_MAX: Final = 1024 * 1024
DOWN_MAX: Final = 32 * 1024 * 1024
NUMBERS_MAX: Final = 1 << 29  # a front end's number is below, and not 0; the doors' own numbers are above
_HEAD: Final = 4

T = TypeVar("T", bound=msgspec.Struct)


class WireFault(SlskmeshError):
    """What came over the socket is not what both sides agreed on."""


class Hello(msgspec.Struct, frozen=True):
    """The front end's first words. `viewer` is the number it chose, `screen` whether somebody looks at it."""

    protocol: int
    version: str
    viewer: int
    screen: bool = False


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """The engine takes commands from now on."""

    version: str


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """It does not, and why; `again`: another number will do."""

    text: SafeStr
    again: bool = False


class Dropped(msgspec.Struct, frozen=True):
    """So many events were left out since the last time, as `Batch.dropped`."""

    count: int


def _modules() -> list[ModuleType]:
    """The modules of this package where views, events and commands are kept."""
    names = [module.name for module in pkgutil.iter_modules(slskmesh.engine.__path__)]
    told = [name for name in names if name.endswith(("views", "events", "commands"))]
    return [importlib.import_module(f"slskmesh.engine.{name}") for name in told]


def _kinds(base: type[T], modules: Iterable[ModuleType]) -> dict[str, type[T]]:
    """The types of `modules` below `base` that are no base themselves, by name."""
    found = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base) and value not in (base, Change):
                found[value.__name__] = value
    return found


_MODULES: Final = _modules()
COMMANDS: Final = _kinds(Command, _MODULES)
TOLD: Final[dict[str, type[msgspec.Struct]]] = {
    **_kinds(View, _MODULES),
    **_kinds(Event, _MODULES),
    Dropped.__name__: Dropped,
}

_encoder: Final = msgspec.msgpack.Encoder()
_tell_decoder: Final = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw])
_post_decoder: Final = msgspec.msgpack.Decoder(tuple[int, str, msgspec.Raw])
_decoders: dict[
    type[msgspec.Struct], msgspec.msgpack.Decoder[Any]
] = {}  # made when first needed: each costs time
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError)


# -- frames ------------------------------------------------------------------------------------------------------------


def frame(body: bytes, most: int) -> bytes:
    """A body with its length before it. WireFault: it is longer than `most`."""
    if len(body) > most:
        raise WireFault(f"{len(body)} bytes are too many for one message, at most {most}")
    return len(body).to_bytes(_HEAD, "big") + body


class Frames:
    """Takes bytes as they come, gives whole bodies. Holds at most `most` bytes and what was fed last."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._buffer = bytearray()

    @property
    def held(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Takes what came."""
        self._buffer += data

    def next(self) -> bytes | None:
        """The next body, None until it is whole. WireFault: its claimed length is over the bound."""
        if len(self._buffer) < _HEAD:
            return None
        size = int.from_bytes(self._buffer[:_HEAD], "big")
        if size > self.most:
            raise WireFault(f"a message of {size} bytes was announced, at most {self.most} are taken")
        if len(self._buffer) < _HEAD + size:
            return None
        with memoryview(self._buffer) as view:
            body = bytes(view[_HEAD : _HEAD + size])
        del self._buffer[: _HEAD + size]
        return body


# -- first words -------------------------------------------------------------------------------------------------------


def encode_hello(hello: Hello) -> bytes:
    """The first frame up."""
    return frame(_encoder.encode(hello), HELLO_MAX)


def decode_hello(body: bytes) -> Hello:
    """The first words of whoever connected. WireFault: they are none."""
    return _decode(body, Hello)


def encode_answer(answer: Welcome | Refusal) -> bytes:
    """The first frame down."""
    return frame(_encoder.encode(answer), HELLO_MAX)


def decode_answer(body: bytes) -> Welcome | Refusal:
    """The engine's first words. WireFault: they are none."""
    try:
        return msgspec.msgpack.decode(body, type=Welcome | Refusal)
    except _BAD as error:
        raise WireFault(f"the answer cannot be read: {error}") from error


# -- what goes on ------------------------------------------------------------------------------------------------------


def encode_post(request: int, command: Command) -> bytes:
    """A frame up. WireFault: the command is too long, or holds words that are no text, numbers that are too far out."""
    try:
        return frame(_encoder.encode((request, type(command).__name__, command)), UP_MAX)
    except UnicodeEncodeError as error:
        raise WireFault(f"{type(command).__name__}: holds something that is no character") from error
    except OverflowError as error:
        raise WireFault(f"{type(command).__name__}: holds a number that is too far out") from error


def decode_post(body: bytes) -> tuple[int, Command]:
    """Request number and command of a frame up. WireFault: it is neither."""
    try:
        request, name, raw = _post_decoder.decode(body)
    except _BAD as error:
        raise WireFault(f"a command cannot be read: {error}") from error
    kind = COMMANDS.get(name)
    if kind is None:
        raise WireFault("a command of no known kind")
    return request, _decode(raw, kind)


def encode_tell(value: View | Event | Dropped) -> bytes:
    """A frame down. WireFault: it is too long, or holds a number that is too far out."""
    name = type(value).__name__
    try:
        try:
            body = _encoder.encode((name, value))
        except UnicodeEncodeError:
            body = _encoder.encode((name, mended(value)))
    except OverflowError as error:
        raise WireFault(f"{name}: holds a number that is too far out") from error
    return frame(body, DOWN_MAX)


def decode_tell(body: bytes) -> View | Event | Dropped:
    """What a frame down tells. WireFault: it is nothing of ours."""
    try:
        name, raw = _tell_decoder.decode(body)
    except _BAD as error:
        raise WireFault(f"a message cannot be read: {error}") from error
    kind = TOLD.get(name)
    if kind is None:
        raise WireFault("a message of no known kind")
    value = _decode(raw, kind)
    assert isinstance(value, (View, Event, Dropped))  # TOLD has no other
    return value


def _decode(raw: bytes | msgspec.Raw, kind: type[T]) -> T:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    try:
        value = decoder.decode(raw)
    except _BAD as error:
        raise WireFault(f"{kind.__name__} cannot be read: {error}") from error
    assert isinstance(value, kind)
    return value


def mended(value: Any) -> Any:
    """A value with question marks for what is no character: a folder's name may hold any bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(map(mended, value))
    if isinstance(value, msgspec.Struct):
        fields = {name: mended(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return value
