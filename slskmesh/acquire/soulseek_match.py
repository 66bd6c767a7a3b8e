"""From answers of the Soulseek network to candidates: which file is which track, and what its user is like. Pure.

Rules:
- A file is a track's by what its path, its number and its length say (`catalogue.matching`), held against all tracks of
  the release, wanted or not; below SURE, or between two tracks alike, it is nobody's.
- Of one user's folder one file is one track's, the surest. All copies of one file are judged once.
- Files that are locked, empty, no music that is known, or of a name that no download may have, are left out before.
- What users call themselves and their files never gets into a reason.
- Bounded: entries looked at, files judged, candidates a want.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from slskmesh.acquire.backends import SOULSEEK
from slskmesh.acquire.cheap import Told, cheapness
from slskmesh.acquire.domains import Constraints, Intent, Music
from slskmesh.acquire.plan import Candidate
from slskmesh.catalogue.matching import Match, judge
from slskmesh.catalogue.objects import Release, Track
from slskmesh.catalogue.words import plain
from slskmesh.filters import is_lossless
from slskmesh.shadow.normalise import codec_of, facts_of
from slskmesh.soulseek.download_entry import key_of
from slskmesh.soulseek.downloads import NAME_MAX, PATH_MAX
from slskmesh.soulseek.release_paths import extension_of, folder_and_disc
from slskmesh.soulseek.results import Entry, Results, Source
from slskmesh.soulseek.values import Attributes, RemoteFile, SearchAnswer
from slskmesh.text import sanitize
from slskmesh.wire.limits import FILE_MAX

SURE: Final = 0.6
APART: Final = 0.01
CANDIDATES_MAX: Final = 20  # a want
ENTRIES_MAX: Final = 5_000
JUDGED_MAX: Final = 10_000
WORDS_MAX: Final = 10  # of a search
BYTES_MAX: Final = 200
_FACES: Final = 3  # copies of one file whose paths are read
_SECONDS_MAX: Final = 1 << 20
_RATE_MAX: Final = 1 << 22  # Hz, kbit/s
_SHORT: Final = 2  # letters behind an apostrophe that are no word: 's, 't, 'll
_WORD = re.compile(r"[^\W_]+(?:['’`´][^\W_]+)*")
_APOSTROPHE = re.compile(r"['’`´]")
_FEATURING = re.compile(r"\s*[(\[]?\b(?:feat\.?|ft\.|featuring)\s.*", re.IGNORECASE)
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_NOBODY: Final = frozenset(("various artists", "various", "va", "unknown artist", "unknown"))
_AGREE: Final = ("title", "artist", "album", "number", "length")
# kind of a file (`library.kinds`) -> codec as `library.variant` names it
_CODECS: Final = {
    "flac": "FLAC", "mp3": "MP3", "vorbis": "Vorbis", "opus": "Opus", "speex": "Speex", "wave": "PCM",
    "aiff": "PCM", "wavpack": "WavPack", "ape": "APE", "musepack": "Musepack", "asf": "WMA", "tta": "TTA",
    "tak": "TAK", "optimfrog": "OptimFROG", "aac": "AAC", "dsf": "DSD", "dsdiff": "DSD", "mp4": "AAC",
}  # fmt: skip


class Heard(NamedTuple):
    """One file and all who have it, as it was when it was looked at."""

    attributes: Attributes
    disc: int
    track: int
    sources: tuple[Source, ...]


class Found(NamedTuple):
    """Candidates for each want in their order; how many users have one, how many all of them in one folder."""

    candidates: tuple[tuple[Candidate, ...], ...]
    users: int = 0
    whole: int = 0


# -- asking ------------------------------------------------------------------------------------------------------------


def release_words(want: Music) -> str:
    """What is searched for the whole release, else for the track alone; "" where nothing is known."""
    edition = want.edition
    if edition is None:
        return track_words(want)
    album = _BRACKETS.sub(" ", edition.title)
    return _words(edition.artist, album if _WORD.search(album) else edition.title)


def track_words(want: Music) -> str:
    """What is searched for one track."""
    title = _BRACKETS.sub(" ", want.title)
    return _words(want.artist, title if _WORD.search(title) else want.title)


def _words(artist: str, title: str) -> str:
    """Each word once; those of nobody in particular left out. Users' clients want all words of a search."""
    names = ["" if plain(artist) in _NOBODY else _FEATURING.sub("", artist), _FEATURING.sub("", title)]
    found: dict[str, None] = {}
    for word in (word for name in names for word in _WORD.findall(name)):
        first, *behind = _APOSTROPHE.split(word.lower())
        found.update(dict.fromkeys([first, *(part for part in behind if len(part) > _SHORT)]))
    words = list(found)[:WORDS_MAX]
    while len(" ".join(words).encode()) > BYTES_MAX:
        words.pop()
    return " ".join(words)


