"""Names of Soulseek users and files that a front end was shown otherwise than the network has them.

A front end gives back what it was shown; the network must be asked by its own words. Most names are shown as they are,
so only the others are kept. Rules: at most NAMES_MAX, the oldest go. Pure.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from slskmesh.engine.legacy_snapshots import shown
from slskmesh.soulseek.values import RemoteFile
from slskmesh.text import sanitize
from slskmesh.wire import limits

NAMES_MAX: Final = 10_000


def path_shown(file: RemoteFile) -> str:
    """A remote path as front ends put it together from what they are shown: folder and name, parted by a backslash."""
    folder = sanitize(file.folder.replace("\\", "/"), limits.FOLDER_MAX).replace("/", "\\")
    name = sanitize(file.name, limits.FILE_NAME_MAX)
    return f"{folder}\\{name}" if folder else str(name)


def _is_plain(path: str) -> bool:
    """Whether a path is certainly shown as it is: most are, and there may be a million."""
    return len(path) <= limits.FILE_NAME_MAX and path.isascii() and path.isprintable() and "/" not in path


class ToldNames:
    """See the head of this file."""

    def __init__(self) -> None:
        self._names: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()

    def note(self, user: str, files: Iterable[RemoteFile]) -> None:
        """A front end is shown these files of a user."""
        name = str(shown(user))
        for file in files:
            if name == user and _is_plain(file.path):
                continue
            told = name, path_shown(file)
            if told != (user, file.path):
                self._names[told] = user, file.path
                self._names.move_to_end(told)
        while len(self._names) > NAMES_MAX:
            self._names.popitem(last=False)

    def raw(self, user: str, path: str) -> tuple[str, str]:
        """What the network calls them; the same where nothing else is known."""
        return self._names.get((user, path), (user, path))
