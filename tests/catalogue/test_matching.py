"""Files to recordings: the ceilings of the research, named penalties, and laws that hold for any release."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.catalogue.matching import LEAST, FileFacts, judge, match_file, match_files
from slskmesh.catalogue.objects import Medium, Release, Track
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr

TITLES = [
    "First Light",
    "Copper Wire",
    "Tide Table",
    "The Night Porter",
    "Lanterns",
    "Slow Glass",
    "Weather Ship",
]
ARTIST, ALBUM, YEAR = "Ines Corvo Quartet", "Salt Letters", 2004


def mbid(number: int) -> Mbid:
    return Mbid(f"00000000-0000-4000-8000-{number:012x}")


def release(titles: list[str], lengths: list[int] | None = None, discs: int = 1) -> Release:
    lengths = lengths or [180_000 + 17_000 * i for i in range(len(titles))]
    per = -(-len(titles) // discs)
    media = []
    for disc in range(discs):
        places = range(disc * per, min(len(titles), (disc + 1) * per))
        tracks = tuple(
            Track(
                mbid(i), SafeStr(titles[i]), SafeStr(ARTIST), disc + 1, i - disc * per + 1, length=lengths[i]
            )
            for i in places
        )
        media.append(Medium(disc + 1, SafeStr("CD"), SafeStr(""), tracks))
    return Release(mbid(999), SafeStr(ALBUM), SafeStr(ARTIST), tuple(media), date=SafeStr(f"{YEAR}-02-01"))


WHOLE = release(TITLES)
COPPER = WHOLE.tracks[1]


def exact(track: Track, place: int) -> FileFacts:
    return FileFacts(
        parts=(ARTIST, f"{ALBUM} ({YEAR})", f"{track.position:02d} {track.title}.flac"),
        artist=track.artist,
        album=ALBUM,
        title=track.title,
        track=track.position,
        disc=track.disc,
        year=YEAR,
        duration=track.length or 0,
        recording=track.recording,
        release=WHOLE.mbid,
    )


@pytest.mark.parametrize(
    ("facts", "confidence"),
    [
        (FileFacts(recording=COPPER.recording, duration=197_500), 0.95),
        (FileFacts(title="copper wire", artist=ARTIST, duration=198_900), 0.90),
        (FileFacts(title="Copper Wire", album=ALBUM, duration=197_000), 0.83),  # .82 and the album's lift
        (FileFacts(title="Copper Wire", artist=ARTIST), 0.78),
        (FileFacts(title="Copper Wire", duration=195_000), 0.75),
        (FileFacts(parts=("Copper Wire.mp3",)), 0.51),
        (FileFacts(parts=(ARTIST, ALBUM, "02 Copper Wire.mp3"), duration=197_000), 0.92),
    ],
)
def test_what_agrees_sets_the_ceiling(facts: FileFacts, confidence: float) -> None:
    match = match_file(facts, WHOLE.tracks, WHOLE)
    assert match is not None and match.recording == COPPER.recording
    assert match.confidence == pytest.approx(confidence, abs=1e-6) and match.penalties == ()


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (FileFacts(title="Copper Wires", artist=ARTIST, duration=197_000), "title"),
        (FileFacts(title="Copper Wire", artist="Ines Corvo Trio", duration=197_000), "artist"),
        (FileFacts(title="Copper Wire", artist=ARTIST, album="Letters", duration=197_000), "album"),
        (FileFacts(title="Copper Wire", artist=ARTIST, duration=199_001), "length"),
        (FileFacts(title="Copper Wire", artist=ARTIST, duration=197_000, track=5), "track number"),
        (FileFacts(title="Copper Wire", artist=ARTIST, duration=197_000, disc=2), "disc"),
        (FileFacts(title="Copper Wire", artist=ARTIST, duration=197_000, year=1999), "year"),
        (FileFacts(title="Copper Wire", artist=ARTIST, duration=197_000, recording=mbid(77)), "recording id"),
    ],
)
def test_what_differs_is_named_and_lowers(facts: FileFacts, name: str) -> None:
    match = judge(facts, COPPER, WHOLE, 1)
    assert [penalty for penalty, _ in match.penalties] == [name]
    assert match.penalties[0][1] > 0 and match.confidence < 0.90


def test_lengths_within_two_seconds_agree_and_beyond_do_not() -> None:
    inside = judge(FileFacts(title="Copper Wire", duration=199_000), COPPER)
    outside = judge(FileFacts(title="Copper Wire", duration=199_001), COPPER)
    assert "length" in inside.agrees and "length" not in outside.agrees
    assert inside.confidence == 0.75 and outside.confidence < 0.60


def test_an_id_with_a_contradicting_length_is_less_sure_than_one_without_a_length() -> None:
    true, none, false = (
        judge(FileFacts(recording=COPPER.recording, duration=duration), COPPER).confidence
        for duration in (197_000, 0, 400_000)
    )
    assert true > none > false


@pytest.mark.parametrize(
    "parts",
    [
        (ARTIST, ALBUM, "02 Copper Wire.flac"),
        (ARTIST, f"{ALBUM} ({YEAR}) [FLAC]", "02. Copper Wire.flac"),
        (f"{ARTIST} - {ALBUM} - {YEAR}", "02 - Copper Wire [16bit 44].flac"),
        ("music", f"{ARTIST} - {ALBUM} - 02 - Copper Wire.mp3"),
        ("x", "CD1", "1-02 copper_wire.ogg"),
        ("x", "02_Copper_Wire_(2011_Remaster).opus"),
        ("x", "ines corvo quartet copper wire.mp3"),
        ("x", "02-ines_corvo_quartet-copper_wire-grp.mp3"),
        ("x", "02-ines_corvo_quartet-copper_wire.mp3"),
        ("x", "Ines Corvo Quartet_-_Copper Wire.mp3"),
        ("Ines Corvo Quartet", "2004 - Salt Letters", "CD 1", "02 - Ines Corvo Quartet - Copper Wire.flac"),
    ],
)
def test_paths_as_people_write_them(parts: tuple[str, ...]) -> None:
    match = match_file(FileFacts(parts=parts), WHOLE.tracks, WHOLE)
    assert match is not None and match.recording == COPPER.recording
    assert 0.51 <= match.confidence <= 0.92


def test_a_title_that_is_also_the_artist_does_not_take_every_file() -> None:
    whole = release([ARTIST, "Copper Wire", "Tide Table"])
    for title in ("Copper Wire", "Tide Table", ARTIST):
        match = match_file(FileFacts(parts=("x", f"{ARTIST} - {title}.mp3")), whole.tracks, whole)
        assert match is not None
        (track,) = [track for track in whole.tracks if track.recording == match.recording]
        assert track.title == title


def test_a_title_among_other_words_of_a_file_name_is_no_match_by_that_alone() -> None:
    for name in ("Going Down The Long Copper Wire Road.mp3", "Lanterns And Other Lights Of The City.flac"):
        assert match_file(FileFacts(parts=(ARTIST, ALBUM, name)), WHOLE.tracks, WHOLE) is None


@pytest.mark.parametrize("title", ["", "Track 02", "track02", "AudioTrack 02", "02", "Unknown"])
def test_a_title_that_is_none_is_not_held_against_the_file(title: str) -> None:
    facts = FileFacts(
        title=title, album=ALBUM, artist=ARTIST, track=2, duration=197_000, parts=("a", "Track02.mp3")
    )
    match = match_file(facts, WHOLE.tracks, WHOLE)
    assert match is not None and match.recording == COPPER.recording and match.confidence >= LEAST


def test_what_it_is_not_is_no_match() -> None:
    for facts in (
        FileFacts(),
        FileFacts(title="Something Else", artist="Nobody", duration=100_000),
        FileFacts(parts=("holiday.jpg",)),
        FileFacts(title="Copper Wire", artist="Somebody Other", duration=500_000),
    ):
        assert match_file(facts, WHOLE.tracks, WHOLE) is None
    assert match_file(FileFacts(title="Copper Wire"), ()) is None


def test_the_same_title_thrice_is_told_apart_by_length_and_place() -> None:
    same = release(["Untitled"] * 3, [60_000, 90_000, 120_000])
    files = [
        FileFacts(title="Untitled", artist=ARTIST, duration=length) for length in (120_100, 60_100, 90_100)
    ]
    assert [(pair.file, pair.track) for pair in match_files(files, same).pairs] == [(1, 0), (2, 1), (0, 2)]
    files = [FileFacts(title="Untitled", artist=ARTIST, track=number) for number in (3, 1, 2)]
    assert [(pair.file, pair.track) for pair in match_files(files, same).pairs] == [(1, 0), (2, 1), (0, 2)]


def test_what_is_left_over_is_told() -> None:
    files = [exact(WHOLE.tracks[3], 3), FileFacts(parts=("cover.jpg",)), exact(WHOLE.tracks[0], 0)]
    found = match_files(files, WHOLE)
    assert [(pair.file, pair.track) for pair in found.pairs] == [(2, 0), (0, 3)]
    assert found.files_left == (1,) and found.tracks_left == (1, 2, 4, 5, 6)


def test_a_file_twice_takes_one_track() -> None:
    found = match_files([exact(COPPER, 1)] * 2, WHOLE)
    assert [(pair.file, pair.track) for pair in found.pairs] == [(0, 1)] and found.files_left == (1,)


def test_two_discs_may_be_numbered_through_or_each_by_itself() -> None:
    both = release(TITLES[:6], discs=2)
    third = both.tracks[4]  # disc 2, track 2
    for disc, number in ((2, 2), (0, 5), (0, 2)):
        facts = FileFacts(title=third.title, artist=ARTIST, track=number, disc=disc)
        match = match_file(facts, both.tracks, both)
        assert match is not None and match.recording == third.recording and match.penalties == ()


WORDS = ("salt", "tide", "wire", "moon", "glass", "door", "road", "ship", "bell", "fern")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
titles = st.lists(
    words.map(" ".join), min_size=1, max_size=8, unique_by=lambda title: frozenset(title.split())
)
texts = st.one_of(st.just(""), st.text(max_size=30), st.sampled_from(TITLES))


@given(
    texts, texts, texts, st.integers(0, 20), st.integers(0, 3), st.integers(0, 3000), st.integers(0, 10**7)
)
def test_confidence_is_bounded_and_never_above_an_exact_file(
    artist: str, album: str, title: str, track: int, disc: int, year: int, duration: int
) -> None:
    facts = FileFacts((album, title), artist, album, title, track, disc, year, duration)
    for place, one in enumerate(WHOLE.tracks):
        match = judge(facts, one, WHOLE, place)
        assert 0.0 <= match.confidence <= judge(exact(one, place), one, WHOLE, place).confidence < 1.0
        assert all(amount > 0 for _, amount in match.penalties)


@given(titles, st.randoms(use_true_random=False))
def test_exact_files_find_their_tracks_in_any_order(names: list[str], rng: random.Random) -> None:
    whole = release(names)
    order = list(range(len(names)))
    rng.shuffle(order)
    found = match_files([exact(whole.tracks[i], i) for i in order], whole)
    assert [(order[pair.file], pair.track) for pair in found.pairs] == [(i, i) for i in range(len(names))]
    assert found.files_left == () and found.tracks_left == ()


NOISE = [
    "{n:02d} {t}.flac",
    "{n} - {t}.mp3",
    "{n:02d}. {t} [FLAC].flac",
    "{t} (Remastered 2011).ogg",
    "{u}.opus",
    "Ines Corvo Quartet - {t}.flac",
    "Ines Corvo Quartet - Salt Letters - {n:02d} - {t}.flac",
]


@settings(max_examples=60)
@given(titles, st.sampled_from(NOISE))
def test_noise_in_names_does_not_let_another_track_overtake(names: list[str], form: str) -> None:
    whole = release(names)
    for place, track in enumerate(whole.tracks):
        name = form.format(n=place + 1, t=track.title.title(), u=track.title.upper().replace(" ", "_"))
        match = match_file(FileFacts(parts=("x", name), duration=track.length or 0), whole.tracks, whole)
        assert match is not None and match.recording == track.recording


@given(titles, st.data())
def test_each_file_and_each_track_is_given_once(names: list[str], data: st.DataObject) -> None:
    whole = release(names)
    picks = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=12))
    files = [FileFacts(title=names[i], artist=ARTIST) for i in picks]
    found = match_files(files, whole)
    assert (
        len({pair.file for pair in found.pairs})
        == len({pair.track for pair in found.pairs})
        == len(found.pairs)
    )
    assert sorted([*(pair.file for pair in found.pairs), *found.files_left]) == list(range(len(files)))
    assert sorted([*(pair.track for pair in found.pairs), *found.tracks_left]) == list(range(len(names)))
    assert {pair.track for pair in found.pairs} == set(picks)
