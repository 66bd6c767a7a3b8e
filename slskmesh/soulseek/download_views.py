"""The list of legacy downloads as others see it.

Rules: a view is made anew when something of its download changed, else it is the very same object; so that looking at
ten thousand of which a few change costs those few.
"""

from __future__ import annotations

from pathlib import Path

from slskmesh.soulseek import partials
from slskmesh.soulseek.download_entry import LegacyDownload, LegacyLine, key_of
from slskmesh.soulseek.download_list import DownloadList
from slskmesh.soulseek.download_work import DownloadWork
from slskmesh.soulseek.values import RemoteFile


class DownloadViews:
    """Of a list and what is done for it; both are set by who has them."""

    _list: DownloadList
    _work: DownloadWork

    @property
    def version(self) -> int:
        """Changes whenever a view would."""
        return self._list.version

    def views(self) -> tuple[LegacyDownload, ...]:
        """All downloads in their order."""
        now, wall = self._list.clock(), self._list.wall()
        return tuple(entry.view(now, wall) for entry in self._list.entries.values())

    def state(self, key: bytes) -> LegacyDownload | None:
        """One download, None if it is not in the list."""
        entry = self._list.entries.get(key)
        return entry.view(self._list.clock(), self._list.wall()) if entry is not None else None

    def key_of_source(self, user: str, file: RemoteFile) -> bytes | None:
        """The key of the download of this file from this user, also of one that began with another; None: none is."""
        key = key_of(user, file.path, file.size)
        if key in self._list.entries:
            return key
        entry = self._list.of_source(user, file.path)
        return entry.key if entry is not None and entry.size == file.size else None

    async def settled(self, key: bytes) -> LegacyDownload | None:
        """Returns once it is done, failed or paused, by whomever; None once it is not in the list."""
        while (entry := self._list.entries.get(key)) is not None:
            if entry.rests:
                return self.state(key)
            await entry.turned.wait()
        return None

    @property
    def coming(self) -> int:
        """How many come in now."""
        return sum(entry.since is not None for entry in self._list.entries.values())

    def sends(self, user: str) -> bool:
        """Whether something unfinished of his comes in now."""
        return any(entry.since is not None for entry in self._list.of_user(user))

    def partial_of(self, key: bytes) -> Path:
        """Where the bytes of an unfinished download are kept."""
        entry = self._list.find(key)
        return partials.part_path(entry.root or self._work.root, key)

    def timeline(self, key: bytes) -> tuple[LegacyLine, ...]:
        """The latest lines of a download since the start."""
        return tuple(self._list.find(key).timeline)
