"""What a person has already is recognised by title, artist and length, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slskmesh.acquire.backends import LocalMusic
from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.recognise import among, words_of
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.library.manifest import ContentId
from slskmesh.library.variant import HeldTrack
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr
from slskmesh.work import LocalBudget
from tests.shadow.doubles import Shelf

ID = Mbid("b84ee12a-09ef-421b-82de-0441a926375b")
OTHER = "fd6022af-3f8c-5aeb-9a16-2fe78ee3c48e"
WANT = Music(ID, title="Tide Table", artist="The Slow Ferries", disc=1, position=3, length=201_000)
FILE = SharedFile(
    content=ContentId(b"\x01" * 32),
    size=5_000_000,
    path=Path("/music/x.mp3"),
    root=Path("/music"),
    folder=SafeStr("music/The Slow Ferries/Salt Letters"),
    name=SafeStr("03 Tide Table.mp3"),
    domain=Domain.MUSIC,
    artist=SafeStr("The Slow Ferries"),
    album=SafeStr("Salt Letters"),
    title=SafeStr("Tide Table"),
    track=3,
    duration=200_400,
)


def test_an_untagged_copy_is_recognised_and_says_how_surely() -> None:
    ((file, reason),) = among([FILE], WANT)
    assert file is FILE and reason.startswith("recognised by ") and reason.endswith("%)")


@pytest.mark.parametrize(
    "change",
    [
        {"duration": 210_000},
        {"duration": 0},
        {"title": "Marigold", "name": "04 Marigold.mp3"},
        {"artist": "Mirela Dusk", "folder": "music/Mirela Dusk"},
        {"mb_recording": OTHER},
        {"domain": Domain.GENERIC},
    ],
)
def test_another_length_title_artist_or_id_is_another_recording(change: dict[str, object]) -> None:
    assert not list(among([msgspec.structs.replace(FILE, **change)], WANT))


def test_a_want_of_which_too_little_is_known_is_not_looked_for() -> None:
    assert words_of(WANT) == "The Slow Ferries Tide Table"
    for missing in ({"title": ""}, {"artist": ""}, {"length": None}):
        assert words_of(msgspec.structs.replace(WANT, **missing)) == ""


async def test_the_backend_prefers_ids_and_recognises_where_there_are_none() -> None:
    tagged = msgspec.structs.replace(FILE, content=ContentId(b"\x02" * 32), mb_recording=ID)
    for held, expected in (([FILE], "recognised"), ([FILE, tagged], "")):
        shelf = Shelf([HeldTrack(file) for file in held])
        findings = await LocalMusic(shelf).find([Intent(WANT)], LocalBudget())
        ((candidate,),) = findings.candidates
        assert candidate.path == "/music/x.mp3"
        assert (candidate.reasons[0] if candidate.reasons else "").startswith(expected)
        assert bool(candidate.reasons) == bool(expected)
