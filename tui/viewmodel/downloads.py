"""All downloads as one list: those from peers and those from Soulseek users, a folder with several files as one line.

Rules:
- One line a file: a transfer that rescues a Soulseek download, or brought the same finished file, is part of its line.
- Both queues keep their own order; between them the older download comes first.
- The discs of a release are one folder; what stands in the downloads folder itself belongs to none.
- A file keeps its `File` while it is in the list. Newer views cost a comparison each; the lines are made anew only
  where files came, went or moved, or where the chosen order follows what changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import Any

from slskmesh.engine.legacy_views import LegacyDownloadView
from slskmesh.engine.views import TransferView
from tui.viewmodel.download import File, Stand, Sum

SORTS = ("queue order", "name", "state", "user", "rate", "size", "progress")
_DISC = re.compile(
    r"(?:cd|dis[ck]|disque|vinyl|lp|side)[ _.-]*(?:\d{1,2}|[a-d])(?:[ _.:-].*)?", re.IGNORECASE
)


def release_folder(folder: str) -> str:
    """The folder without the part that is only one of its discs."""
    above, _, last = folder.rpartition("/")
    return above if above and _DISC.fullmatch(last.strip()) else folder


class Folder:
    """Files that came in for the same folder; a line of its own where there are several."""

    __slots__ = ("_sum", "files", "key", "open", "path", "shown")

    def __init__(self, path: str) -> None:
        self.path = path
        self.key = f"folder {path}"
        self.files: list[File] = []
        self.shown: list[File] = []  # those that the filter lets through
        self.open = False
        self._sum: Sum | None = None

    @property
    def title(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2] or self.path

    @property
    def sum(self) -> Sum:
        """What its shown files come to."""
        if self._sum is None:
            self._sum = Sum.of(self.shown)
        return self._sum

    @property
    def lead(self) -> File:
        """The file that stands for it: what comes in now, else what comes next."""
        return self.sum.lead

    @property
    def words(self) -> str:
        """What n and N look at."""
        return "\n".join((self.path.casefold(), *(file.words for file in self.shown)))

    def stale(self) -> None:
        """One of its files changed."""
        self._sum = None


Line = File | Folder


def files_of(line: Line) -> Sequence[File]:
    """The files that a line stands for."""
    return line.shown if isinstance(line, Folder) else (line,)


def lead_of(line: Line) -> File:
    """The file whose map or timeline a line shows."""
    return line.lead if isinstance(line, Folder) else line


def _added(pair: tuple[str, TransferView | None, LegacyDownloadView | None]) -> float:
    view = pair[2] or pair[1]
    return view.added if view is not None else 0.0


Pair = tuple[str, TransferView | None, LegacyDownloadView | None]


def merged(transfers: Sequence[TransferView], legacy: Sequence[LegacyDownloadView]) -> Iterator[Pair]:
    """Key, transfer and Soulseek download of each file; see the rules above."""
    rescued = {d.transfer for d in legacy if d.transfer}
    ends = {str(d.path) for d in legacy if d.path}
    by_content: dict[str, TransferView] = {}
    by_path: dict[str, TransferView] = {}
    alone: list[Pair] = []
    for t in transfers:
        if t.transfer in rescued:
            by_content[t.transfer] = t
        elif t.path and str(t.path) in ends:
            by_path[str(t.path)] = t
        else:
            alone.append((t.transfer, t, None))
    theirs: list[Pair] = [
        (d.key, by_content.get(d.transfer) or by_path.get(str(d.path)) if d.transfer or d.path else None, d)
        for d in legacy
    ]
    return merge(alone, theirs, key=_added)


class Downloads:
    """The list, as a source of lines (`widgets.rowsview.Source`)."""

    def __init__(self) -> None:
        self.sort, self.reverse = SORTS[0], False
        self.filter = ""
        self.marked: set[str] = set()
        self.of_user: dict[str, list[int]] = {}  # files in the list, and how many of them are done
        self.stands: dict[Stand, int] = dict.fromkeys(Stand, 0)
        self._transfers: Sequence[TransferView] = ()
        self._legacy: Sequence[LegacyDownloadView] = ()
        self._files: dict[str, File] = {}
        self._owners: dict[str, File] = {}  # of each transfer
        self._folders: dict[str, Folder] = {}
        self._opened: set[str] = set()
        self._entries: list[Line] = []  # in queue order: folders with several files, and single files
        self._shown: list[Line] = []  # those of them that the filter lets through, in the chosen order
        self._lines: list[Line] = []
        self._places: dict[str, int] = {}

    # -- as a source of lines ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._lines)

    def row(self, position: int) -> Line:
        """The line at a place."""
        return self._lines[position]

    def key(self, row: Line) -> str:
        """The name of a line."""
        return row.key

    def position(self, key: str) -> int | None:
        """The place of a line; a file that is folded away is where its folder is."""
        place = self._places.get(key)
        if place is None and (file := self._files.get(key)) is not None:
            place = self._places.get(f"folder {release_folder(file.folder)}")
        return place

    # -- what came ---------------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """Files in the list, whatever is shown."""
        return len(self._files)

    @property
    def files(self) -> Iterable[File]:
        """All of them, in queue order."""
        return self._files.values()

    def file(self, key: str) -> File | None:
        """One of them; a transfer's id finds the Soulseek download it rescues."""
        return self._files.get(key) or self._owners.get(key)

    def take(self, transfers: Sequence[TransferView], legacy: Sequence[LegacyDownloadView]) -> None:
        """Follows the newest views."""
        found = self._changes(transfers, legacy)
        self._transfers, self._legacy = transfers, legacy
        if found is None:
            self._take_all(transfers, legacy)
            return
        reworded = False
        for file, mesh, theirs in found:
            before = (file.words, file.stand)
            file.show(mesh, theirs)
            reworded = reworded or before != (file.words, file.stand)
            folder = self._folders.get(release_folder(file.folder))
            if folder is not None:
                folder.stale()
        if (found and self.sort in _FOLLOWING) or (reworded and self.filter):
            self._arrange()
        if reworded:
            self._count()

    def _changes(
        self, transfers: Sequence[TransferView], legacy: Sequence[LegacyDownloadView]
    ) -> list[tuple[File, TransferView | None, LegacyDownloadView | None]] | None:
        """The files that newer views say something new of; None where the list itself is another."""
        if len(transfers) != len(self._transfers) or len(legacy) != len(self._legacy):
            return None
        fresh: dict[File, list[Any]] = {}
        for old, new in zip(self._legacy, legacy, strict=True):
            if old is new or old == new:
                continue
            if any(getattr(old, name) != getattr(new, name) for name in _LEGACY_FIXED):
                return None
            file = self._files[new.key]
            fresh[file] = [file.mesh, new]
        for before, now in zip(self._transfers, transfers, strict=True):
            if before is now or before == now:
                continue
            if any(getattr(before, name) != getattr(now, name) for name in _MESH_FIXED):
                return None
            file = self._owners[now.transfer]
            fresh.setdefault(file, [None, file.legacy])[0] = now
        return [(file, mesh, theirs) for file, (mesh, theirs) in fresh.items()]

    def _take_all(self, transfers: Sequence[TransferView], legacy: Sequence[LegacyDownloadView]) -> None:
        before, self._files = self._files, {}
        for key, mesh, theirs in merged(transfers, legacy):
            file = before.get(key)
            if file is None:
                file = File(key, mesh, theirs)
            else:
                file.show(mesh, theirs)
            self._files[key] = file
        self._owners = {f.mesh.transfer: f for f in self._files.values() if f.mesh is not None}
        for folder in self._folders.values():
            folder.stale()
        self._group()
        self._count()

    def _group(self) -> None:
        folders: dict[str, Folder] = {}
        firsts: list[Folder | File] = []
        for file in self._files.values():
            path = release_folder(file.folder)
            folder = folders.get(path)
            if folder is None:
                folder = folders[path] = self._folders.get(path) or Folder(path)
                folder.files = []
                firsts += [folder] if path else []
            folder.files.append(file)
            firsts += [] if path else [file]
        self._entries = [
            entry.files[0] if isinstance(entry, Folder) and len(entry.files) == 1 else entry
            for entry in firsts
        ]
        self._folders = folders
        self._opened &= folders.keys()
        self.marked &= self._files.keys()
        self._arrange()

    def _count(self) -> None:
        self.stands = dict.fromkeys(Stand, 0)
        self.of_user = {}
        for file in self._files.values():
            self.stands[file.stand] += 1
            if file.user:
                counts = self.of_user.setdefault(file.user, [0, 0])
                counts[0] += 1
                counts[1] += file.stand is Stand.DONE

    # -- what the person asked for -----------------------------------------------------------------------------

    def arrange(self, sort: str, reverse: bool) -> None:
        """Another order."""
        self.sort, self.reverse = sort, reverse
        self._arrange()

    def look_for(self, text: str) -> None:
        """Only files with all these words (empty: all); folders stand open meanwhile."""
        if text != self.filter:
            self.filter = text
            self._arrange()

    def flip(self, folder: Folder) -> None:
        """Opens a folder, or folds it."""
        self._opened ^= {folder.path}
        self._flatten()

    def show(self, key: str) -> str:
        """Opens the folder that a file is folded away in; the file's key, empty for none."""
        file = self.file(key)
        if file is None:
            return ""
        if file.key not in self._places:
            self._opened.add(release_folder(file.folder))
            self._flatten()
        return file.key

    def folder_of(self, line: Line) -> Folder | None:
        """The folder line that a line belongs to, or is."""
        if isinstance(line, Folder):
            return line
        folder = self._folders.get(release_folder(line.folder))
        return folder if folder is not None and folder.key in self._places else None

    def mark(self, lines: Iterable[Line]) -> None:
        """Marks the files of these lines; takes the marks away where all have one."""
        keys = {file.key for line in lines for file in files_of(line)}
        self.marked = self.marked - keys if keys <= self.marked else self.marked | keys

    def invert(self) -> None:
        """Marks what is shown and not marked, and takes the other marks away."""
        shown = {file.key for line in self._lines for file in files_of(line)}
        self.marked = shown - self.marked

    def is_marked(self, key: str) -> bool:
        """Whether a line is marked: a folder where all its files are."""
        if not self.marked:
            return False
        if key in self.marked:
            return True
        folder = self._folders.get(key.removeprefix("folder "))
        return folder is not None and folder.key == key and all(f.key in self.marked for f in folder.shown)

    @property
    def chosen(self) -> list[File]:
        """The marked files, in queue order."""
        return [file for key, file in self._files.items() if key in self.marked]

    def neighbours(self, line: Line, step: int) -> tuple[list[File], int]:
        """What moves when a line goes one line earlier (-1) or later: its files, and how many places of their queue.

        Nothing where no line of the same queue stands there. A folder's files of both queues move in the queue of
        its first one.
        """
        below = isinstance(line, File) and line.below
        folder = self.folder_of(line) if below else None
        siblings: Sequence[Line] = folder.files if folder is not None else self._entries
        mine = list(line.files) if isinstance(line, Folder) else [line]
        legacy = mine[0].legacy is not None
        mine = [file for file in mine if (file.legacy is not None) is legacy]
        at = siblings.index(line) + step
        while 0 <= at < len(siblings):
            sibling = siblings[at]
            others = sibling.files if isinstance(sibling, Folder) else [sibling]
            places = sum((file.legacy is not None) is legacy for file in others)
            if places:
                return mine, step * places
            at += step
        return [], 0

    # -- order -------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        terms = self.filter.casefold().split()
        entries: list[Line] = []
        for entry in self._entries:
            if isinstance(entry, File):
                if all(term in entry.words for term in terms):
                    entries.append(entry)
                continue
            found = entry.files
            for term in terms:
                found = [file for file in found if term in file.words]
            if found:
                shown = self._sorted(found)
                if shown != entry.shown:
                    entry.shown = shown
                    entry.stale()
                    for file in shown:
                        file.below = True
                entries.append(entry)
        self._shown = self._sorted(entries)
        self._flatten()

    def _sorted(self, lines: Sequence[Any]) -> list[Any]:
        key = _KEYS.get(self.sort)
        ordered = sorted(lines, key=key) if key is not None else list(lines)
        if self.reverse:
            ordered.reverse()
        return ordered

    def _flatten(self) -> None:
        lines: list[Line] = []
        for entry in self._shown:
            lines.append(entry)
            if isinstance(entry, Folder):
                entry.open = bool(self.filter) or entry.path in self._opened
                if entry.open:
                    lines += entry.shown
            else:
                entry.below = False
        self._lines = lines
        self._places = {line.key: at for at, line in enumerate(lines)}


def _value(line: Line) -> File | Sum:
    return line.sum if isinstance(line, Folder) else line


_KEYS: dict[str, Callable[[Line], Any]] = {
    "name": lambda line: line.title.casefold(),
    "state": lambda line: _value(line).stand.value,
    "user": lambda line: _value(line).user.casefold(),
    "rate": lambda line: -_value(line).rate,
    "size": lambda line: -_value(line).size,
    "progress": lambda line: -_value(line).share,
}
# what places a file in the list: where one of these differs, the list is made anew
_MESH_FIXED = ("transfer", "name", "folder", "path", "added")
_LEGACY_FIXED = ("key", "transfer", "name", "folder", "path", "added")
_FOLLOWING = frozenset({"state", "user", "rate", "size", "progress"})
