"""What programs send: JSON into structs, whatever the case of its keys.

Rules: a body is bounded before it is read (`guard`), read by msgspec into the struct a route names, and what does not
fit is refused with the place and what was expected there. Keys are matched without regard to case, as slskd does.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any, Final, TypeVar, cast

import msgspec
from starlette.requests import Request

from slskmesh.gateway.answers import GatewayError

T = TypeVar("T")
_DEEPEST: Final = 16


@functools.cache
def _type_of(kind: Hashable) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(kind)


async def read_body(request: Request, kind: type[T], default: Any = msgspec.UNSET) -> T:
    """The request's body as `kind`; `default` for an empty one. GatewayError 400: it is something else."""
    raw = await request.body()
    if not raw.strip() and default is not msgspec.UNSET:
        return msgspec.convert(default, kind)
    return decode_body(raw, kind)


def decode_body(raw: bytes, kind: type[T]) -> T:
    """These bytes as `kind`. GatewayError 400: they are something else."""
    try:
        return msgspec.convert(_matched(msgspec.json.decode(raw), _type_of(cast(Hashable, kind)), 0), kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise GatewayError(400, f"the body is not what was expected: {error}") from error


def _matched(value: Any, wanted: msgspec.inspect.Type, depth: int) -> Any:
    """`value` with the keys of its objects spelt as the structs of `wanted` have them."""
    if depth > _DEEPEST:
        raise msgspec.ValidationError("too deep")
    if isinstance(wanted, msgspec.inspect.UnionType):
        kinds = _OBJECTS if isinstance(value, dict) else _LISTS
        fitting = [one for one in wanted.types if isinstance(one, kinds)]
        return _matched(value, fitting[0], depth + 1) if len(fitting) == 1 else value
    if isinstance(wanted, msgspec.inspect.StructType) and isinstance(value, dict):
        return _matched_fields(value, wanted, depth)
    if isinstance(wanted, _LISTS) and isinstance(value, list):
        return [_matched(one, wanted.item_type, depth + 1) for one in value]
    return value


def _matched_fields(value: dict[str, Any], wanted: msgspec.inspect.StructType, depth: int) -> dict[str, Any]:
    fields = {field.encode_name.lower(): field for field in wanted.fields}
    matched = {}
    for key, inner in value.items():
        field = fields.get(key.lower())
        if field is not None:
            matched[field.encode_name] = _matched(inner, field.type, depth + 1)
    return matched


_OBJECTS: Final = (msgspec.inspect.StructType,)
_LISTS: Final = (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)
