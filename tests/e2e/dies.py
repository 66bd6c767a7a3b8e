"""Runs a peer that is killed at one point of finishing a download: `python -m tests.e2e.dies POINT NAME MODULE ARGS…`.

The process sends itself SIGKILL when the download called NAME gets to POINT; other downloads pass.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slskmesh import paths
from slskmesh.swarm import partial
from slskmesh.swarm.partial import Part

POINTS = ("whole", "link", "linked", "unlinked", "placed")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def trap(point: str, name: str) -> None:
    """Sets the one trap."""
    whole, link, place, sync = Part.whole, Part._link, Part.place, paths.sync_folder
    placing: list[str] = []

    def trapped_whole(self: Part, steps: int = 8) -> bool | None:
        if point == "whole" and self.name == name:
            _die()
        return whole(self, steps)

    def trapped_link(self: Part, target: Path) -> bool:
        if point == "link" and self.name == name:
            _die()
        made = link(self, target)
        if point == "linked" and self.name == name:
            _die()
        return made

    def trapped_sync(folder: Path) -> None:  # called once the partial file's own name is gone
        if point == "unlinked" and placing == [name]:
            _die()
        sync(folder)

    def trapped_place(self: Part) -> Path:
        placing[:] = [self.name]
        path = place(self)
        if point == "placed" and self.name == name:
            _die()
        return path

    swap: Callable[..., Any] = setattr
    swap(Part, "whole", trapped_whole)
    swap(Part, "_link", trapped_link)
    swap(Part, "place", trapped_place)
    swap(partial, "sync_folder", trapped_sync)


if __name__ == "__main__":
    trap(sys.argv[1], sys.argv[2])
    sys.argv = sys.argv[3:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
