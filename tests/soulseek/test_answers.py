"""Our shares as legacy users see them: who sees what, phrases the server excludes, attributes, paths that come back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slskmesh.library import rows
from slskmesh.library.domain import Domain, Tags
from slskmesh.library.intake import Taken, virtual_place
from slskmesh.library.manifest import Manifest
from slskmesh.library.names import Names, SharedName
from slskmesh.soulseek.answers import ShareAnswers, attributes_of
from slskmesh.soulseek.port import Answers
from slskmesh.soulseek.values import Attributes
from slskmesh.store.database import open_store
from slskmesh.text import SafeStr

FILES = {
    b"/shares/Music": [
        "Artist/Album/CD1/01 - Song.flac",
        "Artist/Album/CD2/01 - Song two.mp3",
        "Other/Banned Song.mp3",
    ],
    b"/shares/Secret": ["Artist/Song of friends.mp3"],
}
SHARED = 4


def _fill() -> None:
    for state in rows.enlist(list(FILES), 0):
        rows.set_present(state.id, True, 1)
        for name in FILES[state.path]:
            path = state.path + b"/" + name.encode()
            manifest = Manifest(7, 1 << 16, path.ljust(32)[-32:], b"\0" * 32)
            tags = Tags(format=SafeStr(name.rpartition(".")[2].upper()), duration=61_400, bitrate=320_000)
            place = virtual_place(state.path, path)
            taken = Taken(path, bytes(24), *place, Domain.MUSIC, tags, manifest, manifest.content_id())
            rows.put([(state.id, taken)])


@pytest.fixture
async def names(tmp_path: Path) -> AsyncIterator[Names]:
    """The index over FILES."""
    async with open_store(tmp_path / "slskmesh.sqlite") as store:
        await store.run(_fill)
        index = Names(store.path)
        index.refresh()
        yield index
        index.close()


def sees(user: str) -> frozenset[str] | None:
    """Friends see all, the blocked nothing, everybody else one share."""
    return {"friend": None, "blocked": frozenset()}.get(user, frozenset(("Music",)))


async def test_searches_tell_what_a_user_may_see(names: Names) -> None:
    answers: Answers = ShareAnswers(names, sees)
    assert len(answers.files("friend", "song", 100)) == SHARED
    assert len(answers.files("stranger", "song", 100)) == SHARED - 1
    assert len(answers.files("stranger", "song", 1)) == 1
    assert answers.files("blocked", "song", 100) == []
    (hit,) = answers.files("stranger", "artist two", 100)
    assert hit.path == "Music\\Artist\\Album\\CD2\\01 - Song two.mp3" and hit.size == 7
    found = answers.find("stranger", hit.path)
    assert found is not None and found.file == hit
    assert found.local == Path("/shares/Music/Artist/Album/CD2/01 - Song two.mp3")


async def test_no_other_way_leads_to_what_a_user_may_not_see(names: Names) -> None:
    answers = ShareAnswers(names, sees)
    secret = "Secret\\Artist\\Song of friends.mp3"
    found = answers.find("friend", secret)
    assert (
        found is not None
        and found.file.path == secret
        and os.fspath(found.local).startswith("/shares/Secret")
    )
    for user in ("stranger", "blocked"):
        assert answers.find(user, secret) is None
        assert answers.folder(user, "Secret\\Artist") == []
        assert not any(folder.startswith("Secret") for folder, _ in answers.browse(user))
    assert answers.browse("blocked") == answers.folder("blocked", "Music") == []
    assert answers.find("blocked", "Music\\Other\\Banned Song.mp3") is None


async def test_folders_come_whole(names: Names) -> None:
    answers = ShareAnswers(names)
    browsed = answers.browse("anybody")
    assert [folder for folder, _ in browsed] == [
        "Music\\Artist\\Album\\CD1", "Music\\Artist\\Album\\CD2", "Music\\Other", "Secret\\Artist",
    ]  # fmt: skip
    assert answers.counts() == (4, SHARED)
    for folder, files in browsed:
        for file in files:
            assert file.folder == folder and answers.find("anybody", file.path) is not None
    album = answers.folder("anybody", "Music\\Artist\\Album")
    assert [folder for folder, _ in album] == ["Music\\Artist\\Album\\CD1", "Music\\Artist\\Album\\CD2"]
    assert answers.folder("anybody", "Music\\Art") == []


async def test_excluded_phrases_are_in_no_answer_and_said(names: Names) -> None:
    answers = ShareAnswers(names)
    answers.exclude(["Banned SONG", "  ", "a+b("])
    assert len(answers.files("x", "song", 100)) == SHARED - 1
    assert answers.files("x", "other banned", 100) == []
    assert answers.find("x", "Music\\Other\\Banned Song.mp3") is not None  # a search's rule only
    assert answers.excludes("my Banned song") == "banned song" and answers.excludes("song") == ""
    answers.exclude([])
    assert len(answers.files("x", "song", 100)) == SHARED and answers.excludes("banned song") == ""


@pytest.mark.parametrize(
    ("form", "bitrate", "expected"),
    [
        ("FLAC", 900_123, Attributes(None, 61, None, 44_100, 16)),
        ("ALAC", 900_123, Attributes(None, 61, None, 44_100, 16)),
        ("MP3", 320_000, Attributes(320, 61, False)),
        ("MP3", 245_678, Attributes(246, 61, True)),
        ("MP3", 200_000, Attributes(200, 61, True)),
        ("Vorbis", 192_000, Attributes(192, 61, True)),
        ("AAC", 256_000, Attributes(256, 61, None)),
        ("MP3", 0, Attributes(None, 61)),
    ],
)
def test_attributes_are_told_as_clients_tell_them(form: str, bitrate: int, expected: Attributes) -> None:
    name = SharedName("M", "x", 1, b"/x", form, 61_400, bitrate, 44_100, 16, 1)
    assert attributes_of(name) == expected
    assert attributes_of(name._replace(duration=0)).duration is None
