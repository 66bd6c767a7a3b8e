"""How each kind of setting is read: from a TOML value or from the text a person typed.

A reader takes either, returns the value ready for use, or raises ValueError that says what is allowed. Its
`native` gives the value as config.toml shall hold it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from typing import Any, NamedTuple

from slskmesh.errors import UserError
from slskmesh.filters import Filter
from slskmesh.schedule import Schedule

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_RATE = re.compile(r"(\d{1,15})\s*([KMG]?)(?:i?B)?(?:/s)?", re.IGNORECASE)
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Reader(NamedTuple):
    """One kind of setting."""

    parse: Callable[[Any], Any]
    native: Callable[[str], Any]
    choices: tuple[str, ...] = ()

    def __call__(self, raw: Any) -> Any:
        """The value ready for use; ValueError says what is allowed."""
        return self.parse(raw)


class Rule(NamedTuple):
    """How a setting is read, what it is for, and whether it takes effect only at the next start."""

    read: Reader
    help: str
    restart: bool = False


def _seen(raw: Any) -> str:
    """What was found instead, short enough for a message."""
    text = repr(raw)
    return text if len(text) <= 80 else text[:79] + "…"


def _text(raw: Any, limit: int) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"must be text in quotes, not {_seen(raw)}")
    if len(raw) > limit or not raw.isprintable():
        raise ValueError(f"must be at most {limit} printable characters")
    return raw.strip()


def word(limit: int) -> Reader:
    """Free text of at most `limit` characters."""
    return Reader(lambda raw: _text(raw, limit), str.strip)


def choice(*allowed: str) -> Reader:
    """One of a few words."""

    def parse(raw: Any) -> str:
        if isinstance(raw, str) and raw.strip() in allowed:
            return raw.strip()
        raise ValueError(f"must be one of {', '.join(allowed)}, not {_seen(raw)}")

    return Reader(parse, str.strip, allowed)


def count(least: int, most: int) -> Reader:
    """A whole number."""

    def parse(raw: Any) -> int:
        number = _whole(raw)
        if number is not None and least <= number <= most:
            return number
        raise ValueError(f"must be a whole number from {least} to {most}, not {_seen(raw)}")

    return Reader(parse, parse)


def _whole(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return None
    return int(raw) if re.fullmatch(r"\s*\d{1,15}\s*", str(raw), re.ASCII) else None


def _parse_switch(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _TRUE | _FALSE:
        return raw.strip().lower() in _TRUE
    raise ValueError(f"must be true or false, not {_seen(raw)}")


switch = Reader(_parse_switch, _parse_switch, ("true", "false"))


def _parse_rate(raw: Any) -> int:
    if isinstance(raw, int | str) and not isinstance(raw, bool):
        match = _RATE.fullmatch(str(raw).strip())
        if match:
            return int(match[1]) * _UNITS[match[2].upper()]
    raise ValueError(f"must be bytes per second like 500K or 2M (0 = no limit), not {_seen(raw)}")


def _native_rate(text: str) -> int | str:
    return int(text) if text.strip().isdigit() else text.strip()


rate = Reader(_parse_rate, _native_rate)


def _parse_listen(raw: Any) -> str:
    text = _text(raw, 300)
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = host and not set(host) & set("[]:/ ")
    if (
        not colon
        or not (bracketed or plain)
        or not re.fullmatch(r"\d{1,5}", port, re.ASCII)
        or int(port) > 65535
    ):
        raise ValueError(f"must be host:port like 0.0.0.0:50300 or [::]:50300, not {_seen(raw)}")
    return text


listen_address = Reader(_parse_listen, str.strip)


def _parse_maybe_listen(raw: Any) -> str:
    return "" if raw == "" else _parse_listen(raw)


maybe_listen_address = Reader(_parse_maybe_listen, str.strip)


def _parse_folder(raw: Any) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise ValueError(f"must be a folder's path in quotes, not {_seen(raw)}")
    path = os.path.expanduser(raw.strip())
    if path and not os.path.isabs(path):
        raise ValueError(f"must be a whole path that begins with / or ~, not {_seen(raw)}")
    return path


folder = Reader(_parse_folder, str.strip)
file = folder  # the same form of path


def _checked_text(raw: Any, limit: int, read: Callable[[str], object]) -> str:
    """Text that `read` understands; its words where it does not."""
    text = _text(raw, limit)
    try:
        read(text)
    except UserError as error:
        raise ValueError(str(error)) from error
    return text


hours = Reader(lambda raw: _checked_text(raw, 2000, Schedule.parse), str.strip)
filter_text = Reader(lambda raw: _checked_text(raw, 1000, Filter.parse), str.strip)


def _items(raw: Any) -> list[Any]:
    """A list, or text that holds one: TOML's ["a", "b"], else one item a line."""
    if isinstance(raw, list):
        return raw
    if not isinstance(raw, str):
        raise ValueError(f'must be a list like ["a", "b"], not {_seen(raw)}')
    if raw.strip().startswith("["):
        try:
            value = tomllib.loads(f"v = {raw.strip()}")["v"]
        except tomllib.TOMLDecodeError as error:
            raise ValueError('must be a list like ["a", "b"]') from error
        return value if isinstance(value, list) else [value]
    return [line.strip() for line in raw.splitlines() if line.strip()]


def _parse_folders(raw: Any) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_parse_folder(item) for item in _items(raw)))
    if "" in found:
        raise ValueError("must not hold an empty path")
    return found


def _parse_patterns(raw: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(item, 200) for item in _items(raw)))


folders = Reader(_parse_folders, _items)
patterns = Reader(_parse_patterns, _items)
lines = Reader(lambda raw: tuple(dict.fromkeys(_text(item, 1000) for item in _items(raw))), _items)


def key_line(source: str, section: str, key: str) -> int:
    """Line (from 1) on which config.toml's text sets section.key, else that of its section, else 0."""
    inside, best = "", 0
    part = r"""["']?{}["']?"""
    assigns = re.compile(rf"\s*{part.format(re.escape(key or section))}\s*[.=]")
    dotted = re.compile(rf"\s*{part.format(re.escape(section))}\s*(\.\s*{part.format(re.escape(key))}\s*)?=")
    for number, line in enumerate(source.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        if header:
            inside = header[1].strip("\"'")
            best = best or (number if inside == section else 0)
        elif (inside == (section if key else "") and assigns.match(line)) or (
            not inside and dotted.match(line)
        ):
            return number
    return best
