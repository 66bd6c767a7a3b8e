"""The mesh as a backend: whose files are a want's, what liars cost, what is canonical."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from slskmesh.acquire.backends import Tally
from slskmesh.acquire.domains import GenericFile, Intent, Music
from slskmesh.acquire.mesh import ALONE_MAX, MeshFiles, MeshMusic, offers_for
from slskmesh.acquire.plan import Candidate
from slskmesh.identity.peerid import PeerId
from slskmesh.shadow.descriptors import VariantAdvert
from slskmesh.shadow.port import Holder, Resolution
from slskmesh.work import BudgetSpent, LocalBudget, RemoteBudget
from tests.shadow.doubles import Shelf, advert, content, held, mbid, standing

RELEASE = mbid(1)
RECORDINGS = [str(mbid(100 + n)) for n in range(10)]


def peer(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def holder(number: int, *variants: VariantAdvert, network: str = "", **changes: Any) -> Holder:
    return Holder(peer(number), network or f"20.0.{number}.0/24", variants, **changes)


class Shadow:
    """Resolves to what it was told."""

    def __init__(self, *holders: Holder) -> None:
        self.holders = holders
        self.by_recording: dict[str, tuple[Holder, ...]] = {}
        self.asked: list[str] = []
        self.known: frozenset[bytes] = frozenset()

    async def resolve_release(self, one: str, budget: Any, progress: Any = None) -> Resolution:
        budget.spend(2)
        self.asked.append(one)
        found = Resolution("release", one, self.holders, len(self.holders), 9, lines=("asked",), done=True)
        if progress is not None:
            progress(found)
        return found

    async def resolve_recording(self, one: str, budget: Any, progress: Any = None) -> Resolution:
        budget.spend(2)
        self.asked.append(one)
        return Resolution("recording", one, self.by_recording.get(one, ()), done=True)

    async def resolve_content(self, one: bytes, budget: Any, progress: Any = None) -> Resolution:
        return Resolution("content", one.hex(), self.holders, done=True)

    def proved(self, recording: str) -> frozenset[bytes]:
        return self.known


def want(number: int = 0, **changes: Any) -> Intent[Music]:
    fields: dict[str, Any] = {"release": RELEASE, "disc": 1, "position": number + 1, "length": 200_000}
    return Intent(Music(mbid(100 + number), **{**fields, **changes}))


async def find(
    shadow: Shadow, *intents: Intent[Music], shelf: Shelf | None = None, regard: Any = None
) -> list[tuple[Candidate, ...]]:
    backend = MeshMusic(shadow, shelf or Shelf(), regard or standing())
    return list((await backend.find(intents or (want(),), LocalBudget())).candidates)


async def test_one_content_is_one_candidate_with_all_its_holders() -> None:
    same = advert(1, RECORDINGS[0])
    (found,) = await find(
        Shadow(holder(1, same), holder(2, same, trusted=True), holder(3, advert(2, RECORDINGS[0])))
    )
    assert [one.peers for one in found] == [(peer(2), peer(1)), (peer(3),)]
    assert found[0].reasons[:2] == ("2 peers show it", "one of them you trust")


async def test_an_album_is_resolved_once_and_lacking_recordings_alone() -> None:
    shadow = Shadow(holder(1, *(advert(n, RECORDINGS[n]) for n in range(3))))
    shadow.by_recording[RECORDINGS[3]] = (holder(5, advert(33, RECORDINGS[3])),)
    found = await find(shadow, *(want(n) for n in range(10)))
    assert [len(one) for one in found] == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert shadow.asked[0] == RELEASE and len(shadow.asked) == 1 + ALONE_MAX


async def test_a_file_without_an_id_counts_by_place_and_length_only() -> None:
    bare = advert(1, "", track=3)
    off = advert(2, "", track=3, duration=203_000)
    elsewhere = advert(3, RECORDINGS[7], track=3)
    assert [o.variant.content for o in offers_for(want(2).want, [holder(1, bare, off, elsewhere)])] == [
        content(1)
    ]
    assert offers_for(want(2, length=None).want, [holder(1, bare)]) == []
    (found,) = await find(Shadow(holder(1, bare)), want(2))
    assert "it carries no recording id; its place and length fit" in found[0].reasons


async def test_a_false_size_is_outvoted_by_networks_not_by_keys() -> None:
    true = advert(1, RECORDINGS[0])
    false = msgspec.structs.replace(true, size=7)
    honest = [holder(n, true) for n in range(1, 4)]
    liars = [holder(50 + n, false, network="203.0.113.0/24") for n in range(20)]
    (found,) = await find(Shadow(*liars, *honest))
    assert (
        len(found) == 1 and found[0].size == true.size and set(found[0].peers) == {peer(n) for n in (1, 2, 3)}
    )


async def test_a_liars_content_costs_only_that_candidate() -> None:
    (found,) = await find(Shadow(holder(1, advert(666, RECORDINGS[0])), holder(2, advert(1, RECORDINGS[0]))))
    assert {one.content: one.peers for one in found} == {content(666): (peer(1),), content(1): (peer(2),)}


async def test_whose_data_is_not_taken_is_no_source() -> None:
    regard = standing()
    regard.set_blocked(peer(1), True)
    (found,) = await find(Shadow(holder(1, advert(1, RECORDINGS[0]))), regard=regard)
    assert found == ()


async def test_canonical_by_quorum_among_lossless_first_and_not_by_keys_of_one_network() -> None:
    flac, fake = advert(1, RECORDINGS[0]), advert(2, RECORDINGS[0])
    mp3 = advert(3, RECORDINGS[0], codec="MP3", lossless=False)
    honest = [holder(n, flac, mp3) for n in range(1, 4)]
    sybils = [holder(50 + n, fake, mp3, network="203.0.113.0/24") for n in range(30)]
    (found,) = await find(Shadow(*sybils, *honest))
    assert [one.content for one in found if one.canonical] == [content(1)]
    (found,) = await find(Shadow(*sybils, *honest[:2]))
    assert not any(one.canonical and one.lossless for one in found)


async def test_canonical_by_what_we_verified_ourselves() -> None:
    shadow = Shadow(holder(1, advert(1, RECORDINGS[0])), holder(2, advert(2, RECORDINGS[0])))
    shadow.known = frozenset({content(2)})
    (found,) = await find(shadow)
    assert [one.content for one in found if one.canonical] == [content(2)]
    shadow.known = frozenset()
    shelf = Shelf([held(9, RECORDINGS[0], stream=content(500_001))])
    (found,) = await find(shadow, shelf=shelf)
    assert [one.content for one in found if one.canonical] == [content(1)]


async def test_text_of_peers_is_made_harmless() -> None:
    (found,) = await find(Shadow(holder(1, advert(1, RECORDINGS[0], codec="\x1b[31mFLAC"))))
    assert "\x1b" not in found[0].codec


async def test_progress_and_counts() -> None:
    heard: list[Tally] = []
    backend = MeshMusic(Shadow(holder(1, advert(1, RECORDINGS[0]))), Shelf(), standing())
    findings = await backend.find([want()], LocalBudget(), heard.append)
    assert heard == [Tally(1, 1, 9)]
    assert (findings.holders, findings.publishers, findings.estimate, findings.lines) == (1, 1, 9, ("asked",))


async def test_a_remote_budget_ends_the_looking_alone() -> None:
    backend = MeshMusic(Shadow(), Shelf(), standing())
    budget = RemoteBudget([])
    await backend.find([want(n) for n in range(10)], budget)
    assert budget.spent <= 10
    with pytest.raises(BudgetSpent):
        await MeshMusic(Shadow(), Shelf(), standing()).find([want(release=None)], RemoteBudget([], units=1))


async def test_files_by_content() -> None:
    backend = MeshFiles(Shadow(holder(1), holder(2)))
    wants = [Intent(GenericFile(5, "a.iso", content(1))), Intent(GenericFile(5, "a.iso", sha256=bytes(32)))]
    findings = await backend.find(wants, LocalBudget())
    assert [len(found) for found in findings.candidates] == [1, 0]
    assert findings.candidates[0][0].peers == (peer(1), peer(2)) and findings.holders == 2
