"""Requests and replies of services as JSON, by the structs that a service names. Pure.

Rules:
- On the wire they are arrays; in JSON they are objects by the names of fields. Bytes are hexadecimal digits.
- What a program sends must be exactly what the struct takes: an unknown or missing field is told by its name.
- What a peer sent is foreign: its text is sanitised here.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from slskmesh.errors import UserError
from slskmesh.text import sanitize

S = TypeVar("S", bound=msgspec.Struct)
_TEXT: Final = 10_000
_DEEPEST: Final = 16
_LISTS: Final = (inspect.ListType, inspect.VarTupleType)


def read_request(body: bytes, kind: type[S]) -> S:
    """The request in a JSON body; an empty one is an object without fields. UserError: it is no such request."""
    try:
        value = msgspec.json.decode(body) if body.strip() else {}
        return msgspec.convert(_built(value, inspect.type_info(kind), kind.__name__, 0), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"the body is not what {kind.__name__} takes: {error}") from error


def write_reply(value: msgspec.Struct) -> bytes:
    """A reply as JSON."""
    return msgspec.json.encode(_plain(value))


def _built(value: Any, wanted: inspect.Type, place: str, depth: int) -> Any:
    """`value` with objects as the arrays that structs are made of, and hexadecimal digits as bytes."""
    if depth > _DEEPEST:
        raise UserError(f"{place}: too deep")
    if isinstance(wanted, inspect.UnionType):
        if value is None:
            return None
        wanted = next((one for one in wanted.types if not isinstance(one, inspect.NoneType)), wanted.types[0])
    if isinstance(wanted, inspect.StructType):
        return _fields(value, wanted, place, depth)
    if isinstance(wanted, inspect.BytesType):
        return _bytes(value, place)
    if isinstance(wanted, _LISTS) and isinstance(value, list):
        return [_built(one, wanted.item_type, place, depth + 1) for one in value]
    return value


def _fields(value: Any, wanted: inspect.StructType, place: str, depth: int) -> Any:
    if not isinstance(value, dict):
        raise UserError(f"{place}: an object is expected")
    known = {field.name for field in wanted.fields}
    unknown = sorted(value.keys() - known)
    if unknown:
        takes = ", ".join(sorted(known)) or "nothing"
        raise UserError(f"{place}: {sanitize(unknown[0], 40)} is no field of it; it takes {takes}")
    built: dict[str, Any] = {}
    for field in wanted.fields:
        if field.name in value:
            built[field.encode_name] = _built(value[field.name], field.type, field.name, depth + 1)
        elif field.required:
            raise UserError(f"{place}: {field.name} is missing")
        elif field.default is not msgspec.NODEFAULT:
            built[field.encode_name] = msgspec.to_builtins(field.default, builtin_types=(bytes,))
        else:
            built[field.encode_name] = field.default_factory()
    return list(built.values()) if wanted.array_like else built


def _bytes(value: Any, place: str) -> bytes:
    try:
        return bytes.fromhex(value.replace("-", ""))
    except (AttributeError, ValueError) as error:
        raise UserError(f"{place}: hexadecimal digits are expected") from error


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return str(sanitize(value, _TEXT))
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    return value
