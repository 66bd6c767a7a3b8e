"""`slskmesh users browse`: the shares of a Soulseek user, folder by folder as they are read.

JSON: a line a folder {"folder", "files", "size"}, with --files after it a line a file {"folder", "name", "size",
"bitrate", "duration", "vbr", "sample_rate", "bit_depth", "locked"} (kbit/s, seconds; null is unknown), then
{"ended": true, "user", "folders", "files", "size", "shown", "note"}.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running, wait_online
from slskmesh.cli.job_words import fields_of
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.console import Console
from slskmesh.engine.events import Event
from slskmesh.engine.legacy_commands import BrowseFiles, BrowseFolders, BrowseUser
from slskmesh.engine.legacy_events import BrowseProgress, FilesShown, FoldersShown
from slskmesh.engine.legacy_views import FolderView
from slskmesh.errors import SlskmeshError

BROWSE_TIMEOUT: Final = 600.0  # seconds for the whole list; a big one is streamed for minutes
_PAGE: Final = 200


class Browse:
    """The fetching of one list; `event` is to be a console's `on_event`."""

    def __init__(self, user: str) -> None:
        self.answers = Answers()
        self.now: BrowseProgress | None = None
        self._user = user

    def event(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, BrowseProgress) and event.user == self._user:
            self.now = event
        self.answers.event(event)

    def fetch(self, console: Console, out: Output) -> BrowseProgress:
        """Fetches the list to its end. SlskmeshError with the reason where nothing came."""
        console.ask(BrowseUser(self._user))
        told: BrowseProgress | None = None

        def done() -> bool:
            nonlocal told
            if self.now is not None and self.now != told and not out.as_json:
                told = self.now
                out.progress({}, f"{told.folders} folders, {told.files} files, {size_text(told.size)}")
            return self.now is not None and self.now.done

        console.wait_for(done, BROWSE_TIMEOUT, f"the shares of {self._user}")
        assert self.now is not None  # as waited for
        if self.now.note and not self.now.folders:
            raise SlskmeshError(f"{self._user}: {self.now.note}")
        return self.now

    def folders(self, console: Console, text: str) -> Iterator[FolderView]:
        """Its folders, sorted; `text` in their path or in a file's name."""
        offset = 0
        while True:
            question = BrowseFolders(self._user, text, offset, _PAGE)
            page = self.answers.ask(console, question, FoldersShown, "a page of folders")
            yield from page.folders
            offset += len(page.folders)
            if not page.folders or offset >= page.total:
                return

    def files(self, console: Console, folder: FolderView) -> FilesShown:
        """The files of one folder."""
        return self.answers.ask(
            console, BrowseFiles(self._user, folder.row), FilesShown, "the files of a folder"
        )


def browse_user(home: Path, user: str, text: str, files: bool, patience: float, out: Output) -> int:
    """Prints a user's shares; returns 1 if he shares nothing (or nothing with this text)."""
    browse = Browse(user)
    shown = 0
    with running(home, browse.event) as console:
        wait_online(home, console, patience)
        end = browse.fetch(console, out)
        for folder in browse.folders(console, text):
            shown += 1
            fields = {"folder": folder.path, "files": folder.files, "size": folder.size}
            out.row(fields, f"{folder.path}  ({folder.files} files, {size_text(folder.size)})")
            for file in browse.files(console, folder).files if files else ():
                facts = fields_of(file)
                del facts["row"]
                lock = "  locked" if file.locked else ""
                out.row({"folder": folder.path, **facts}, f"    {file.name}  {size_text(file.size)}{lock}")
    if out.as_json:
        counts = {"folders": end.folders, "files": end.files, "size": end.size, "shown": shown}
        out.row({"ended": True, "user": user, **counts, "note": end.note}, "")
    out.say(f"{shown} of {end.folders} folders; {end.files} files, {size_text(end.size)} in all")
    return 0 if shown else 1
