from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.retry import FINAL, JITTER, MOST, Trouble, classify, delay_for


@pytest.mark.parametrize(
    ("reason", "trouble"),
    [
        ("Connection lost", Trouble.NETWORK),
        ("User cannot be reached", Trouble.NETWORK),
        ("No file connection", Trouble.NETWORK),
        ("Upload failed", Trouble.NETWORK),
        ("File read error.", Trouble.NETWORK),
        ("Pending shutdown.", Trouble.NETWORK),
        ("", Trouble.NETWORK),
        ("Too many files", Trouble.LIMIT),
        ("Too many megabytes", Trouble.LIMIT),
        ("User limit of 200 megabytes exceeded", Trouble.LIMIT),
        ("File not shared.", Trouble.GONE),
        ("File not shared", Trouble.GONE),
        ("Banned", Trouble.REFUSED),
        ("Cancelled", Trouble.REFUSED),
        ("Disallowed extension", Trouble.REFUSED),
        ("The file has 12 bytes there now, not 13", Trouble.CHANGED),
        ("Disk: No space left on device", Trouble.DISK),
        ("he says: Disk: full", Trouble.NETWORK),  # only this machine's own words, at the beginning
    ],
)
def test_words(reason: str, trouble: Trouble) -> None:
    assert classify(reason) is trouble


@given(st.text(max_size=2_000))
def test_any_words_have_a_class(reason: str) -> None:
    assert isinstance(classify(reason), Trouble)


@given(st.sampled_from(Trouble), st.integers(0, 10_000), st.integers())
def test_waits_grow_up_to_an_hour(trouble: Trouble, tries: int, seed: int) -> None:
    delay = delay_for(trouble, tries, random.Random(seed))
    if trouble in FINAL or trouble in (Trouble.NONE, Trouble.OFFLINE):
        assert delay is None
        return
    first = 30 if trouble is Trouble.NETWORK else 300
    assert delay is not None
    least = min(MOST, first * 2.0 ** min(tries, 30))
    assert least <= delay <= least * (1 + JITTER)
