"""`slskmesh scan`: takes folders into the shares and brings the index up to date, without a network.

JSON: a line {"shared": [folders]} where folders become shares, progress lines {"phase", "done", "total",
"bytes_done", "bytes_total", "rate", "eta", "problem_count"}, a line {"problem", "path"} for each problem, then
{"finished": true, "added", "changed", "moved", "removed", "unchanged", "empty", "hashed_bytes", "problem_count",
"seconds"}. What is hashed stays after an interruption.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from slskmesh.cli.exit_codes import INTERRUPTED
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.firstrun import check_shares
from slskmesh.errors import UserError
from slskmesh.library.library import Library
from slskmesh.library.progress import ScanProgress, ScanSummary
from slskmesh.paths import Home
from slskmesh.settings import Settings, load_settings, set_value
from slskmesh.store.database import open_store


def run_scan(home: Path, folders: Sequence[Path], out: Output) -> int:
    """Scans the shares and `folders`, which are shares from then on; without any, scans again. Gives the exit code."""
    place = Home(home).create()
    settings = load_settings(home)
    named = check_shares([str(folder) for folder in folders], place.root, settings.library.downloads)
    reals = {os.path.realpath(Path(share).expanduser()) for share in settings.library.shares}
    new = [folder for folder in named if os.path.realpath(folder) not in reals]
    shares = [*settings.library.shares, *new]
    if not shares:
        raise UserError(f"nothing is shared: name a folder, or set library.shares in {place.config}")
    with place.hold():
        if new:
            settings = set_value(home, "library.shares", msgspec.json.encode(shares).decode())
            text = f"shared with connected peers from now on: {', '.join(new)}"
            out.row({"shared": new}, f"{text} (library.shares in {place.config} lists all shares)")
        summary = trio.run(_scan, place, settings, [Path(share).expanduser() for share in shares], out)
    if summary is None:
        return INTERRUPTED
    _show(summary, out)
    return 0


async def _scan(place: Home, settings: Settings, roots: list[Path], out: Output) -> ScanSummary | None:
    """None if a signal ended the scan."""

    def report(now: ScanProgress) -> None:
        total = f" of {now.total}" if now.total is not None else ""
        text = f"{now.phase.value} {now.done}{total} files  {size_text(now.rate)}/s"
        fields = msgspec.to_builtins(now)
        fields.pop("current")  # a name of the person's own file is no progress
        out.progress(fields, text)

    summary: ScanSummary | None = None
    async with open_store(place.database) as store, trio.open_nursery() as nursery:
        await nursery.start(_cancel_on_signal, nursery.cancel_scope)
        summary = await Library(store, settings, [place.root]).scan(roots, report)
        nursery.cancel_scope.cancel()
    return summary


async def _cancel_on_signal(
    scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()


def _show(summary: ScanSummary, out: Output) -> None:
    for problem in summary.problems:
        out.row({"problem": problem.reason, "path": problem.path}, f"{problem.path}: {problem.reason}")
    names = ("added", "changed", "moved", "removed", "unchanged", "empty", "hashed_bytes", "problem_count")
    fields = {name: getattr(summary, name) for name in names}
    text = ", ".join(f"{fields[name]} {name}" for name in names[:5])
    out.row(
        {"finished": True, **fields, "seconds": round(summary.seconds, 3)},
        f"{text}; {size_text(summary.hashed_bytes)} hashed in {summary.seconds:.1f} s",
    )
