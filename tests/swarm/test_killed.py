"""SIGKILL in the middle of a download, in a real process: what was verified is not fetched again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from slskmesh.swarm.state import Phase
from tests.swarm.memory import link, open_node
from tests.swarm.test_downloads import nodes

SIZE = 8_000_000


def kill_halfway(root: Path) -> int:
    """Starts the process, kills it once more than 40 % are verified; returns the last number it told."""
    command = [sys.executable, "-m", "tests.swarm.killed", str(root), str(SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        done = 0
        for line in process.stdout:
            done = int(line)
            if done > SIZE * 0.4:
                break
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    return done


async def test_a_kill_costs_less_than_two_percent(tmp_path: Path) -> None:
    done = kill_halfway(tmp_path)
    assert SIZE * 0.4 < done < SIZE
    async with nodes(tmp_path, 1) as (nursery, [leecher]):
        async with open_node(3, tmp_path / "3") as seeder:
            data = random.Random(1).randbytes(SIZE)
            content = seeder.shelf.put(seeder.root / "f", data)
            assert leecher.downloads.views()[0].content == content  # the list survived
            link(nursery, leecher, seeder)
            await leecher.reach(content, Phase.DONE)
            assert (leecher.downloads_root / "f").read_bytes() == data
            again = sum(leecher.got.values()) - (SIZE - done)
            print(f"fetched again: {max(0, again)} bytes of {SIZE}")
            assert again <= 0.02 * SIZE
