"""The words for why a download does not get on."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from slskmesh.identity.peerid import PeerId
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.picker import Picker
from slskmesh.swarm.rates import Rate
from slskmesh.swarm.reasons import source_state, stall_reason
from slskmesh.swarm.source import Row, Source

SPACE = ChunkSpace(8)


class Scene:
    """A transfer as far as `reasons` reads it: the real picker, and sources in memory."""

    def __init__(self, *held: int, choked: tuple[int, ...] = (), places: tuple[int, ...] = ()) -> None:
        self.picker = Picker(SPACE, 16_384, random.Random(1))
        self.spent = False  # the rate of its group
        self.sources: dict[int, Source] = {}
        for index, bits in enumerate(held):
            session: Any = SimpleNamespace(rtt=0.1)
            source = Source(session, 1, 0.0, Row(index, PeerId(bytes([index]) * 32), Rate(0.0)))
            source.bits, source.choked = bits, index in choked
            source.place = places[index] if index < len(places) else 0
            self.sources[index] = source
            self.picker.source_joined(index, bits, 0.1)
            if not source.choked:
                self.picker.unchoked(index)
        self.transfer: Any = SimpleNamespace(
            picker=self.picker,
            sources=self.sources,
            part=SimpleNamespace(space=SPACE),
            awaits_turn=lambda: self.spent,
        )

    def reason(self, now: float = 0.0) -> str:
        return stall_reason(self.transfer, now)

    def words(self, index: int, now: float = 0.0) -> str:
        source = self.sources[index]
        assert source.row is not None
        return source_state(source.row, source, self.transfer, now).state


FULL = SPACE.full
HALF = SPACE.of([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (Scene(), "no connected peer has this file"),
        (Scene(SPACE.of([0, 1, 2, 3, 4, 5, 7])), "no source has chunk 6"),
        (Scene(HALF, HALF), "no source has chunk 4 and 3 more"),
        (Scene(FULL, choked=(0,)), "the only source chokes us"),
        (Scene(FULL, FULL, choked=(0, 1), places=(7, 3)), "all 2 sources choke us; best place in a queue: 3"),
        (Scene(FULL, HALF, choked=(0,)), "the sources that would send have nothing we miss"),
    ],
)
def test_why_nothing_comes(scene: Scene, words: str) -> None:
    assert scene.reason() == words


def test_a_download_that_gets_on_or_is_done_needs_no_reason() -> None:
    scene = Scene(FULL)
    assert scene.picker.ask(0, 0.0)
    assert scene.reason() == "" and scene.words(0) == "active"
    done = Scene(FULL)
    done.picker = done.transfer.picker = Picker(SPACE, 16_384, random.Random(1), FULL)
    assert done.reason() == ""


def test_sources_that_do_not_answer_are_tried_again_at_a_time_that_is_told() -> None:
    scene, now = Scene(FULL), 0.0
    while not scene.picker.barred_for(0, now) and now < 600:
        scene.picker.ask(0, now)
        now += 1.0
        scene.picker.overdue(now)
    left = scene.picker.barred_for(0, now)
    assert left > 0
    assert scene.reason(now) == f"1 of 1 sources do not answer; next try in {left:.0f} s"
    assert scene.words(0, now) == f"silent, again in {left:.0f} s"


def test_words_for_a_source() -> None:
    scene = Scene(FULL, HALF, FULL, FULL, choked=(2, 3), places=(0, 0, 4))
    assert [scene.words(index) for index in range(4)] == ["complete", "partial", "choked, place 4", "choked"]
    row = Row(0, PeerId(bytes(32)), Rate(0.0))
    assert source_state(row, None, scene.transfer, 0.0).state == "gone"
    row.gone = "gone: vanished"
    assert source_state(row, None, scene.transfer, 0.0).state == "gone: vanished"
    row.banned = "bad chunk 7"
    state = source_state(row, None, scene.transfer, 0.0)
    assert (state.state, state.rate, state.rtt, state.in_flight) == ("banned: bad chunk 7", 0.0, None, 0)
    source = scene.sources[0]
    assert source.row is not None
    assert source_state(source.row, source, None, 0.0).state == "joined"


def test_waiting_for_the_groups_rate_is_no_standstill_but_having_no_source_is() -> None:
    held = Scene(FULL)
    held.spent = True
    assert held.reason() == ""
    alone = Scene()
    alone.spent = True
    assert alone.reason() == "no connected peer has this file"
