"""`slskmesh download`: one file from every connected peer that has it.

JSON: progress lines {"transfer", "state", "done", "size", "rate", "eta", "sources", "reason"} when they change, then
{"finished": true, "transfer", "path", "size", "seconds", "bad_chunks"}. What is there stays after an interruption;
the same command goes on from it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from slskmesh.cli.engine_run import running, wait_for_peers
from slskmesh.cli.output import Output, size_text
from slskmesh.cli.search import Hits, check_query, hit_text
from slskmesh.engine.commands import Download, Resume
from slskmesh.engine.console import Console
from slskmesh.engine.views import TransferState, TransfersView, TransferView
from slskmesh.errors import SlskmeshError, UserError

_CONTENT = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_LIMIT = 500


def run_download(home: Path, what: str, name: str, size: int | None, patience: float, out: Output) -> None:
    """Fetches and waits to the end; SlskmeshError with the engine's reason if it fails."""
    by_content = _CONTENT.fullmatch(what.strip())
    wanted = Download(what.strip().lower(), size or 0, name) if by_content else None
    query = "" if by_content else check_query(what)
    hits = Hits()
    with running(home, hits.event) as console:
        known = _transfer(console, wanted.content) if wanted else None
        if wanted is not None and known is None and (not name or size is None):
            raise UserError(
                "a content id that is not in the list of downloads needs --name and --size as well"
            )
        wait_for_peers(console, patience)
        if wanted is None:
            wanted = _first_hit(console, hits, query, out)
            known = _transfer(console, wanted.content)
        if known is None:
            transfer = console.ask(Download(wanted.content, wanted.size, wanted.name, wanted.folder)).value
        else:
            transfer = known.transfer
            if known.state in (TransferState.PAUSED, TransferState.FAILED):
                console.ask(Resume(transfer))
        _follow(console, transfer, out)


def _first_hit(console: Console, hits: Hits, query: str, out: Output) -> Download:
    hits.ask(console, query, _LIMIT)
    if not hits.found:
        raise SlskmeshError("nothing was found")
    hit = hits.found[0]
    out.say(hit_text(hit))
    folder = "/".join(part.replace("/", "_") for part in (hit.artist, hit.album) if part)
    return Download(hit.content, hit.size, str(hit.name), folder)


def _transfer(console: Console, content: str) -> TransferView | None:
    console.wait_view(TransfersView, lambda view: True, 10, "the list of downloads")
    view = console.latest(TransfersView)
    return next((t for t in view.transfers if t.transfer == content), None) if view is not None else None


def _follow(console: Console, transfer: str, out: Output) -> None:
    started = time.monotonic()
    shown: TransferView | None = None

    def ended() -> bool:
        nonlocal shown
        view = console.latest(TransfersView)
        now = next((t for t in view.transfers if t.transfer == transfer), None) if view is not None else None
        if now is not None and now != shown:
            _show(now, out)
            shown = now
        return now is not None and now.state in (
            TransferState.DONE,
            TransferState.FAILED,
            TransferState.PAUSED,
        )

    console.wait_for(ended, None, "the download")
    assert shown is not None  # `ended` saw it
    if shown.state is not TransferState.DONE:
        raise SlskmeshError(f"{shown.name}: {shown.reason or shown.state.value}")
    fields = {"transfer": transfer, "path": shown.path, "size": shown.size, "bad_chunks": shown.bad_chunks}
    out.row({"finished": True, **fields, "seconds": round(time.monotonic() - started, 2)}, str(shown.path))


def _show(now: TransferView, out: Output) -> None:
    fields = {"transfer": now.transfer, "state": now.state.value, "done": now.done, "size": now.size}
    more = {"rate": now.rate, "eta": now.eta, "sources": len(now.sources), "reason": now.reason}
    share = now.done / now.size if now.size else 1.0
    text = f"{share:4.0%}  {size_text(now.done)} of {size_text(now.size)}  {size_text(now.rate)}/s  {now.state.value}"
    out.progress({**fields, **more}, f"{text}  {now.reason}" if now.reason else text)
