"""The shares of one Soulseek user on the screen: a list of any length, of which only pages that are looked at are here.

Rules: at most PAGES_MAX pages are kept, those farthest from the screen go first; a page that is not here is a line that
says so; while the list still comes its places move, so pages are asked for anew; marks are bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from slskmesh.engine.legacy_events import BrowseProgress
from slskmesh.engine.legacy_views import FolderView, RemoteFileView
from tui.viewmodel import hits as words
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import count, plural, size
from tui.viewmodel.spans import Line

PAGE = 200
PAGES_MAX = 24
MARKS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Blank:
    """A line whose page is not here."""

    place: int


Item = FolderView | Blank


class Folders:
    """The folders of one user that fit some words, as a list source. Pages are numbered from 0."""

    def __init__(self) -> None:
        self.total = 0
        self.turn = 0  # of user and words: an answer to another is of no use
        self._pages: dict[int, tuple[FolderView, ...]] = {}
        self._places: dict[int, int] = {}  # of folders here, by their row
        self._asked: set[int] = set()
        self._old: set[int] = set()  # pages whose places may have moved

    def begin(self) -> int:
        """Another user or other words: nothing is here. Returns the turn."""
        self.turn += 1
        self.total = 0
        self._pages, self._places = {}, {}
        self._asked, self._old = set(), set()
        return self.turn

    def moved(self) -> None:
        """The list grew: what is here may stand elsewhere, and what was refused may be there."""
        self._old = set(self._pages)
        self._asked = set()

    def missing(self, top: int, lines: int) -> list[int]:
        """The pages to ask for when these lines are on the screen; each is told once until the list moved."""
        last = max(0, self.total - 1) // PAGE
        wanted = range(min(last, max(0, top) // PAGE), min(last, (top + lines) // PAGE) + 1)
        found = [page for page in wanted if page not in self._asked and self._lacks(page)]
        self._asked.update(found)
        return found

    def _lacks(self, page: int) -> bool:
        return page not in self._pages or page in self._old

    def take(self, turn: int, page: int, folders: tuple[FolderView, ...], total: int) -> None:
        """A page came."""
        if turn != self.turn:
            return
        self._asked.discard(page)
        self._old.discard(page)
        self._forget(page)
        self.total = total
        self._pages[page] = folders[:PAGE]
        for at, folder in enumerate(self._pages[page]):
            self._places[folder.row] = page * PAGE + at
        while len(self._pages) > PAGES_MAX:
            self._forget(max(self._pages, key=lambda other: abs(other - page)))

    def _forget(self, page: int) -> None:
        for folder in self._pages.pop(page, ()):
            if self._places.get(folder.row, -1) // PAGE == page:
                del self._places[folder.row]
        self._old.discard(page)

    @property
    def waiting(self) -> bool:
        """Whether some page was asked for and is not here."""
        return bool(self._asked)

    @property
    def pages(self) -> int:
        """How many pages are here."""
        return len(self._pages)

    def here(self) -> list[FolderView]:
        """The folders that are here."""
        return [folder for page in sorted(self._pages) for folder in self._pages[page]]

    # -- as a list ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.total

    def row(self, position: int) -> Item:
        """The line at a place."""
        page = self._pages.get(position // PAGE, ())
        inside = position % PAGE
        return page[inside] if inside < len(page) else Blank(position)

    def key(self, row: Item) -> str:
        """The name of a line."""
        return f"@{row.place}" if isinstance(row, Blank) else str(row.row)

    def position(self, key: str) -> int | None:
        """The place of a line."""
        if key.startswith("@"):
            return int(key[1:])
        return self._places.get(int(key)) if key else None


@dataclass(slots=True)
class Shares:
    """What is known of one user's shares."""

    user: str = ""
    folders: int = 0
    files: int = 0
    size: int = 0
    done: bool = False
    note: str = ""
    marked_folders: dict[int, FolderView] = field(default_factory=dict)
    marked_files: dict[int, RemoteFileView] = field(default_factory=dict)

    def take(self, event: BrowseProgress) -> None:
        """How far the list is."""
        self.folders, self.files, self.size = event.folders, event.files, event.size
        self.done, self.note = event.done, str(event.note)

    def mark(self, rows: Sequence[FolderView] | Sequence[RemoteFileView], on: bool | None = None) -> bool:
        """Marks folders or files (None: flips each); False where there are too many marks."""
        for row in rows:
            marks: dict[int, FolderView] | dict[int, RemoteFileView] = (
                self.marked_folders if isinstance(row, FolderView) else self.marked_files
            )
            if on is not True and row.row in marks:
                if on is None:
                    del marks[row.row]
            elif len(self.marked_folders) + len(self.marked_files) >= MARKS_MAX:
                return False
            else:
                marks[row.row] = row  # type: ignore[assignment]
        return True

    @property
    def marks(self) -> int:
        """How many are marked."""
        return len(self.marked_folders) + len(self.marked_files)

    @property
    def marked_size(self) -> int:
        """Bytes of all that is marked; a folder counts with its own files only."""
        folders = sum(folder.size for folder in self.marked_folders.values())
        return folders + sum(file.size for file in self.marked_files.values())

    def unmark(self) -> None:
        """Takes all marks away."""
        self.marked_folders, self.marked_files = {}, {}


# -- columns and words -------------------------------------------------------------------------------------------------


