"""The shares of one Soulseek user inside the Search pane: the folders as they come, then the files of one.

Rules: only the pages of folders that are on the screen are asked for and kept (viewmodel/browse.py), so that a million
files cost what a screen costs; while the list still comes, what is shown is asked for anew twice a second at most.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import BrowseFiles, BrowseFolders, BrowseUser, GetBrowsed, StopBrowse
from slskmesh.engine.legacy_events import BrowseProgress, FilesShown, FoldersShown
from slskmesh.engine.legacy_views import FolderView, RemoteFileView
from tui.inquiries import Shown
from tui.panes.base import ABSENT
from tui.panes.search_view import SearchView
from tui.viewmodel.browse import (
    MARKS_MAX,
    PAGE,
    PAGES_MAX,
    Blank,
    Folders,
    Item,
    Shares,
    empty,
    file_columns,
    file_lines,
    file_words,
    folder_columns,
    folder_lines,
    note,
    shares_lines,
)
from tui.viewmodel.columns import tabbed
from tui.viewmodel.formats import plural
from tui.viewmodel.hits import last_part
from tui.viewmodel.spans import Line
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.panes.search import SearchPane

REFRESH_SECONDS = 0.5
TYPING_WAITS = 0.2


class FoldersBox(RowsBox[Item]):
    """The folders: it asks for the pages that are looked at."""

    def __init__(self, browse: Browse) -> None:
        self._browse = browse
        super().__init__(browse.folders, folder_columns, "folders", id="folders", classes=ABSENT)

    def _settle(self) -> None:
        super()._settle()
        self._browse.want_pages()

    def table(self, most: int) -> tuple[str, int]:
        """The folders that are here: the others were never looked at."""
        columns = self.columns()
        lines, used = ["\t".join(column.title for column in columns)], 0
        for item in self._browse.folders.here():
            line = tabbed(columns, item)
            used += len(line.encode()) + 1
            if used > most:
                break
            lines.append(line)
        return "\n".join(lines), len(lines) - 1


class Browse(SearchView):
    """One user at a time; another one drops what is shown of the one before."""

    left = "user"

    def __init__(self, pane: SearchPane) -> None:
        super().__init__(pane)
        self.on = False
        self.shares = Shares()
        self.folders = Folders()
        self.inside: FolderView | None = None  # its files are shown
        self.within = ""  # the words that files are filtered by
        self._text = ""  # and folders
        self._sought = ""  # those words, once they were asked for
        self._files: tuple[RemoteFileView, ...] = ()
        self._asking_files = False
        self._problem = ""
        self._refreshing = False
        self._typed = 0
        self._source: ListSource[RemoteFileView] = ListSource(lambda file: str(file.row))
        self.folder_list = FoldersBox(self)
        self.file_list = RowsBox(self._source, file_columns, "files", id="browsed", classes=ABSENT)
        self.folder_list.is_marked = lambda key: key.isdigit() and int(key) in self.shares.marked_folders
        self.file_list.is_marked = lambda key: int(key) in self.shares.marked_files
        self.folder_list.on_cursor = self.file_list.on_cursor = pane.show_row

    @property
    def lists(self) -> tuple[RowsBox[Any], ...]:
        return self.folder_list, self.file_list

    @property
    def front(self) -> RowsBox[Any]:
        return self.file_list if self.inside is not None else self.folder_list

    @property
    def place(self) -> str:
        return "browsed" if self.inside is not None else "folders"

    # -- asking ------------------------------------------------------------------------------------------------

    def open(self, user: str, text: str = "") -> None:
        """Shows a user's shares, where `text` is in a path or name; asks for them unless they are here."""
        new = user != self.shares.user
        if new:
            self.shares, self.inside = Shares(user), None
        self.on = True
        if new or text:
            self.inside = None
            self.seek_text(text)
        if new or (self.shares.done and self.shares.note):
            self.ask()
        self.pane.lay_out()

    def ask(self) -> None:
        """Asks the user for the list, now."""
        desk, shares = self.pane.desk, self.shares
        shares.done, shares.note = False, ""

        def answered(reply: Reply) -> None:
            if not reply.ok:
                shares.done, shares.note = True, str(reply.text) or "that did not work"
            if shares is self.shares:
                self._ask_again()

        desk.ask(BrowseUser(shares.user), answered)
        self.show_if_on()

    def stop(self) -> None:
        """No more of the list is wanted."""
        self.pane.desk.ask(StopBrowse(self.shares.user))

    def progressed(self, event: BrowseProgress) -> None:
        """How far the list is."""
        if str(event.user) != self.shares.user:
            return
        self.shares.take(event)
        if event.done:
            self._ask_again()
        elif not self._refreshing:
            self._refreshing = True
            self.pane.set_timer(REFRESH_SECONDS, self._refresh)
        self.show_if_on()

    def _refresh(self) -> None:
        self._refreshing = False
        self._ask_again()

    def _ask_again(self) -> None:
        self.folders.moved()
        self.want_pages()
        self.show_if_on()

    def want_pages(self) -> None:
        """Asks for the pages on the screen that are not here."""
        if not self.shares.user or not self.on:
            return
        box = self.folder_list
        for page in self.folders.missing(box.top, box.page):
            self._ask_page(page)

    def _ask_page(self, page: int) -> None:
        desk, turn, user = self.pane.desk, self.folders.turn, self.shares.user

        def came(event: Shown) -> None:
            if isinstance(event, FoldersShown) and turn == self.folders.turn:
                self.folders.take(turn, page, event.folders, event.total)
                self.folder_list.sync()
                self.show_if_on()
                self.pane.show_row()

        def failed(reason: str) -> None:
            if turn == self.folders.turn and self.shares.done and not self.folders.total:
                self.shares.note = self.shares.note or reason
                self.show_if_on()

        command = BrowseFolders(user, self._sought, page * PAGE, PAGE)
        desk.inquiries.show(desk, command, came, failed)

    # -- folders and files -------------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:  # type: ignore[override]
        """The filter of the list that is shown."""
        return self.within if self.inside is not None else self._text

    def seek_text(self, text: str) -> None:
        """Folders with these words in their path or in a file's name, from the top."""
        self._text = self._sought = text
        self.folders.begin()
        box = self.folder_list
        box.cursor, box.top, box.cursor_key, box.range_start = 0, 0, "", None
        self.want_pages()
        self.show_if_on()

    def filter(self, text: str) -> None:
        if self.inside is not None:
            self.within = text
            self._filter_files()
            self.show()
            return
        self._text = text
        self._typed += 1
        self.pane.set_timer(TYPING_WAITS, partial(self._seek, self._typed, text))
        self.show()

    def _seek(self, turn: int, text: str) -> None:
        if turn == self._typed and text == self._text:
            self.seek_text(text)

    def enter(self, folder: FolderView) -> None:
        """Shows the files of a folder."""
        self.inside, self.within, self._files, self._problem = folder, "", (), ""
        self._asking_files = True
        self._filter_files()
        self.file_list.cursor, self.file_list.top, self.file_list.range_start = 0, 0, None
        desk = self.pane.desk

        def came(event: Shown) -> None:
            if isinstance(event, FilesShown) and self.inside is folder:
                self._files, self._asking_files = event.files, False
                self._filter_files()
                self.show_if_on()
                self.pane.show_row()

        def failed(reason: str) -> None:
            if self.inside is folder:
                self._asking_files, self._problem = False, reason
                self.show_if_on()

        desk.inquiries.show(desk, BrowseFiles(self.shares.user, folder.row), came, failed)
        self.pane.lay_out()

    # -- what is chosen ----------------------------------------------------------------------------------------

    def range_or_row(self) -> list[FolderView] | list[RemoteFileView] | None:
        """The range or the line under the cursor; None where a part of it is not here."""
        if self.inside is not None:
            return self.file_list.selected()
        box = self.folder_list
        if box.range_start is not None and abs(box.range_start - box.cursor) >= PAGES_MAX * PAGE:
            return None
        items = box.selected()
        folders = [item for item in items if isinstance(item, FolderView)]
        return folders if len(folders) == len(items) else None

    def mark(self, rows: list[FolderView] | list[RemoteFileView], on: bool | None = None) -> None:
        """Marks them."""
        if not self.shares.mark(rows, on):
            self.pane.desk.say(f"at most {MARKS_MAX:,} marks; get these first", Level.WARN)

    def get(self, *, paused: bool = False, whole: bool = False) -> None:
        """Fetches what is marked, else the range or row; `whole`: the folder that is open or under the cursor."""
        shares, desk = self.shares, self.pane.desk
        files, folders = tuple(shares.marked_files), tuple(shares.marked_folders)
        if whole and self.inside is not None:
            files, folders = (), (self.inside.row,)
        elif whole or not shares.marks:
            rows = self.range_or_row()
            if rows is None:
                desk.say(
                    "a part of this range was not loaded: go over it slowly, or mark its folders", Level.WARN
                )
                return
            files = tuple(row.row for row in rows if isinstance(row, RemoteFileView))
            folders = tuple(row.row for row in rows if isinstance(row, FolderView))
        if not files and not folders:
            return
        desk.ask(GetBrowsed(shares.user, files, folders, paused))
        shares.unmark()
        self.front.range_start = None
        self.show()

    # -- showing -----------------------------------------------------------------------------------------------

    def show_if_on(self) -> None:
        """Shows what is known where this is the view."""
        if self.on:
            self.show()

    def show(self) -> None:
        shares = self.shares
        filtered = f" /{self.filter_text}" if self.filter_text else ""
        if self.inside is None:
            box = self.folder_list
            box.title = f"folders of {shares.user}{filtered}"
            box.note = note(shares, self.folders.total, bool(self._text))
            box.empty = empty(shares, self._text, self.folders.waiting or self._sought != self._text)
            box.sync()
            return
        self.file_list.title = f"{last_part(self.inside.path) or shares.user}{filtered}"
        marked = f"{plural(shares.marks, 'mark')}  " if shares.marks else ""
        self.file_list.note = f"{marked}{plural(len(self._source), 'file')}"
        self.file_list.empty = ("", self._nothing())
        self.file_list.sync()

    def _filter_files(self) -> None:
        terms = self.within.casefold().split()
        files = self._files
        if terms:
            files = tuple(file for file in files if all(term in file_words(file) for term in terms))
        self._source.set(files)

    def _nothing(self) -> str:
        if self._asking_files:
            return "asking for its files ..."
        return self._problem or ("no file has these words" if self.within else "it holds no files itself")

    def boxes(self) -> tuple[list[Line], str, list[Line]]:
        lines = shares_lines(self.shares) if self.shares.user else []
        if self.inside is not None:
            return lines, "file", file_lines(self.file_list.current)
        return lines, "folder", folder_lines(self.folder_list.current)

    def escape(self) -> bool:
        if self.front.range_start is not None:
            self.front.range_start = None
            self.front.touch()
            return True
        if self.shares.marks and self.inside is None:  # marks are gathered over several folders
            self.shares.unmark()
            self.show()
            return True
        return False

    def leave(self) -> bool:
        if self.inside is not None:
            self.inside = None
        else:
            self.on = False
        self.pane.lay_out()
        return True

    def words_of(self, row: Any) -> str:
        if isinstance(row, RemoteFileView):
            return file_words(row)
        return "" if isinstance(row, Blank) else str(row.path).casefold()

    def yanks(self) -> dict[str, str]:
        inside, folder, file = self.inside, self.folder_list.current, self.file_list.current
        path = ""
        if inside is not None and file is not None:
            path = f"{inside.path}/{file.name}"
        elif isinstance(folder, FolderView):
            path = str(folder.path)
        return {"row": path, "path": path, "peer id": self.shares.user}
