"""Other limits at other hours: "22:00-07:00 upload=0 slots=20; sat-sun 09:00-12:00 upload=500". Pure.

Rules: rates in KiB/s, 0 for no limit, as written; in bytes/s in `Limits`. Hours are those of this machine's wall clock,
so that the change of summer time moves them with it. The first span that holds a moment counts; outside of all, what is
set without a schedule. A span may go over midnight: it belongs to the day it begins on.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from slskmesh.errors import UserError

SPANS_MAX: Final = 50
RATE_MAX: Final = 10_000_000  # KiB/s
SLOTS_MAX: Final = 1_000
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY: Final = frozenset(range(7))
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_LIMIT = re.compile(r"(upload|download|slots)=(\d{1,9})")


class Limits(msgspec.Struct, frozen=True):
    """Limits of all legacy transfers together: bytes/s, 0 for none; slots None: as set elsewhere."""

    upload: int = 0
    download: int = 0
    slots: int | None = None


class Span(msgspec.Struct, frozen=True):
    """Days a span begins on (Monday 0), minutes of the day, and what is other in it (None: as it is without)."""

    begin: int
    end: int
    days: frozenset[int] = _EVERY
    upload: int | None = None
    download: int | None = None
    slots: int | None = None

    def holds(self, when: datetime) -> bool:
        """Whether a moment is in it."""
        minute, day = when.hour * 60 + when.minute, when.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        return (day in self.days and minute >= self.begin) or (
            (day - 1) % 7 in self.days and minute < self.end
        )

    def text(self) -> str:
        """As it is written."""
        hours = f"{self.begin // 60:02}:{self.begin % 60:02}-{self.end // 60:02}:{self.end % 60:02}"
        days = "" if self.days == _EVERY else ",".join(_DAYS[day] for day in sorted(self.days))
        rates = (("upload", self.upload), ("download", self.download))
        limits = [f"{name}={rate // 1024}" for name, rate in rates if rate is not None]
        limits += [f"slots={self.slots}"] if self.slots is not None else []
        return " ".join(part for part in (days, hours, *limits) if part)


class Schedule(msgspec.Struct, frozen=True):
    """See the head of this file."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """A schedule as it is written. UserError names the part that is wrong and what is allowed."""
        parts = [part.strip() for part in text.split(";") if part.strip()]
        if len(parts) > SPANS_MAX:
            raise UserError(f"a schedule has at most {SPANS_MAX} spans")
        return cls(tuple(_span(part) for part in parts))

    def text(self) -> str:
        """As it is written."""
        return "; ".join(span.text() for span in self.spans)

    def at(self, when: datetime, base: Limits) -> Limits:
        """The limits at a moment (local time)."""
        for span in self.spans:
            if span.holds(when):
                return Limits(
                    base.upload if span.upload is None else span.upload,
                    base.download if span.download is None else span.download,
                    base.slots if span.slots is None else span.slots,
                )
        return base


def _span(text: str) -> Span:
    days, hours, limits = _EVERY, None, {}
    for word in text.lower().split():
        if match := _HOURS.fullmatch(word):
            hours = _minutes(match[1], match[2], word), _minutes(match[3], match[4], word)
        elif match := _LIMIT.fullmatch(word):
            most = SLOTS_MAX if match[1] == "slots" else RATE_MAX
            if int(match[2]) > most:
                raise UserError(f"schedule: {word}: at most {most}")
            limits[match[1]] = int(match[2]) * (1 if match[1] == "slots" else 1024)
        else:
            days = _days(word)
    if hours is None or hours[0] == hours[1] or not limits:
        raise UserError(f"schedule: {text!r}: write it like 22:00-07:00 upload=500 download=0 slots=20")
    return Span(hours[0], hours[1], days, **limits)


def _minutes(hour: str, minute: str, word: str) -> int:
    if int(hour) > 23 or int(minute) > 59:
        raise UserError(f"schedule: {word}: hours go from 00:00 to 23:59")
    return int(hour) * 60 + int(minute)


def _days(word: str) -> frozenset[int]:
    days: set[int] = set()
    for part in word.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise UserError(
                f"schedule: {word}: neither hours, days ({' '.join(_DAYS)}) nor upload=, download=, slots="
            )
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)
