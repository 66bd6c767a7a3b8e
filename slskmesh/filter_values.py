"""How values of the filter language are read: sizes, rates, lengths of time (pure). Lower-case text in, a span out.

A span is the least and the most that a written value means: 10M is from 9.5M to 10.5M, 320 is 320. None: no value.
"""

from __future__ import annotations

import re
from typing import Final

Span = tuple[float, float]
_NUMBER = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?([a-z/]*)", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{2})", re.ASCII)
_SPOKEN = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m(?:in)?)?(?:(\d{1,6})s(?:ec)?)?", re.ASCII)
_BINARY: Final = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def _scaled(text: str, scales: dict[str, float], ends: tuple[str, ...]) -> Span | None:
    """A number with a unit; `ends`: what may stand behind the unit's letter."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, part, unit = match[1], match[2] or "", match[3]
    for end in ends:
        if unit.endswith(end) and (unit == end or unit[: -len(end)] in scales):
            unit = unit[: -len(end)]
            break
    if unit and unit not in scales:
        return None
    scale = scales.get(unit, 1)
    value = float(f"{whole}.{part or 0}") * scale
    margin = scale / 2 / 10 ** len(part) if scale > 1 else 0
    return value - margin, value + margin


def size(text: str) -> Span | None:
    """Bytes: 10M, 1.5G, 700k; units are of 1024."""
    return _scaled(text, dict(_BINARY), ("ib", "b"))


def speed(text: str) -> Span | None:
    """Bytes a second: 500K, 2M/s."""
    return _scaled(text, dict(_BINARY), ("ib/s", "b/s", "/s", "b"))


def bitrate(text: str) -> Span | None:
    """kbit/s: 320, 320k."""
    return _scaled(text, {"k": 1}, ("bit/s", "bps", "bit", "b"))


def depth(text: str) -> Span | None:
    """Bits: 24, 24bit."""
    return _scaled(text, {}, ("bits", "bit"))


def count(text: str) -> Span | None:
    """A plain number."""
    return _scaled(text, {}, ())


def rate(text: str) -> Span | None:
    """Hz: 44100, 44.1k, 96 (kHz below 1000)."""
    span = _scaled(text, {"k": 1000}, ("hz",))
    if span is None or span[0] != span[1]:
        return span
    value = span[0] * 1000 if span[0] < 1000 else span[0]  # 96 is 96 kHz
    return value, value


def length(text: str) -> Span | None:
    """Seconds: 270, 4:30, 1:02:03, 4m30s."""
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3])
        return (seconds, seconds) if int(clock[3]) < 60 else None
    if text.isascii() and text.isdecimal() and len(text) <= 6:
        return int(text), int(text)
    spoken = _SPOKEN.fullmatch(text)
    if spoken is None or not text:
        return None
    seconds = int(spoken[1] or 0) * 3600 + int(spoken[2] or 0) * 60 + int(spoken[3] or 0)
    return seconds, seconds
