"""Values of every type that crosses the attach socket, made at random by what the types say of themselves."""

from __future__ import annotations

import random
from typing import Any, TypeVar

import msgspec
import msgspec.inspect as mi

T = TypeVar("T", bound=msgspec.Struct)
LETTERS = "abc /.\u00e9\u6587\U0001f3b5\x1b\u202e"


class Values:
    """Makes values; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def of(self, kind: type[T]) -> T:
        """One of this type, every field filled."""
        info = mi.type_info(kind)
        assert isinstance(info, mi.StructType)
        made = self._struct(info)
        assert isinstance(made, kind)
        return made

    def _struct(self, info: mi.StructType) -> Any:
        return info.cls(*(self._value(field.type) for field in info.fields))

    def _value(self, info: mi.Type) -> Any:
        rng = self.rng
        match info:
            case mi.IntType():
                return rng.choice((0, 1, -1, rng.randrange(1 << 31), (1 << 63) - 1, -(1 << 63)))
            case mi.FloatType():
                return rng.choice((0.0, -1.5, rng.random() * 1e9))
            case mi.BoolType():
                return rng.random() < 0.5
            case mi.NoneType():
                return None
            case mi.StrType():
                return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(12)))
            case mi.BytesType():
                return rng.randbytes(rng.randrange(40))
            case mi.EnumType():
                return rng.choice(list(info.cls))
            case mi.UnionType():
                return self._value(rng.choice(info.types))
            case mi.TupleType():
                return tuple(map(self._value, info.item_types))
            case mi.VarTupleType():
                return tuple(self._value(info.item_type) for _ in range(rng.randrange(4)))
            case mi.StructType():
                return self._struct(info)
            case mi.DictType():
                pairs = range(rng.randrange(3))
                return {self._value(info.key_type): self._value(info.value_type) for _ in pairs}
        raise AssertionError(f"no value for {info}")
