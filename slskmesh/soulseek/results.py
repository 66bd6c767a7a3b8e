"""The answers to one of our searches, put together: files, who has them, and the releases they are of (pure).

Rules:
- One file is one entry, however many users have it: the same size and extension, and the same name but for the track's
  number, case and accents; or the same length and names of which one is the other's end. Lengths must not contradict.
- Its sources are in the order to ask them in: unlocked, with a free slot, faster, with a shorter queue.
- Folders are releases, their discs folded; folders of several users that share files and are called alike are one.
- An answer costs the answer, not what is there. Keys never change. At most FILES_MAX sources; more is counted only.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from slskmesh.filters import Facts, Filter, Verdict, is_lossless
from slskmesh.soulseek.release_paths import extension_of, folder_and_disc, song_words, title_words, track_of
from slskmesh.soulseek.values import Attributes, RemoteFile, SearchAnswer

FILES_MAX: Final = 100_000
LOOKED_AT: Final = 32  # entries of one size held against a new file
LENGTHS_APART: Final = 2  # seconds by which clients tell the length of one file differently


@dataclass(slots=True, eq=False)
class Source:
    """One user's copy. Speed in bytes/s; `queue` is how many wait there."""

    user: str
    file: RemoteFile
    free_slot: bool
    speed: int
    queue: int

    @property
    def rank(self) -> tuple[bool, bool, int, int, str, str]:
        """Smaller is asked first."""
        return self.file.locked, not self.free_slot, -self.speed, self.queue, self.user, self.file.path


@dataclass(slots=True, eq=False)
class Entry:
    """One file, whoever has it. `attributes`: what any source knows; disc and track 0: unknown."""

    key: str
    name: str
    size: int
    extension: str
    words: tuple[str, ...]
    attributes: Attributes
    disc: int
    track: int
    length: int | None  # as the first source told it
    sources: list[Source] = field(default_factory=list)

    @property
    def users(self) -> int:
        """How many users have it."""
        return len({source.user for source in self.sources})


@dataclass(slots=True, eq=False)
class Holding:
    """What one user has of a release, by his answers. `folder`: the release's folder there."""

    user: str
    folder: str
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Release:
    """Folders that are one release. `holdings` by user and folder."""

    key: str
    title: str
    words: frozenset[str]
    entries: dict[str, Entry] = field(default_factory=dict)
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)

    def tracks(self) -> list[Entry]:
        """Its files by disc, track and name."""
        return sorted(
            self.entries.values(), key=lambda entry: (entry.disc, entry.track, entry.name.casefold())
        )

    def numbers(self) -> set[tuple[int, int]]:
        """(disc, track) of all tracks it must have, by the highest number seen of each disc."""
        most: dict[int, int] = {}
        for entry in self.entries.values():
            if entry.track:
                most[entry.disc] = max(most.get(entry.disc, 0), entry.track)
        return {(disc, track) for disc, last in most.items() for track in range(1, last + 1)}

    def completeness(self, holding: Holding) -> tuple[int, int]:
        """How many of its tracks a holding has, and how many there are; of all files where they have no numbers."""
        wanted = self.numbers()
        if not wanted:
            return len(holding.entries), len(self.entries)
        have = {(entry.disc, entry.track) for entry in holding.entries.values()}
        return len(wanted & have), len(wanted)