# -- listening ---------------------------------------------------------------------------------------------------------


def usable(answer: SearchAnswer) -> SearchAnswer:
    """The answer with those of its files that could be fetched as music."""
    fits = 0 < len(answer.user) <= NAME_MAX
    files = tuple(file for file in answer.files if fits and _is_usable(file))
    return msgspec.structs.replace(answer, files=files)


def _is_usable(file: RemoteFile) -> bool:
    fits = 0 < len(file.path) <= PATH_MAX and 0 < file.size <= FILE_MAX
    return fits and not file.locked and codec_of(file.path) in _CODECS


def heard_of(results: Iterable[Results], hides: Callable[[str], bool]) -> list[Heard]:
    """All files of these results, those that most users have first, without users that are hidden."""
    entries = [entry for one in results for entry in one.entries.values()]
    entries.sort(key=lambda entry: -len(entry.sources))
    return [found for entry in entries[:ENTRIES_MAX] if (found := _heard(entry, hides)).sources]


def _heard(entry: Entry, hides: Callable[[str], bool]) -> Heard:
    sources = tuple(source for source in entry.sources if not hides(source.user))
    return Heard(entry.attributes, entry.disc, entry.track, sources)


# -- matching ----------------------------------------------------------------------------------------------------------


class _Target(NamedTuple):
    """A track of the release; `want` is its place among the wants, None: not wanted."""

    place: int
    track: Track
    words: frozenset[str]
    want: int | None


class _Copy(NamedTuple):
    match: Match
    heard: Heard
    source: Source


_Holder = tuple[str, str]  # user, release's folder there


def match_all(intents: Sequence[Intent[Music]], files: Sequence[Heard], *, prefers: bool = True) -> Found:
    """Candidates of these files for the wants of one release. `prefers`: whether cheap users come before peers now.

    Takes a while for many files: to be called in a thread.
    """
    edition = next((intent.want.edition for intent in intents if intent.want.edition is not None), None)
    targets = _targets(intents, edition)
    left = JUDGED_MAX
    copies: dict[tuple[_Holder, int], _Copy] = {}
    for heard in files:
        nominated = _nominated(heard, targets)
        left -= len(nominated) * _FACES
        if left < 0:
            break
        target, match = _fit(heard, nominated, edition)
        if target is None or match is None or target.want is None:
            continue
        for source in heard.sources:
            key = (source.user, folder_and_disc(source.file.folder)[0]), target.want
            if key not in copies or copies[key].match.confidence < match.confidence:
                copies[key] = _Copy(match, heard, source)
    return _found(intents, copies, prefers)


def _targets(intents: Sequence[Intent[Music]], edition: Release | None) -> list[_Target]:
    left = dict(enumerate(intent.want for intent in intents))
    targets = []
    for place, track in enumerate(edition.tracks if edition is not None else ()):
        number = next((number for number, want in left.items() if _is_track(want, track)), None)
        targets.append(_target(place, track, number))
        left.pop(-1 if number is None else number, None)
    return targets + [_target(-1, _track(want), number) for number, want in left.items()]


def _is_track(want: Music, track: Track) -> bool:
    here = not want.position or (want.disc or 1, want.position) == (track.disc, track.position)
    return want.recording == track.recording and here


def _track(want: Music) -> Track:
    title, artist = sanitize(want.title), sanitize(want.artist)
    return Track(want.recording, title, artist, want.disc or 1, want.position, length=want.length)


def _target(place: int, track: Track, want: int | None) -> _Target:
    return _Target(place, track, frozenset(plain(track.title).split()), want)


