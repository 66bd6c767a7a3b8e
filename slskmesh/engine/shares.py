"""The shares while the engine runs: scans on demand and by the clock, one at a time, and what they show.

Rules: a scan never blocks a command; a new one asked for while one runs follows it; cancelling keeps what is hashed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import trio

from slskmesh.engine.events import Level
from slskmesh.engine.snapshots import library_view
from slskmesh.engine.views import LibraryView, ScanPhase
from slskmesh.errors import SlskmeshError, StorageError
from slskmesh.library.manifest import Manifest
from slskmesh.library.progress import Phase, ScanProgress, ScanSummary
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine


_TAKEN_MAX = 64


class Shares:
    """Runs the library's scans for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted = trio.Event()
        self._taking = trio.Lock()
        self._taken: dict[Path, bytes] = {}  # just hashed, for who asks next
        self._scope: trio.CancelScope | None = None
        self._problems: list[str] = []
        self._problem_count = 0
        self._phase = ScanPhase.IDLE
        self._files = 0
        self._size = 0

    def roots(self) -> list[Path]:
        """Shared folders as configured."""
        return [Path(share).expanduser() for share in self._engine.settings.library.shares]

    def rescan(self) -> None:
        """Asks for a scan."""
        self._wanted.set()

    def cancel(self) -> bool:
        """Stops a running scan; False if none runs."""
        if self._scope is None:
            return False
        self._scope.cancel()
        return True

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Scans when asked, and every `library.rescan_minutes`."""
        await self._show()
        task_status.started()
        while True:
            minutes = self._engine.settings.library.rescan_minutes
            with trio.move_on_after(minutes * 60 if minutes else float("inf")):
                await self._wanted.wait()
            self._wanted = trio.Event()
            if self._engine.settings.configured:
                await self._scan()

    async def _scan(self) -> None:
        engine = self._engine
        summary: ScanSummary | None = None
        with trio.CancelScope() as self._scope:
            try:
                summary = await engine.library.scan(self.roots(), self._report)
                self._phase = ScanPhase.IDLE
            except SlskmeshError as error:
                self._phase = ScanPhase.FAILED
                engine.notice(Level.ERROR, f"scan failed: {error}")
        if self._scope.cancelled_caught:
            self._phase = ScanPhase.CANCELLED
        self._scope = None
        if summary is not None:
            self._take(summary)
        await self._show()

    def _take(self, summary: ScanSummary) -> None:
        self._problems = [f"{problem.path}: {problem.reason}" for problem in summary.problems]
        self._problem_count = summary.problem_count
        changed = summary.added + summary.changed + summary.removed
        if changed:
            self._engine.plane.library_changed()
        if changed or summary.problem_count:
            level = Level.WARN if summary.problem_count else Level.INFO
            self._engine.notice(
                level,
                f"scan: {summary.added} added, {summary.changed} changed, {summary.removed} removed, "
                f"{summary.unchanged} unchanged, {summary.problem_count} with problems, {summary.seconds:.1f} s",
            )

    def _report(self, progress: ScanProgress) -> None:
        self._engine.hub.put_view(
            LibraryView(
                phase=ScanPhase.HASHING if progress.phase is Phase.HASHING else ScanPhase.WALKING,
                roots=tuple(sanitize(str(root), 200) for root in self.roots()),
                files=self._files,
                size=self._size,
                pending=max(0, (progress.total or 0) - progress.done),
                done=progress.done,
                total=progress.total,
                rate=progress.rate,
                eta=progress.eta,
                problem_count=progress.problem_count,
            )
        )

    async def _show(self) -> None:
        try:
            stats = await self._engine.library.stats()
        except StorageError as error:
            self._engine.notice(Level.ERROR, f"the index cannot be read: {error}")
            return
        self._files, self._size = stats.files, stats.size
        roots = tuple(str(root) for root in self.roots())
        problems = tuple(sanitize(problem, 300) for problem in self._problems)
        self._engine.hub.put_view(
            library_view(self._phase, roots, self._files, self._size, problems, self._problem_count)
        )

    async def add_received(self, path: Path) -> None:
        """A file that came from a legacy user and lies inside a share is hashed and shared from now on."""
        if not any(path.is_relative_to(root.absolute()) for root in self.roots()):
            return
        try:
            await self.take_in(path)
        except StorageError as error:
            self._engine.notice(Level.WARN, f"not shared: {error}")
        await self._show()

    async def take_in(self, path: Path) -> bytes:
        """The content id of a file that came from a legacy user; it is hashed once, whoever asks. StorageError."""
        async with self._taking:
            if (known := self._taken.pop(path, None)) is not None:
                return known
            manifest = await self._engine.library.take_in(path)
            content = bytes(manifest.content_id())
            self._taken[path] = content
            if len(self._taken) > _TAKEN_MAX:
                del self._taken[next(iter(self._taken))]
            file = await self._engine.library.find(content)
            if file is not None:
                self._engine.plane.shared(file)
            return content

    async def add_finished(self, path: Path, manifest: Manifest) -> None:
        """A verified download that lies inside a share is shared from now on, without hashing it again."""
        if any(path.is_relative_to(root.absolute()) for root in self.roots()):
            try:
                await self._engine.library.add_file(path, manifest)
                file = await self._engine.library.find(manifest.content_id())
                if file is not None:
                    self._engine.plane.shared(file)
            except StorageError as error:
                self._engine.notice(Level.WARN, f"not shared: {error}")
            await self._show()