class Results:
    """The answers to one search."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.releases: dict[str, Release] = {}
        self.files = 0  # sources in all
        self.dropped = 0
        self._numbers = 0  # the keys' counter
        self._named: dict[tuple[int, str, tuple[str, ...]], list[Entry]] = {}
        self._long: dict[tuple[int, str, int], list[Entry]] = {}
        self._seen: dict[str, dict[str, Entry]] = {}  # user -> path -> entry
        self._of: dict[str, set[str]] = {}  # entry -> keys of releases it is in
        self._folders: dict[tuple[str, str], Release] = {}

    def add(self, answer: SearchAnswer) -> set[str]:
        """Takes an answer; the keys of the releases that it changed."""
        seen = self._seen.get(answer.user, {})
        folders: dict[str, list[tuple[RemoteFile, int]]] = {}
        for file in answer.files:
            if file.path in seen:
                continue
            if self.files >= FILES_MAX:
                self.dropped += 1
                continue
            self.files += 1
            root, disc = folder_and_disc(file.folder)
            folders.setdefault(root, []).append((file, disc))
            seen[file.path] = self._entry(file, disc)
        if seen:
            self._seen[answer.user] = seen
        changed: set[str] = set()
        for root, files in folders.items():
            for file, _ in files:
                source = Source(answer.user, file, answer.free_slot, answer.speed, answer.queue)
                insort(seen[file.path].sources, source, key=lambda source: source.rank)
            changed |= self._place(answer.user, root, [seen[file.path] for file, _ in files])
        return changed

    def entry_of(self, user: str, path: str) -> Entry | None:
        """The file that a user's path is a copy of; None: it is not here."""
        return self._seen.get(user, {}).get(path)

    def release_of(self, user: str, file: RemoteFile) -> Release | None:
        """The release that a user's file is in; None: it is not here."""
        return self._folders.get((user, folder_and_disc(file.folder)[0]))

    # -- files -------------------------------------------------------------------------------------------------

    def _entry(self, file: RemoteFile, disc: int) -> Entry:
        """The entry this file is a copy of, else a new one."""
        name = file.name
        extension, words = extension_of(name), song_words(name)
        entry = self._known(file, extension, words)
        told, track = track_of(name)
        if entry is not None:
            entry.attributes = _merged(entry.attributes, file.attributes)
            entry.disc, entry.track = entry.disc or disc or told, entry.track or track
            return entry
        length = file.attributes.duration
        entry = Entry(
            self._key("f"), name, file.size, extension, words, file.attributes, disc or told, track, length
        )
        self.entries[entry.key] = entry
        self._named.setdefault((file.size, extension, words), []).append(entry)
        if length is not None:
            self._long.setdefault((file.size, extension, length), []).append(entry)
        return entry

    def _known(self, file: RemoteFile, extension: str, words: tuple[str, ...]) -> Entry | None:
        length = file.attributes.duration
        for entry in self._named.get((file.size, extension, words), ())[:LOOKED_AT]:
            other = entry.attributes.duration
            if length is None or other is None or abs(length - other) <= LENGTHS_APART:
                return entry
        if length is not None:
            for entry in self._long.get((file.size, extension, length), ())[:LOOKED_AT]:
                if _one_ends_as_other(entry.words, words):
                    return entry
        return None

    def _key(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}{self._numbers}"

    # -- releases ----------------------------------------------------------------------------------------------

    def _place(self, user: str, root: str, entries: list[Entry]) -> set[str]:
        """Puts a user's files of one folder into their release; the keys of all releases they are in."""
        release = self._folders.get((user, root)) or self._release(root, entries)
        self._folders[user, root] = release
        holding = release.holdings.setdefault((user, root), Holding(user, root))
        changed = set()
        for entry in entries:
            holding.entries[entry.key] = release.entries[entry.key] = entry
            within = self._of.setdefault(entry.key, set())
            within.add(release.key)
            changed |= within
        return changed

    def _release(self, root: str, entries: Iterable[Entry]) -> Release:
        """The release that shares most files with a new folder and is called alike, else a new one."""
        words = title_words(root)
        shared = Counter(key for entry in entries for key in self._of.get(entry.key, ()))
        for key, _ in shared.most_common(LOOKED_AT):
            release = self.releases[key]
            if words <= release.words or release.words <= words:
                return release
        release = Release(self._key("r"), root.rpartition("\\")[2], words)
        self.releases[release.key] = release
        return release

    def drop(self, user: str) -> set[str]:
        """Takes a user out, as one who is ignored from now on; the keys of the releases that changed or went."""
        changed: set[str] = set()
        for entry in {entry.key: entry for entry in self._seen.pop(user, {}).values()}.values():
            before = len(entry.sources)
            entry.sources = [source for source in entry.sources if source.user != user]
            self.files -= before - len(entry.sources)
            changed |= self._of[entry.key]
            if not entry.sources:
                self._forget(entry)
        for key in changed:
            self._leave(self.releases[key], user)
        return changed

    def _leave(self, release: Release, user: str) -> None:
        """Takes a user's holdings out of a release, and the release itself where nobody else has any."""
        for place in [place for place in release.holdings if place[0] == user]:
            del release.holdings[place], self._folders[place]
        held = {key: entry for holding in release.holdings.values() for key, entry in holding.entries.items()}
        for key in release.entries.keys() - held.keys():
            self._of.get(key, set()).discard(release.key)
        release.entries = held
        if not held:
            del self.releases[release.key]

    def _forget(self, entry: Entry) -> None:
        del self.entries[entry.key], self._of[entry.key]
        named = entry.size, entry.extension, entry.words
        self._named[named].remove(entry)
        if not self._named[named]:
            del self._named[named]
        if entry.length is not None:
            alike = self._long[entry.size, entry.extension, entry.length]
            alike.remove(entry)
            if not alike:
                del self._long[entry.size, entry.extension, entry.length]


def facts(entry: Entry, source: Source) -> Facts:
    """What the filter language may ask of one user's copy."""
    known = entry.attributes
    return Facts(
        words=source.file.path.casefold(),
        format=entry.extension,
        size=entry.size,
        bitrate=known.bitrate,
        length=known.duration,
        lossless=is_lossless(entry.extension, known.bitrate, known.bit_depth),
        depth=known.bit_depth,
        rate=known.sample_rate,
        vbr=known.vbr,
        free=source.free_slot,
        queue=source.queue,
        speed=source.speed,
    )


def verdict(entry: Entry, wanted: Filter) -> Verdict:
    """The best that a filter says of any copy."""
    best = Verdict.NO
    for source in entry.sources:
        found = wanted.matches(facts(entry, source))
        if found is Verdict.YES:
            return found
        best = found if best is Verdict.NO else best
    return best


def _one_ends_as_other(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    least = min(len(one), len(other))
    return least > 0 and one[-least:] == other[-least:]


def _merged(one: Attributes, other: Attributes) -> Attributes:
    if one == other or other == Attributes():
        return one
    return Attributes(
        other.bitrate if one.bitrate is None else one.bitrate,
        other.duration if one.duration is None else one.duration,
        other.vbr if one.vbr is None else one.vbr,
        other.sample_rate if one.sample_rate is None else one.sample_rate,
        other.bit_depth if one.bit_depth is None else one.bit_depth,
    )
