"""`slskmesh demo`: the network on this machine, with the terminal app or without a screen.

Headless, standard output is one JSON object with --json: {"ok", "files", "bytes", "sha256_ok", "seconds",
"sources", "bad_chunks_rejected", "liar_named", "resumed", "job_state", "dht_nodes", "holders_found",
"forged_records_refused"}, and "error" if the run failed; code 0 only if `ok`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from slskmesh.cli.output import Output
from slskmesh.errors import UserError


def run_demo(
    *,
    peers: int,
    size_mb: int,
    seed: int,
    headless: bool,
    kill_leecher: bool,
    screenshots: Path | None,
    out: Output,
) -> int:
    """Runs the demo; returns the exit code. When it returns no process and no folder of it is left."""
    if headless and screenshots is None:
        return _headless(peers, size_mb, seed, kill_leecher, out)
    if out.as_json or kill_leecher or headless:
        raise UserError("--json and --kill-leecher go with --headless, --screenshots with none of them")
    from slskmesh.cli.frontend import load_frontend, need_terminal
    from slskmesh.demo.interactive import run_interactive, run_pictures

    if screenshots is not None:
        folder = _picture_folder(screenshots)
        take = load_frontend("pictures")
        return run_pictures(take, folder, peers=peers, size_mb=size_mb, seed=seed, say=_say)
    need_terminal("add --headless to run without one")
    return run_interactive(load_frontend(), peers=peers, size_mb=size_mb, seed=seed, say=_say)


def _picture_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot hold pictures: {error.strerror or error}") from error
    return folder.absolute()


def _headless(peers: int, size_mb: int, seed: int, kill_leecher: bool, out: Output) -> int:
    from slskmesh.demo.headless import lines, run_headless

    summary = run_headless(peers=peers, size_mb=size_mb, seed=seed, kill_leecher=kill_leecher, say=out.say)
    out.row(msgspec.to_builtins(summary), "\n".join(lines(summary)))
    return 0 if summary.ok else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
