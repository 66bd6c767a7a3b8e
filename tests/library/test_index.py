"""Searching: what people mean is found, and no text is an error."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library import index, rows
from slskmesh.library.domain import Domain, Tags
from slskmesh.library.intake import Taken
from slskmesh.store.database import Store, open_store
from slskmesh.text import SafeStr
from tests.library.conftest import manifest_of

SONGS = [  # folder, name, artist, album, title
    ("Music/Björk/Homogenic", "01 Hunter.flac", "Björk", "Homogenic", "Hunter"),
    ("Music/Björk/Homogenic", "02 Jóga.flac", "Björk", "Homogenic", "Jóga"),
    ("Music/ACDC", "Back in Black.mp3", "AC/DC", "Back in Black", "Back in Black"),
    ("Music/Various", "Black Hunter live.ogg", "Someone", "Black", "The Hunter (live)"),
    ("Music/Various", "readme.txt", "", "", ""),
    ("Music/坂本龍一", "戦場のメリークリスマス.flac", "坂本龍一", "1983", "戦場のメリークリスマス"),
]


def taken(number: int, folder: str, name: str, artist: str, album: str, title: str) -> Taken:
    """A row as a scan would make it; equal numbers are equal contents."""
    manifest = manifest_of(b"%d" % number)
    tags = Tags(artist=SafeStr(artist), album=SafeStr(album), title=SafeStr(title))
    path = os.fsencode(f"/s/{folder}/{name}")
    return Taken(
        path, bytes(24), SafeStr(folder), SafeStr(name), Domain.MUSIC, tags, manifest, manifest.content_id()
    )


def fill(items: list[Taken]) -> None:
    (root,) = rows.enlist([b"/s"], 0)
    rows.set_present(root.id, True, 1)
    rows.put([(root.id, item) for item in items])


@pytest.fixture
async def songs(store: Store) -> Store:
    """A store with SONGS in it."""
    await store.run(fill, [taken(number, *song) for number, song in enumerate(SONGS)])
    return store


async def names(store: Store, text: str, limit: int = 50) -> list[str]:
    return [file.name for file in await store.run(index.search, text, limit)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hunter", ["01 Hunter.flac", "Black Hunter live.ogg"]),
        ("HUNTER bjork", ["01 Hunter.flac"]),
        ("joga", ["02 Jóga.flac"]),
        ("hunter -live", ["01 Hunter.flac"]),
        ('black -"back in black"', ["Black Hunter live.ogg"]),
        ('"black hunter"', ["Black Hunter live.ogg"]),
        ('"hunter black"', []),
        ("ac/dc", ["Back in Black.mp3"]),
        ("homog*", ["01 Hunter.flac", "02 Jóga.flac"]),
        ("homog", []),
        ("*.mp3", ["Back in Black.mp3"]),
        ("*adme.txt", []),
        ("readme.*", ["readme.txt"]),
        ("-live", []),
        ("坂本龍一", ["戦場のメリークリスマス.flac"]),
        ("戦場*", ["戦場のメリークリスマス.flac"]),
        ("hunter nothing", []),
        ("", []),
        ('  - " * ()', []),
        ("hunter AND OR NOT", []),
        ("hunter ^ & | {}", ["01 Hunter.flac", "Black Hunter live.ogg"]),
        ("name:hunter", []),
    ],
)
async def test_what_is_found(songs: Store, text: str, expected: list[str]) -> None:
    assert sorted(await names(songs, text)) == sorted(expected)


async def test_a_hit_in_artist_or_title_ranks_first_and_the_limit_holds(songs: Store) -> None:
    assert (await names(songs, "black"))[0] == "Back in Black.mp3"
    assert len(await names(songs, "music", 3)) == 3
    assert await names(songs, "music", 0) == []


async def test_equal_contents_are_one_hit(store: Store) -> None:
    twice = [taken(1, "Music/A", "song.flac", "", "", ""), taken(1, "Music/B", "song copy.flac", "", "", "")]
    await store.run(fill, twice)
    assert len(await names(store, "song")) == 1
    assert await names(store, "copy") == ["song copy.flac"]


rubbish = st.text(st.sampled_from("ab \"*-:^+(){}[]NEAROT\\/,.\0\ufffdé\u0301\ud800٣Ⅷ🙂\n'%_;"), max_size=40)


@given(st.one_of(rubbish, st.text(max_size=300)))
@settings(deadline=None, max_examples=300)
def test_the_expression_is_always_one_that_sqlite_takes(text: str) -> None:
    expression = index.compile_query(text)
    if expression:
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute(
                "CREATE VIRTUAL TABLE t USING fts5(a, b, tokenize='unicode61 remove_diacritics 2')"
            )
            database.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression,)).fetchone()


async def test_rubbish_from_a_peer_is_an_answer(songs: Store) -> None:
    for text in [
        'c++ "un(closed OR -x NEAR * :y',
        '"' * 200,
        "-" * 200,
        "a " * 2_000,
        "\0",
        "*" * 99,
        "NOT",
        '-"',
    ]:
        assert await songs.run(index.search, text, 10) == []


async def test_a_word_in_every_name_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_SEARCH", index._SEARCH.replace(f"LIMIT {index.RANKED_MAX}", "LIMIT 20"))
    await store.run(
        fill, [taken(number, "Music", f"{number} song.flac", "", "", "") for number in range(100)]
    )
    assert len(await names(store, "song", 50)) == 20


async def test_the_index_follows_the_table(tmp_path: Path) -> None:
    first, second = (
        taken(1, "Music", "old words.flac", "", "", ""),
        taken(1, "Music", "new words.flac", "", "", ""),
    )
    async with open_store(tmp_path / "a.sqlite") as store:
        await store.run(fill, [first])
        await store.run(fill, [first._replace(name=SafeStr("renamed.flac"))])
        assert await names(store, "words") == []
        await store.run(rows.move, [rows.Moved(1, first.path, second.path, "Music", "new words.flac")])
        assert await names(store, "renamed") == []
        assert await names(store, "new words") == ["new words.flac"]
        await store.run(rows.forget, [second.path])
        assert await names(store, "words") == []
        await store.run(_check_index)


def _check_index() -> None:
    rows.connection().execute("INSERT INTO shared_text (shared_text, rank) VALUES ('integrity-check', 1)")
