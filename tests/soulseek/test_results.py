"""Answers put together: copies collapsed, discs folded, releases of several users, completeness, bounds."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.filters import Filter, Verdict
from slskmesh.soulseek import results as results_module
from slskmesh.soulseek.results import Entry, Results, verdict
from slskmesh.soulseek.values import Attributes, RemoteFile, SearchAnswer

ALBUM = "Music\\Artist\\Album (1999)"


def answer(
    user: str, *files: RemoteFile, free: bool = True, speed: int = 100, queue: int = 0
) -> SearchAnswer:
    return SearchAnswer(1, user, files, free, speed, queue)


def song(path: str, size: int = 1000, length: int | None = None, *, locked: bool = False) -> RemoteFile:
    return RemoteFile(path, size, Attributes(duration=length), locked)


def only(found: Results) -> Entry:
    (entry,) = found.entries.values()
    return entry


def test_copies_of_one_file_are_one_entry_with_its_sources_in_order() -> None:
    found = Results()
    for user, free, speed, queue in [("slow", True, 10, 0), ("busy", False, 900, 2), ("fast", True, 500, 0)]:
        found.add(answer(user, song(f"{ALBUM}\\01 - Söng.flac"), free=free, speed=speed, queue=queue))
    found.add(answer("shut", song("x\\Album\\1. song.flac", locked=True), speed=9999))
    found.add(answer("busier", song("x\\Album\\01 SONG.flac"), free=False, speed=900, queue=7))
    entry = only(found)
    assert [source.user for source in entry.sources] == ["fast", "slow", "busy", "busier", "shut"]
    assert entry.users == 5 and found.files == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (song("a\\01 Song.mp3", 7, 200), song("b\\07 - song.mp3", 7, 201), True),
        (song("a\\01 Song.mp3", 7, 200), song("b\\01 Song.mp3", 7, None), True),
        (song("a\\01 Song.mp3", 7, 200), song("b\\01 Song.mp3", 7, 230), False),  # lengths contradict
        (song("a\\01 Song.mp3", 7), song("b\\01 Song.mp3", 8), False),
        (song("a\\01 Song.mp3", 7), song("b\\01 Song.flac", 7), False),
        (song("a\\01 Song.mp3", 7, 200), song("b\\Artist - 01 - Song.mp3", 7, 200), True),
        (song("a\\01 Song.mp3", 7), song("b\\Artist - 01 - Song.mp3", 7), False),  # nothing but the size
        (song("a\\01 Song.mp3", 7, 200), song("b\\02 Other.mp3", 7, 200), False),
    ],
)
def test_what_one_file_is(one: RemoteFile, other: RemoteFile, same: bool) -> None:
    found = Results()
    found.add(answer("a", one))
    found.add(answer("b", other))
    assert len(found.entries) == (1 if same else 2)


def test_what_any_source_knows_is_known() -> None:
    found = Results()
    found.add(answer("a", RemoteFile("m\\x.mp3", 5)))
    found.add(answer("b", RemoteFile("m\\x.mp3", 5, Attributes(320, 100, False))))
    assert only(found).attributes == Attributes(320, 100, False)
    assert verdict(only(found), Filter.parse("bitrate>=320 length=1:40 known")) is Verdict.YES
    assert verdict(only(found), Filter.parse("depth=16")) is Verdict.UNKNOWN
    assert verdict(only(found), Filter.parse("lossless")) is Verdict.NO


def test_a_filter_passes_what_any_copy_passes() -> None:
    found = Results()
    found.add(answer("a", song("m\\x.mp3"), free=False))
    assert verdict(only(found), Filter.parse("free")) is Verdict.NO
    found.add(answer("b", song("m\\x.mp3")))
    assert verdict(only(found), Filter.parse("free")) is Verdict.YES


def discs(user: str, root: str, *, two: str = "CD2") -> SearchAnswer:
    files = [song(f"{root}\\CD1\\{n:02} - One {n}.flac", 100 + n) for n in (1, 2, 3)]
    files += [song(f"{root}\\{two}\\{n:02} - Two {n}.flac", 200 + n) for n in (1, 2)]
    return answer(user, *files)


def test_discs_fold_and_folders_of_several_users_are_one_release() -> None:
    found = Results()
    assert found.add(discs("a", ALBUM)) == set(found.releases)
    found.add(discs("b", "share\\Artist - Album [FLAC]", two="Disc 2"))
    (release,) = found.releases.values()
    assert release.title == "Album (1999)" and len(release.holdings) == 2
    assert [(entry.disc, entry.track) for entry in release.tracks()] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
        (2, 2),
    ]
    assert all(entry.users == 2 for entry in release.tracks())


def test_completeness_is_held_against_the_highest_numbers() -> None:
    found = Results()
    found.add(answer("a", *(song(f"{ALBUM}\\{n:02} Song {n}.flac", n) for n in (1, 2, 3, 5))))
    found.add(answer("b", song(f"x{ALBUM}\\02 Song 2.flac", 2)))
    (release,) = found.releases.values()
    assert [release.completeness(holding) for holding in release.holdings.values()] == [(4, 5), (1, 5)]
    assert (0, 4) in release.numbers()
    found = Results()
    found.add(answer("a", song("m\\A\\one.mp3", 1), song("m\\A\\two.mp3", 2)))
    (release,) = found.releases.values()
    assert [release.completeness(holding) for holding in release.holdings.values()] == [(2, 2)]


def test_folders_that_share_a_file_but_not_a_name_are_two_releases() -> None:
    found = Results()
    found.add(answer("a", song(f"{ALBUM}\\01 Song.flac")))
    changed = found.add(
        answer("b", song("m\\Best of all\\07 Song.flac"), song("m\\Best of all\\08 Other.flac", 3))
    )
    assert len(found.releases) == 2 and changed == set(found.releases)
    assert only_shared(found) == ["Song"]


def only_shared(found: Results) -> list[str]:
    return [
        entry.name.split(" ")[1].split(".")[0]
        for entry in found.entries.values()
        if sum(entry.key in release.entries for release in found.releases.values()) > 1
    ]


def test_answers_told_again_and_too_many_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_module, "FILES_MAX", 3)
    found = Results()
    first = answer("a", song(f"{ALBUM}\\1 x.mp3", 1), song(f"{ALBUM}\\2 y.mp3", 2))
    assert len(found.add(first)) == 1 and found.add(first) == set()
    found.add(answer("b", *(song(f"{ALBUM}\\{n} z.mp3", n) for n in range(5))))
    assert found.files == 3 and found.dropped == 4
    assert found.add(answer("c", song("m\\late.mp3"))) == set() and len(found.releases) == 2


def check(found: Results) -> None:
    """What always holds."""
    assert found.files == sum(len(entry.sources) for entry in found.entries.values())
    for entry in found.entries.values():
        ranks = [source.rank for source in entry.sources]
        assert ranks == sorted(ranks) and ranks
        assert len({(source.user, source.file.path) for source in entry.sources}) == len(ranks)
    held = set()
    for key, release in found.releases.items():
        assert key == release.key and release.holdings
        inside = {name for holding in release.holdings.values() for name in holding.entries}
        assert inside == set(release.entries)
        held |= inside
        for holding in release.holdings.values():
            have, of = release.completeness(holding)
            assert 0 <= have <= of or not release.numbers()
            users = {source.user for entry in holding.entries.values() for source in entry.sources}
            assert holding.user in users
    assert held == set(found.entries)


FILES = st.builds(
    song,
    st.tuples(
        st.sampled_from(("m\\A", "m\\A\\CD1", "m\\A - B (Disc 2)", "n\\B", "n\\A B", "", "\\")),
        st.sampled_from(("01 x.mp3", "1-02 x.mp3", "x.mp3", "B - x.mp3", "y.flac", "", "x")),
    ).map("\\".join),
    st.integers(0, 2),
    st.none() | st.sampled_from((100, 101, 200)),
)
ANSWERS = st.builds(
    lambda user, files, free, speed: answer(user, *files, free=free, speed=speed),
    st.sampled_from("abc"),
    st.lists(FILES, max_size=6),
    st.booleans(),
    st.integers(0, 3),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANSWERS | st.sampled_from("abc"), max_size=12))
def test_whatever_comes_it_holds_together(steps: list[SearchAnswer | str]) -> None:
    found = Results()
    for step in steps:
        before = set(found.releases)
        if isinstance(step, str):
            gone = before - (found.releases.keys() if found.drop(step) else before)
            assert all(key not in found.releases for key in gone)
        else:
            found.add(step)
            assert before <= set(found.releases)
        check(found)
    for user in "abc":
        found.drop(user)
    assert (
        not found.files and not found.entries and not found.releases and not found._named and not found._long
    )


def test_many_answers_take_a_moment() -> None:
    rng = random.Random(3)
    answers = [
        answer(
            f"user{user}",
            *(
                song(
                    f"m\\Artist {album}\\Album {album}\\{track:02} Song {track}.mp3",
                    1000 * album + track,
                    200,
                )
                for album in rng.sample(range(400), 5)
                for track in range(1, 11)
            ),
        )
        for user in range(400)
    ]
    found = Results()
    started = time.process_time()
    for one in answers:
        found.add(one)
    assert time.process_time() - started < 3.0  # 20,000 files; far less on any machine of today
    assert found.files == 20_000 and len(found.releases) <= 400
    assert time.process_time() - started < 3.0
