"""SIGKILL in a real process at each stage: the list is there, no file is lost, none comes twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import partials
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.values import TransferPhase
from slskmesh.store.database import open_store

from .killed_downloads import SIZE, data_of
from .legacy_double import Network

FILES = 2


def kill_at(home: Path, stage: str) -> None:
    command = [sys.executable, "-m", "tests.soulseek.killed_downloads", str(home), str(FILES), stage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reached = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL and reached == stage


@pytest.mark.parametrize("stage", ["partial", "placing", "placed"])
async def test_a_kill_loses_nothing(tmp_path: Path, stage: str) -> None:
    await trio.to_thread.run_sync(kill_at, tmp_path, stage)
    root = tmp_path / "downloads"
    network = Network(data={("ben", f"a\\{number}"): data_of(number) for number in range(FILES)})
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        downloads = LegacyDownloads(
            store,
            network,  # type: ignore[arg-type]
            root,
            rng=random.Random(1),
        )
        network.hear = downloads.heard
        await nursery.start(downloads.run)
        assert len(downloads.views()) == FILES
        with trio.fail_after(60):
            while any(view.phase is not TransferPhase.DONE for view in downloads.views()):
                for transfer in list(network.transfers.values()):
                    assert stage == "partial"  # else all bytes were there
                    assert transfer.local.stat().st_size == SIZE // 2 - partials.TAIL
                    network.send(transfer.user, transfer.path)
                await trio.sleep(0.02)
            while list((root / ".incomplete").iterdir()):  # noqa: ASYNC110 - what is left of them goes after that
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    assert sorted(path.name for path in root.iterdir()) == [".incomplete", "0", "1"]
    assert [(root / str(number)).read_bytes() == data_of(number) for number in range(FILES)] == [True, True]
