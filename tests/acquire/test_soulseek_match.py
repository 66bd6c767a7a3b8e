"""Which file of a user is which track: every usual way to name them, lengths, doubles, and hostile names."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire.choice import judge
from slskmesh.acquire.domains import Constraints, Intent, Music
from slskmesh.acquire.soulseek_match import (
    BYTES_MAX,
    CANDIDATES_MAX,
    Found,
    heard_of,
    match_all,
    release_words,
    track_words,
    usable,
)
from slskmesh.catalogue.objects import Medium, Release, Track
from slskmesh.soulseek.download_entry import key_of
from slskmesh.soulseek.results import Results
from slskmesh.soulseek.values import Attributes, RemoteFile, SearchAnswer
from slskmesh.text import SafeStr
from tests.jobs.doubles import mbid

TITLES = [
    "First Light", "Harbour", "Paper Boats", "Nine Lives", "The Long Way Home", "Intro", "Low Tide (live)",
    "Low Tide", "Don't Look", "Ocean & Sand", "42", "Äpfel", "雨",
]  # fmt: skip


def release(
    *titles: str, discs: int = 1, artist: str = "Ann & The Boats", album: str = "Winter Light"
) -> Release:
    media = []
    for disc in range(1, discs + 1):
        tracks = tuple(
            Track(
                mbid(100 * disc + at), SafeStr(title), SafeStr(artist), disc, at, length=180_000 + 7_000 * at
            )
            for at, title in enumerate(titles, 1)
        )
        media.append(Medium(disc, SafeStr("CD"), SafeStr(""), tracks))
    return Release(mbid(1), SafeStr(album), SafeStr(artist), tuple(media), date=SafeStr("2002-02-13"))


def intents(one: Release, *places: int, **constraints: Any) -> list[Intent[Music]]:
    chosen = [one.tracks[place] for place in places] if places else one.tracks
    return [
        Intent(
            Music(t.recording, one.mbid, t.title, t.artist, t.disc, t.position, t.length, one),
            constraints=Constraints(**constraints),
        )
        for t in chosen
    ]


def file(path: str, track: Track | None = None, size: int = 30_000_000, **told: Any) -> RemoteFile:
    if track is not None and track.length:
        told.setdefault("duration", track.length // 1000)
    return RemoteFile(path, size, Attributes(**told))


def answer(
    user: str, *files: RemoteFile, free: bool = True, speed: int = 500_000, queue: int = 0
) -> SearchAnswer:
    return SearchAnswer(7, user, files, free, speed, queue)


def found(wants: list[Intent[Music]], *answers: SearchAnswer, hides: Any = lambda user: False) -> Found:
    results = Results()
    for one in answers:
        results.add(usable(one))
    return match_all(wants, heard_of([results], hides))


def remotes(one: Found) -> list[list[str]]:
    return [[c.remote for c in row] for row in one.candidates]


STYLES = {
    "numbered": lambda t: f"{t.position:02} - {t.title}.flac",
    "with the artist": lambda t: f"{t.position:02}. {t.artist} - {t.title}.flac",
    "artist first": lambda t: f"{t.artist} - {t.title}.flac",
    "disc and number": lambda t: f"{t.disc}-{t.position:02} {t.title}.flac",
    "bare": lambda t: f"{t.title}.flac",
    "scores": lambda t: f"{t.position:02}_{t.title.replace(' ', '_')}.flac",
    "no title": lambda t: f"{t.position:02}.flac",
}


@given(
    st.lists(st.sampled_from(TITLES), min_size=1, max_size=9, unique=True),
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["Ann & The Boats - Winter Light (2002) [FLAC]", "Ann & The Boats\\Winter Light"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_a_folder_named_in_any_usual_way_is_taken_apart_rightly(
    titles: list[str], style: str, folder: str, timed: bool, rng: Any
) -> None:
    one = release(*titles)
    paths = [f"@@abcde\\Music\\{folder}\\{STYLES[style](t)}" for t in one.tracks]
    if not timed and style == "no title":
        timed = True  # a number alone, in an unknown length, tells too little
    told = [
        file(path, t if timed else None, 1000 * t.position + 30_000_000)
        for path, t in zip(paths, one.tracks, strict=True)
    ]
    rng.shuffle(told)
    assert remotes(found(intents(one), answer("ben", *told))) == [[path] for path in paths]


def test_a_file_of_a_track_that_is_not_wanted_is_no_other_tracks() -> None:
    one = release("Low Tide", "Low Tide (live)", "Harbour")
    live = file("m\\Ann & The Boats\\Winter Light\\02 Low Tide (live).flac")
    assert remotes(found(intents(one, 0), answer("ben", live))) == [[]]
    assert remotes(found(intents(one, 1), answer("ben", live))) == [[live.path]]


def test_the_same_title_on_two_discs_needs_a_number() -> None:
    one = release("Intro", discs=2)
    plain = file("m\\Ann & The Boats\\Winter Light\\Intro.flac")
    assert remotes(found(intents(one), answer("ben", plain))) == [[], []]
    second = file("m\\Ann & The Boats\\Winter Light\\CD2\\01 Intro.flac")
    assert remotes(found(intents(one), answer("ben", second))) == [[], [second.path]]


def test_a_length_that_is_off_is_refused_with_its_reason() -> None:
    one = release("Harbour")
    [track] = one.tracks
    path = "m\\Ann & The Boats\\Winter Light\\01 Harbour.flac"
    for off, refused in ((2, 0), (3, 1), (-2, 0), (-4, 1)):
        seconds = (track.length or 0) // 1000 + off
        row = found(intents(one), answer("ben", file(path, duration=seconds))).candidates[0]
        judged = judge(track.length, Constraints(), row)
        assert len(judged.refused) == refused and len(row) == 1
        assert not refused or "than the track" in judged.refused[0][1]
    far = file(path, duration=(track.length or 0) // 1000 - 20)
    assert remotes(found(intents(one), answer("ben", far))) == [[]]  # another recording


def test_of_one_folder_one_file_is_a_track() -> None:
    one = release("Harbour", "Nine Lives")
    folder = "m\\Ann & The Boats\\Winter Light\\"
    files = [
        file(f"{folder}01 Harbour.flac", one.tracks[0]),
        file(f"{folder}Harbour.mp3", one.tracks[0], 5_000_000, bitrate=320),
        file(
            "m\\other\\Ann & The Boats - Winter Light\\01 Harbour.mp3", one.tracks[0], 5_100_000, bitrate=320
        ),
    ]
    rows = remotes(found(intents(one), answer("ben", *files)))
    assert rows == [[files[0].path, files[2].path], []]


def test_what_a_candidate_says() -> None:
    one = release("Harbour")
    path = "m\\Ann & The Boats\\Winter Light\\01 Harbour.flac"
    told = file(path, one.tracks[0], sample_rate=44_100, bit_depth=16)
    [[candidate]] = found(intents(one), answer("ben", told, queue=2)).candidates
    assert candidate.content == key_of("ben", path, told.size) and candidate.user == "ben"
    assert (candidate.codec, candidate.lossless, candidate.sample_rate, candidate.bit_depth) == (
        "FLAC", True, 44_100, 16
    )  # fmt: skip
    assert candidate.duration == 187_000 and candidate.bitrate == 30_000_000 * 8 // 187
    assert candidate.cheap and candidate.reasons == (
        "cheap from a Soulseek user: a free slot, 500 kB/s",
        "title, artist, album, number and length fit",
    )
    for name, bitrate, depth, codec, lossless in (
        ("a.m4a", 256, None, "AAC", False),
        ("a.m4a", None, 16, "ALAC", True),
        ("a.aiff", None, None, "PCM", True),
        ("a.opus", 160, None, "Opus", False),
    ):
        other = file(
            path.replace("01 Harbour.flac", f"01 Harbour.{name[2:]}"), bitrate=bitrate, bit_depth=depth
        )
        [[candidate]] = found(intents(one), answer("ben", other)).candidates
        assert (candidate.codec, candidate.lossless) == (codec, lossless)


def test_peers_first_while_the_server_is_not_well() -> None:
    one = release("Harbour")
    results = Results()
    results.add(answer("ben", file("m\\Ann & The Boats\\Winter Light\\01 Harbour.flac", one.tracks[0])))
    [[candidate]] = match_all(intents(one), heard_of([results], lambda user: False), prefers=False).candidates
    assert not candidate.cheap
    assert candidate.reasons[0] == "from a Soulseek user; peers come first while the server is not well"


def test_locked_empty_unknown_and_hidden_ones_are_out() -> None:
    one = release("Harbour")
    folder = "m\\Ann & The Boats\\Winter Light\\"
    good = file(f"{folder}01 Harbour.flac", one.tracks[0])
    bad = [
        RemoteFile(f"{folder}01 Harbour.flac", 5, locked=True),
        RemoteFile(f"{folder}01 Harbour.mp3", 0),
        RemoteFile(f"{folder}01 Harbour.jpg", 5),
        RemoteFile(f"{folder}01 Harbour", 5),
        RemoteFile(f"{folder}{'x' * 5000}\\01 Harbour.flac", 5),
    ]
    assert usable(answer("ben", *bad)).files == ()
    assert usable(answer("b" * 201, good)).files == ()
    assert remotes(found(intents(one), answer("ben", good), hides=lambda user: user == "ben")) == [[]]


def test_whole_folders_and_cheap_ones_are_kept_where_there_are_too_many() -> None:
    one = release("Harbour", "Nine Lives")
    folder = "m\\Ann & The Boats\\Winter Light\\"
    part = file(f"{folder}01 Harbour.flac", one.tracks[0])
    both = (part, file(f"{folder}02 Nine Lives.flac", one.tracks[1], 31_000_000))
    crowd = [answer(f"u{n}", part, free=False, queue=90) for n in range(3 * CANDIDATES_MAX)]
    answers = [*crowd, answer("part", part), answer("whole", *both), answer("slow", *both, speed=1)]
    result = found(intents(one), *answers)
    assert len(result.candidates[0]) == CANDIDATES_MAX
    assert [c.user for c in result.candidates[0]][:3] == ["whole", "part", "slow"]
    assert (result.users, result.whole) == (3 * CANDIDATES_MAX + 3, 2)


names = st.text(st.characters(), max_size=40)


@given(
    st.lists(st.tuples(names, names, st.integers(-5, 2**63), st.integers(-(2**40), 2**40)), max_size=8),
    st.sampled_from(["flac", "mp3", "m4a", "exe"]),
)
def test_hostile_names_and_numbers_get_into_no_reason(
    told: list[tuple[str, str, int, int]], ending: str
) -> None:
    one = release("Harbour", "雨")
    answers = [
        SearchAnswer(
            7,
            f"{user}\x1b[2J",
            (
                RemoteFile(
                    f"{name}\\01 Harbour.{ending}", size, Attributes(number, number, None, number, number)
                ),
                RemoteFile(f"\\{name}Harbour{name}.{ending}", size),
            ),
            True,
            number,
            -number,
        )
        for user, name, size, number in told
    ]
    result = found(intents(one), *answers)
    for candidate in (c for row in result.candidates for c in row):
        assert candidate.size > 0 and candidate.duration >= 0 and candidate.bitrate >= 0
        assert all(reason.isprintable() for reason in candidate.reasons)
        assert judge(None, Constraints(), [candidate]).accepted
        assert len(candidate.content) == 16


def test_the_words_of_a_search() -> None:
    def words(artist: str, album: str, title: str = "Song") -> tuple[str, str]:
        [intent] = intents(release(title, artist=artist, album=album))
        return release_words(intent.want), track_words(intent.want)

    assert words("Ann", "Winter Light (Deluxe Edition)") == ("ann winter light", "ann song")
    assert words("Various Artists", "Don't Look -Back-") == ("don look back", "song")
    assert words("Ann feat. Bob & Co", "Ann") == ("ann", "ann song")
    assert words("Sigur Rós", "( )", "Untitled [1]") == ("sigur rós", "sigur rós untitled")
    assert words("O'Brien", "It'll Do") == ("o brien it do", "o brien song")
    long = words("é" * 90, " ".join(f"word{n}" for n in range(40)))[0]
    assert len(long.encode()) <= BYTES_MAX and "word2" in long


@given(names, names, names)
def test_any_names_make_a_search_that_excludes_nothing(artist: str, album: str, title: str) -> None:
    want = Music(mbid(7), title=title, artist=artist)
    for text in (
        track_words(want),
        release_words(intents(release(title, artist=artist, album=album))[0].want),
    ):
        assert len(text.encode("utf-8", "replace")) <= BYTES_MAX
        assert all(word.isalnum() for word in text.split())