def _nominated(heard: Heard, targets: Sequence[_Target]) -> list[_Target]:
    """Tracks whose whole title stands in the file's name, else those of its number."""
    name = heard.sources[0].file.name
    words = set(plain(name.rpartition(".")[0].replace("_", " ")).split()) | set(plain(name).split())
    named = [target for target in targets if target.words and target.words <= words]
    return named or [
        target
        for target in targets
        if heard.track
        and heard.track in (target.track.position, target.place + 1)
        and heard.disc in (0, target.track.disc)
    ]


def _fit(
    heard: Heard, targets: Sequence[_Target], edition: Release | None
) -> tuple[_Target | None, Match | None]:
    """The track that it is, if it is likely enough and no other about as likely."""
    faces = {source.file.path: source.file for source in heard.sources[:_FACES]}
    facts = [facts_of(RemoteFile(path, file.size, heard.attributes)) for path, file in faces.items()]
    ranked = sorted(
        (
            (max((judge(one, t.track, edition, t.place) for one in facts), key=lambda m: m.confidence), t)
            for t in targets
        ),
        key=lambda pair: -pair[0].confidence,
    )
    if not ranked or ranked[0][0].confidence < SURE:
        return None, None
    if len(ranked) > 1 and ranked[0][0].confidence - ranked[1][0].confidence < APART:
        return None, None
    return ranked[0][1], ranked[0][0]


# -- candidates --------------------------------------------------------------------------------------------------------


def _found(
    intents: Sequence[Intent[Music]], copies: dict[tuple[_Holder, int], _Copy], prefers: bool
) -> Found:
    covers = Counter(holder for holder, _ in copies)
    rows: dict[int, list[tuple[int, Candidate]]] = defaultdict(list)
    for (holder, number), copy in copies.items():
        candidate = _candidate(copy, intents[number].constraints, prefers)
        rows[number].append((covers[holder], candidate))
    for row in rows.values():
        row.sort(key=lambda pair: (not pair[1].cheap, -pair[0], -pair[1].score, pair[1].content))
    return Found(
        tuple(tuple(one for _, one in rows[number][:CANDIDATES_MAX]) for number in range(len(intents))),
        len({user for user, _ in covers}),
        len({user for (user, _), count in covers.items() if count == len(intents)}),
    )


def _candidate(copy: _Copy, constraints: Constraints, prefers: bool) -> Candidate:
    source, attributes = copy.source, copy.heard.attributes
    file = source.file
    extension = extension_of(file.name)
    codec = _CODECS[codec_of(file.path)]
    lossless = bool(is_lossless(extension, attributes.bitrate, attributes.bit_depth))
    duration = _within(attributes.duration, _SECONDS_MAX) * 1000
    told = _within(attributes.bitrate, _RATE_MAX) * 1000
    candidate = Candidate(
        content=key_of(source.user, file.path, file.size),
        size=file.size,
        backend=SOULSEEK,
        codec="ALAC" if lossless and codec == "AAC" else codec,
        lossless=lossless,
        sample_rate=_within(attributes.sample_rate, _RATE_MAX),
        bit_depth=_within(attributes.bit_depth, 64),
        duration=duration,
        bitrate=told or (file.size * 8000 // duration if duration else 0),
        score=round(5 * copy.match.confidence + _ease(source), 3),
        user=source.user,
        remote=file.path,
    )
    is_cheap, why = cheapness(candidate, Told(source.free_slot, source.speed, source.queue), constraints)
    if is_cheap and not prefers:
        is_cheap, why = False, "from a Soulseek user; peers come first while the server is not well"
    agree = [name for name in _AGREE if name in copy.match.agrees]
    reasons = (why, f"{_listed(agree)} fit{'s' if len(agree) == 1 else ''}")
    return msgspec.structs.replace(candidate, cheap=is_cheap, reasons=reasons)


def _ease(source: Source) -> float:
    """-10 to 20: a slot, speed, few who wait."""
    speed, queue = max(0, source.speed), max(0, source.queue)
    return 10.0 * source.free_slot + min(10.0, speed / 100_000) - min(10.0, queue / 10)


def _within(number: int | None, most: int) -> int:
    return max(0, min(number or 0, most))


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names) or "its place"
    return f"{', '.join(names[:-1])} and {names[-1]}"
