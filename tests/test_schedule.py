from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.schedule import Limits, Schedule

BASE = Limits(upload=1000, download=2000, slots=None)
MONDAY = datetime(2024, 1, 1)


def test_the_first_span_that_holds_counts() -> None:
    schedule = Schedule.parse("22:00-07:00 upload=0 slots=20; sat-sun 06:00-12:00 download=5;")
    at = {
        hours: schedule.at(MONDAY + timedelta(hours=hours), BASE)
        for hours in (6, 7, 21, 22, 5 * 24 + 6.5, 5 * 24 + 8)
    }
    assert at[6] == at[22] == at[5 * 24 + 6.5] == Limits(0, 2000, 20)
    assert at[7] == at[21] == BASE
    assert at[5 * 24 + 8] == Limits(1000, 5 * 1024, None)


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    schedule = Schedule.parse("fri 22:00-06:00 upload=1")
    inside = [hour for hour in range(7 * 24) if schedule.at(MONDAY + timedelta(hours=hour), BASE) != BASE]
    assert inside == list(range(4 * 24 + 22, 5 * 24 + 6))
    assert Schedule.parse("sat-mon 10:00-11:00 slots=1").spans[0].days == {5, 6, 0}


@pytest.mark.parametrize(
    "text",
    ["25:00-07:00 upload=1", "22:00-22:00 upload=1", "22:00-07:00", "someday 1:00-2:00 upload=1", "upload=1",
     "1:00-2:00 upload=99999999", "1:00-2:00 slots=2000", "1:60-2:00 slots=1", "mon-xyz 1:00-2:00 slots=1"],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str) -> None:
    with pytest.raises(UserError, match="schedule"):
        Schedule.parse(text)


days = st.sampled_from(["", "mon ", "mon,wed ", "sat-sun ", "fri-mon "])
minutes = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@given(st.lists(st.tuples(days, minutes, minutes, st.integers(0, 9999)), max_size=5))
def test_it_is_written_as_it_is_read(parts: list[tuple[str, str, str, int]]) -> None:
    text = "; ".join(f"{day}{a}-{b} upload={rate}" for day, a, b, rate in parts if a != b)
    schedule = Schedule.parse(text)
    assert Schedule.parse(schedule.text()) == schedule