def folder_columns() -> tuple[Column[Item], ...]:
    """The folders."""

    def cell(item: Item, text: str, role: str = "text") -> Cell:
        return Cell("...", "faint") if isinstance(item, Blank) else Cell(text, role)

    def name(item: Item) -> Cell:
        return cell(item, words.last_part(item.path) if isinstance(item, FolderView) else "")

    def above(item: Item) -> Cell:
        if isinstance(item, Blank):
            return Cell("")
        path = str(item.path).replace("\\", "/").rstrip("/")
        return Cell(path.rpartition("/")[0], "dim")

    return (
        Column("folder", 20, name, weight=3),
        Column("in", 16, above, weight=4),
        Column("files", 7, lambda i: count(i.files) if isinstance(i, FolderView) else "", right=True),
        Column("size", 6, lambda i: size(i.size) if isinstance(i, FolderView) else "", right=True),
    )


def quality(file: RemoteFileView) -> str:
    """Format and quality: "FLAC 16/44.1", "MP3 320", "MP3 v245"."""
    stem, dot, last = str(file.name).rpartition(".")
    form = last.upper() if dot and stem and len(last) <= 8 else ""
    if file.bit_depth or (file.sample_rate and not file.bitrate):
        depth = f"{file.bit_depth}/" if file.bit_depth else ""
        rate = f"{file.sample_rate / 1000:.3g}" if file.sample_rate else words.UNKNOWN
        return f"{form} {depth}{rate}".strip()
    if file.bitrate:
        return f"{form} {'v' if file.vbr else ''}{file.bitrate}".strip()
    return form or words.UNKNOWN


def file_columns() -> tuple[Column[RemoteFileView], ...]:
    """The files of one folder."""
    return (
        Column("file", 20, lambda f: Cell(str(f.name), "faint" if f.locked else "text"), weight=4),
        Column("format", 14, quality),
        Column("len", 7, lambda f: words.length_text(float(f.duration or 0)), right=True),
        Column("size", 7, lambda f: size(f.size), right=True),
        Column("", 6, lambda f: Cell("locked" if f.locked else "", "warn")),
    )


def file_words(file: RemoteFileView) -> str:
    """What a filter looks at in a file."""
    return f"{file.name} {quality(file)}".casefold()


def note(shares: Shares, shown: int, filtered: bool) -> str:
    """The right-hand title of the list of folders."""
    parts = [f"{count(shown)} shown"] if filtered else []
    if shares.marks:
        parts.insert(0, f"{count(shares.marks)} marked, {size(shares.marked_size)}")
    if shown and not shares.folders:
        parts.append(f"{plural(shown, 'folder')} kept from before")
    else:
        parts.append(f"{plural(shares.folders, 'folder')} {plural(shares.files, 'file')} {size(shares.size)}")
    if not shares.done:
        parts.append("still coming" if shares.folders else "asking")
    return "  ".join(parts)


def empty(shares: Shares, text: str, waiting: bool) -> Sequence[str]:
    """What stands in the empty list of folders."""
    if not shares.user:
        return ("", "B on a result, or :browse and a name, shows a Soulseek user's shares")
    if shares.note:
        return ("", shares.note, "", "r asks again, esc goes back")
    if waiting and shares.folders:
        return ("", "looking ...")
    if text and shares.folders:
        return ("", "no folder and no file has these words; esc clears them")
    if not shares.done:
        return (
            "",
            f"asking {shares.user} for the list of shares ...",
            "",
            "esc goes back; it goes on coming",
        )
    return ("", "nothing is shared that you may see")


def shares_lines(shares: Shares) -> list[Line]:
    """The box about the user's shares."""
    state = (
        "all here" if shares.done and not shares.note else "still coming" if not shares.done else "not whole"
    )
    lines: list[Line] = [
        [(shares.user, "bold")],
        [
            ("shares  ", "dim"),
            (f"{plural(shares.files, 'file')} in {plural(shares.folders, 'folder')}", "text"),
        ],
        [("size    ", "dim"), (f"{size(shares.size)}, {state}", "text")],
    ]
    if shares.note:
        lines.append([("note    ", "dim"), (shares.note, "warn")])
    if shares.marks:
        lines.append(
            [("marked  ", "dim"), (f"{count(shares.marks)}, {size(shares.marked_size)}; a gets them", "text")]
        )
    else:
        lines.append([("enter opens a folder, a gets it with what is below, space marks", "faint")])
    return lines


def folder_lines(item: Item | None) -> list[Line]:
    """The box about the folder under the cursor."""
    if not isinstance(item, FolderView):
        return []
    return [
        [("path    ", "dim"), (str(item.path), "text")],
        [("files   ", "dim"), (f"{count(item.files)}, {size(item.size)}", "text")],
    ]


def file_lines(file: RemoteFileView | None) -> list[Line]:
    """The box about the file under the cursor."""
    if file is None:
        return []
    lines: list[Line] = [
        [("file    ", "dim"), (str(file.name), "text")],
        [("sound   ", "dim"), (f"{quality(file)}, {words.length_text(float(file.duration or 0))}", "text")],
        [("size    ", "dim"), (f"{count(file.size)} bytes", "text")],
    ]
    if file.locked:
        lines.append([("locked  ", "dim"), ("given only to some users, such as buddies", "warn")])
    return lines
