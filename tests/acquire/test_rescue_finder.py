"""Who may have the file that a Soulseek user sends: by recording and by words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire import rescue_finder as module
from slskmesh.acquire.neighbours import QueryEnd
from slskmesh.acquire.rescue import Candidate, Sent
from slskmesh.acquire.rescue_finder import WORDS_MAX, MeshFinder, words_of
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import mbid_bytes
from slskmesh.overlay.port import Session
from slskmesh.shadow.descriptors import VariantAdvert
from slskmesh.shadow.port import Holder, Resolution
from slskmesh.soulseek.values import TransferPhase
from slskmesh.wire.messages import Hit
from slskmesh.work import Budget, BudgetSpent, LocalBudget, Pool, RemoteBudget

SIZE = 5_000_000
RECORDING = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"


@dataclass(frozen=True)
class Wanted:
    key: bytes = b"k"
    user: str = "u"
    path: str = "@@abc\\Music\\Artist\\03 - A Song (live).flac"
    size: int = SIZE
    done: int = 0
    phase: TransferPhase = TransferPhase.ACTIVE
    folder: str = ""
    name: str = "03 - A Song (live).flac"


@dataclass(eq=False)
class Line:
    peer: PeerId


def peer(number: int) -> PeerId:
    return PeerId(bytes([number]) * 32)


def variant(number: int, recording: str = RECORDING, size: int = SIZE) -> VariantAdvert:
    return VariantAdvert(bytes([number]) * 32, size, mbid_bytes(recording))


@dataclass
class World:
    """The shadow index, the neighbours and what is thought of peers."""

    holders: tuple[Holder, ...] = ()
    hits: dict[PeerId, tuple[Hit, ...]] = field(default_factory=dict)
    liars: set[PeerId] = field(default_factory=set)
    asked: list[tuple[list[PeerId], str]] = field(default_factory=list)
    hangs: bool = False
    recording: str = RECORDING

    async def resolve_recording(self, mbid: str, budget: Budget) -> Resolution:
        assert mbid == RECORDING
        await trio.lowlevel.checkpoint()
        return Resolution("recording", mbid, self.holders, done=True)

    def may_send(self, one: PeerId) -> bool:
        return one not in self.liars

    async def ask(
        self,
        sessions: Iterable[Session],
        text: str,
        limit: int,
        on_hits: Callable[[PeerId, tuple[Hit, ...]], None],
    ) -> QueryEnd:
        asked = [session.peer for session in sessions]
        self.asked.append((asked, text))
        for one in asked:
            on_hits(one, self.hits.get(one, ()))
        if self.hangs:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return QueryEnd(len(asked), len(asked), 0, 0)

    async def recording_of(self, sent: Sent) -> str:
        await trio.lowlevel.checkpoint()
        return self.recording

    def finder(self) -> MeshFinder:
        lines = cast("list[Session]", [Line(one) for one in self.hits])
        return MeshFinder(self, self, lambda: lines, self, self.recording_of)


async def test_holders_of_the_recording_come_first_and_only_right_sizes_at_the_top() -> None:
    world = World(
        (
            Holder(peer(1), "", (variant(1), variant(2, size=SIZE + 1), variant(3, OTHER))),
            Holder(peer(2), "", (variant(1),)),
            Holder(peer(3), "", (variant(9),)),
        ),
        {peer(4): (Hit(bytes([4]) * 32, SIZE, 1, "a song live"), Hit(bytes([5]) * 32, 7, 1, "short"))},
        {peer(3)},
    )
    found = await world.finder().find(Wanted(), LocalBudget())
    assert found == [
        Candidate(bytes([1]) * 32, SIZE, True, "2 peers hold the same recording"),
        Candidate(bytes([4]) * 32, SIZE, False, "a peer has a file of that name and size"),
        Candidate(bytes([2]) * 32, SIZE + 1, True, "1 peer holds the same recording"),
    ]
    assert world.asked == [([peer(4)], "a song live")]  # words of the name alone: no path, no user


async def test_without_a_recording_or_words_or_peers_nothing_is_asked() -> None:
    world = World(recording="")
    assert await world.finder().find(Wanted(), LocalBudget()) == [] and world.asked == []
    world = World(hits={peer(1): ()}, liars={peer(1)}, recording="no id")
    assert await world.finder().find(Wanted(), LocalBudget()) == [] and world.asked == []
    world = World(hits={peer(1): ()}, recording="")
    assert await world.finder().find(Wanted(path="\\\\.."), LocalBudget()) == [] and world.asked == []


async def test_neighbours_that_hang_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_SECONDS", 0.01)
    world = World(hits={peer(1): (Hit(b"1" * 32, SIZE, 1, "x"),)}, hangs=True, recording="")
    assert len(await world.finder().find(Wanted(), LocalBudget())) == 1


async def test_asking_is_paid_for() -> None:
    world = World(hits={peer(number): () for number in range(1, 100)}, recording="")
    budget = LocalBudget()
    await world.finder().find(Wanted(), budget)
    assert budget.spent == module.ASKED_MAX == len(world.asked[0][0])
    with pytest.raises(BudgetSpent):
        await world.finder().find(Wanted(), RemoteBudget([Pool("x", 5, lambda: 0.0)]))


@given(st.text(max_size=200))
def test_words_of_any_path(path: str) -> None:
    words = words_of(path)
    assert len(words) <= WORDS_MAX and all(word == word.lower() and word for word in words)


def test_words_are_of_the_name_without_number_and_ending() -> None:
    assert words_of("a\\b\\03 - Über_Song (Live).mp3") == ["über", "song", "live"]
    assert words_of("a\\b\\1999.flac") == ["1999"]
    assert words_of("noending") == ["noending"]
