"""The library: what this peer shares, as the engine and the swarm use it.

Rules:
- One scan at a time; another waits. Cancel a scan by cancelling the scope it runs in.
- What is offered is there: `find` opens the file and holds it against what was hashed before it names it.
- A file that changed or vanished is not offered again before a scan has looked at it.
- What files sound like is found out after scans, one file at a time; no scan waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from slskmesh.errors import StorageError
from slskmesh.library import held, index, rows
from slskmesh.library.analysis import analyse_file
from slskmesh.library.domain import SharedFile
from slskmesh.library.hashing import FileChangedError, check_unchanged, manifest_of_file, open_regular
from slskmesh.library.held import Waiting
from slskmesh.library.intake import take_known
from slskmesh.library.manifest import Manifest
from slskmesh.library.progress import ScanProgress, ScanSummary
from slskmesh.library.rows import Holder, LibraryStats
from slskmesh.library.scan import Scan
from slskmesh.library.variant import AudioVariant, HeldTrack
from slskmesh.library.walk import Filter, inside, stamp_of
from slskmesh.settings import Settings
from slskmesh.store.database import Store
from slskmesh.store.models.library import FileState

__all__ = ["Library", "LibraryStats", "SharedFile"]


class Library:
    """Shares on disk and in the database."""

    def __init__(self, store: Store, settings: Settings, private: Sequence[Path] = ()) -> None:
        """`private`: folders that are never shared, whatever share they are in."""
        self._settings = settings.library
        self._private = tuple(private)
        self._store = store
        self._scanning = trio.Lock()
        self._analysing = trio.Lock()
        self._analysed = 0  # row number of the content looked at last

    def apply(self, settings: Settings) -> None:
        """Goes by these settings from the next call on."""
        self._settings = settings.library

    async def scan(self, roots: Sequence[Path], report: Callable[[ScanProgress], None]) -> ScanSummary:
        """Makes `roots` the shares and brings the database up to what is in them.

        `report` is called on this loop, at most four times a second and once at the end. StorageError: the
        database cannot be written; everything about the shares themselves is a problem in the summary instead.
        """
        paths = list(dict.fromkeys(_raw(root) for root in roots))
        async with self._scanning:
            scan = Scan(
                self._store,
                paths,
                report,
                rules=Filter(self._settings.exclude),
                follow_links=self._settings.follow_links,
                private=await trio.to_thread.run_sync(self._private_folders),
            )
            return await scan.run()

    def _private_folders(self) -> list[bytes]:
        folders = [*self._private]
        if self._settings.downloads:
            folders.append(Path(self._settings.downloads).expanduser() / ".incomplete")
        return [os.path.realpath(os.fsencode(folder)) for folder in folders]

    def _is_private(self, root: bytes, path: bytes) -> bool:
        """Whether a scan of the share at `root` would stop at a private folder before it came to `path`."""
        share, file = os.path.realpath(root), os.path.realpath(path)
        return any(inside(folder, share) and inside(file, folder) for folder in self._private_folders())

    async def search(self, text: str, limit: int) -> list[SharedFile]:
        """The best `limit` offered files for a query (`library.index` tells the rules); any text will do."""
        return await self._store.run(index.search, text, limit)

    async def find(self, content: bytes) -> SharedFile | None:
        """An offered file that holds `content` and still looks as it did when it was hashed."""
        holders = await self._store.run(rows.holders, content)
        if not holders:
            return None
        chosen, marks = await trio.to_thread.run_sync(self._choose, holders)
        if marks:
            await self._store.run(rows.mark, marks)
        return chosen

    def _choose(self, holders: Sequence[Holder]) -> tuple[SharedFile | None, list[tuple[int, FileState]]]:
        """The first holder that is in order, and what is now known of those before it."""
        marks: list[tuple[int, FileState]] = []
        for holder in holders:
            path = os.fsencode(holder.shared.path)
            try:
                with open_regular(path, follow_link=self._settings.follow_links) as (_, status):
                    if stamp_of(status) == holder.stamp:
                        return holder.shared, marks
                marks.append((holder.file, FileState.CHANGED))
            except StorageError:
                marks.append((holder.file, FileState.AWAY))
        return None, marks

    async def doubt(self, path: Path) -> None:
        """The file at `path` looks as it did but holds other bytes: not offered before a scan has hashed it again."""
        await self._store.run(rows.set_state, [(FileState.CHANGED, _raw(path))])

    async def manifest(self, content: bytes) -> Manifest | None:
        """The manifest of a content taken in here, None if there is none."""
        return await self._store.run(rows.manifest, content)

    async def by_release(self, mbid: str) -> list[HeldTrack]:
        """Offered files whose tags name this release, by disc and track, one a content; at most `held.HELD_MAX`."""
        return await self._store.run(held.by_release, mbid)

    async def by_recording(self, mbid: str) -> list[HeldTrack]:
        """Offered files whose tags name this recording, one a content; at most `held.HELD_MAX`."""
        return await self._store.run(held.by_recording, mbid)

    async def of_recordings(self, mbids: Sequence[str]) -> dict[str, dict[bytes, int]]:
        """For each of these recordings the contents of offered files whose tags name it, and their bytes."""
        return await self._store.run(held.of_recordings, mbids)

    async def releases(self, after: str, limit: int) -> list[str]:
        """The next `limit` releases behind `after` that offered files name, sorted; "" begins."""
        return await self._store.run(held.releases, after, limit)

    async def recordings(self, after: str, limit: int) -> list[str]:
        """The next `limit` recordings behind `after` that offered files name, sorted; "" begins."""
        return await self._store.run(held.recordings, after, limit)

    async def counts(self) -> tuple[int, int]:
        """How many different releases and recordings offered files name."""
        return await self._store.run(held.counts)

    async def variant(self, content: bytes) -> AudioVariant | None:
        """What a content sounds like, None until it was analysed."""
        return await self._store.run(held.variant, content)

    async def analyse(self, limit: int) -> int:
        """Finds out what at most `limit` more offered contents sound like; returns how many are left to look at.

        Files are read one at a time in a worker thread; cancelled, it stops within a block. Counting ends at
        `held.LEFT_MAX`. StorageError: the database cannot be read or written.
        """
        async with self._analysing:
            found = await self._store.run(held.waiting, self._analysed, limit)
            await self._store.run(held.pass_over, [w.id for w in found if not w.is_music])
            for waiting in found:
                if waiting.is_music:
                    await self._analyse_one(waiting)
                self._analysed = waiting.id
            left = await self._store.run(held.left, self._analysed)
            if not left and self._analysed:  # files that were away may have come back
                self._analysed = 0
                left = await self._store.run(held.left, 0)
            return left

    async def _analyse_one(self, waiting: Waiting) -> None:
        def look() -> AudioVariant:
            return analyse_file(
                waiting.holder,
                follow_link=self._settings.follow_links,
                pulse=lambda _: trio.from_thread.check_cancelled(),
            )

        try:
            variant = await trio.to_thread.run_sync(look)
        except StorageError as exc:
            state = FileState.CHANGED if isinstance(exc, FileChangedError) else FileState.AWAY
            await self._store.run(rows.mark, [(waiting.holder.file, state)])
            return
        await self._store.run(held.put_variant, waiting.id, variant)

    async def stats(self) -> LibraryStats:
        """What is offered now."""
        return await self._store.run(rows.stats)

    async def add_file(self, path: Path, manifest: Manifest) -> None:
        """Shares a file whose `manifest` was proved while it was written, without hashing it again.

        Nothing happens where `path` is in no share, or hidden, excluded or in a private folder there. StorageError: it
        is not that file.
        """
        raw = _raw(path)
        roots = await self._store.run(rows.listed_roots)
        root = next(((number, root) for number, root in roots if inside(raw, root)), None)
        if root is None or Filter(self._settings.exclude).leaves_out_path(root[1], raw):
            return
        if await trio.to_thread.run_sync(self._is_private, root[1], raw):
            return
        try:
            taken = await trio.to_thread.run_sync(take_known, root[1], raw, manifest)
        except StorageError as exc:
            raise StorageError(f"{path}: {exc}") from exc
        await self._store.run(rows.put, [(root[0], taken)])

    async def take_in(self, path: Path) -> Manifest:
        """Reads and hashes a file that came from elsewhere; it is shared from now on where it stands in a share.

        StorageError: it cannot be read.
        """
        manifest = await trio.to_thread.run_sync(_manifest_at, _raw(path), abandon_on_cancel=True)
        await self.add_file(path, manifest)
        return manifest


def _manifest_at(path: bytes) -> Manifest:
    with open_regular(path, follow_link=True) as (fd, status):
        manifest, _ = manifest_of_file(fd, status.st_size)
        check_unchanged(fd, status)
    return manifest


def _raw(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))
