"""`slskmesh download`: one file, from every connected peer that has it or from a Soulseek user.

JSON: progress lines {"transfer", "via", "user", "state", "done", "size", "rate", "eta", "sources", "place", "reason"}
when they change, then {"finished": true, "transfer", "via", "path", "size", "seconds", "bad_chunks", "rescued"}. `via`
is "mesh" or "soulseek"; `rescued`: peers finished what the user sent too slowly. What is there stays after an
interruption; the same command goes on from it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from slskmesh.cli.engine_run import running, wait_for_peers, wait_online
from slskmesh.cli.output import Output
from slskmesh.cli.search import Hits, hit_text, question_of, wait_for_network
from slskmesh.cli.transfer_words import (
    Transfer,
    legacy_downloads,
    of_legacy,
    of_mesh,
    transfer_fields,
    transfer_text,
)
from slskmesh.engine.commands import Download, Resume, Search
from slskmesh.engine.console import Console
from slskmesh.engine.hit_facts import path_of
from slskmesh.engine.legacy_commands import GetHits, GetRemote, ResumeLegacy
from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import HitView, TransferState, TransfersView, TransferView
from slskmesh.errors import SlskmeshError, UserError

_CONTENT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_LIMIT: Final = 500
_SIZE_MAX: Final = 1 << 50
_WORDS: Final = re.compile(r"[^\W_]+")
_ENDS: Final = ("done", "failed", "paused", "aborted")
_FOR_FIRST: Final = 20.0  # seconds of a search whose first fitting hit is taken


def run_download(
    home: Path, what: str, name: str, size: int | None, where: str, patience: float, out: Output
) -> None:
    """Fetches a content, or the first hit of a search; SlskmeshError with the engine's reason if it fails."""
    if _CONTENT.fullmatch(what.strip()):
        _by_content(home, Download(what.strip().lower(), size or 0, name), size, patience, out)
        return
    question = question_of(what, _LIMIT, where, "", "")
    hits = Hits()
    with running(home, hits.event) as console:
        wait_for_network(home, console, where, patience)
        hits.ask(console, question, lambda: bool(hits.found), _FOR_FIRST)
        if not hits.found:
            raise SlskmeshError("nothing was found")
        hit = hits.found[0]
        out.say(hit_text(hit))
        if hit.via == "soulseek":
            _take_hit(console, hits.query, hit, out)
        else:
            folder = "/".join(part.replace("/", "_") for part in (hit.artist, hit.album) if part)
            _take(console, Download(hit.content, hit.size, str(hit.name), folder), out)


def run_remote(home: Path, user: str, path: str, size: int | None, patience: float, out: Output) -> None:
    """Fetches a file of a Soulseek user by its path; without its size he is asked for it first.

    UserError: there is no such path. SlskmeshError: it failed, or he does not show such a file.
    """
    path = check_path(path)
    hits = Hits()
    with running(home, hits.event) as console:
        known = next((d for d in legacy_downloads(console) if _is(d, user, path)), None)
        if known is not None:
            if known.phase in (LegacyPhase.PAUSED, LegacyPhase.FAILED):
                console.ask(ResumeLegacy((known.key,)))
            wait_online(home, console, patience)
            _follow(console, known.key, out)
            return
        wait_online(home, console, patience)
        if size is not None:
            before = {d.key for d in legacy_downloads(console)}
            console.ask(GetRemote(user, path, size))
            _follow(console, _new(console, user, path, before), out)
            return
        words = " ".join(dict.fromkeys(_WORDS.findall(path.rpartition("\\")[2])))
        question = Search(words, _LIMIT, "soulseek", user)
        hits.ask(console, question, lambda: any(path_of(hit) == path for hit in hits.found), _FOR_FIRST)
        hit = next((hit for hit in hits.found if path_of(hit) == path), None)
        if hit is None:
            raise SlskmeshError(f"{user} shows no such file; with --size he is asked for it all the same")
        _take_hit(console, hits.query, hit, out)


def check_path(path: str) -> str:
    """A remote path with backslashes, as the network has it. UserError: it names no file in a folder."""
    path = path.strip()
    if "\\" not in path:
        path = path.replace("/", "\\")
    if "\\" not in path or path.endswith("\\"):
        raise UserError("--path is a remote file with its folders, as `search --json` shows it")
    return path


def check_size(size: int | None) -> int | None:
    """A size in bytes. UserError: no file has that."""
    if size is not None and not 0 <= size <= _SIZE_MAX:
        raise UserError(f"--size is a number of bytes up to {_SIZE_MAX}")
    return size


def _by_content(home: Path, wanted: Download, size: int | None, patience: float, out: Output) -> None:
    with running(home) as console:
        if _mesh_transfer(console, wanted.content) is None and (not wanted.name or size is None):
            raise UserError(
                "a content id that is not in the list of downloads needs --name and --size as well"
            )
        wait_for_peers(console, patience)
        _take(console, wanted, out)


def _take(console: Console, wanted: Download, out: Output) -> None:
    """From peers."""
    known = _mesh_transfer(console, wanted.content)
    if known is None:
        console.ask(wanted)
    elif known.state in (TransferState.PAUSED, TransferState.FAILED):
        console.ask(Resume(known.transfer))
    _follow(console, wanted.content, out)


def _take_hit(console: Console, query: int, hit: HitView, out: Output) -> None:
    """From the legacy user of a hit."""
    before = {d.key for d in legacy_downloads(console)}
    console.ask(GetHits(query, (hit.key,)))
    _follow(console, _new(console, hit.user, path_of(hit), before), out)


def _is(one: LegacyDownloadView, user: str, path: str) -> bool:
    """Whether a download is of this file; both as they are shown."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    return one.user == user and one.name == name and one.remote.replace("\\", "/") == folder


def _new(console: Console, user: str, path: str, before: set[str]) -> str:
    """The key of a download that was just asked for, or is in the list for long."""
    found: list[LegacyDownloadView] = []

    def there() -> bool:
        view = console.latest(LegacyDownloadsView)
        mine = [d for d in view.downloads if _is(d, user, path)] if view is not None else []
        found[:] = sorted(mine, key=lambda d: d.key in before)
        return bool(found)

    console.wait_for(there, 15, "the download in the list")
    return found[0].key


def _mesh_transfer(console: Console, content: str) -> TransferView | None:
    view = console.wait_view(TransfersView, lambda view: True, 10, "the list of downloads")
    return next((t for t in view.transfers if t.transfer == content), None)


def _follow(console: Console, transfer: str, out: Output) -> None:
    started = time.monotonic()
    shown: Transfer | None = None
    rescued = False

    def ended() -> bool:
        nonlocal shown, rescued
        now = _now(console, transfer)
        if now is not None and now != shown:
            out.progress(transfer_fields(now), transfer_text(now))
            shown = now
            rescued = rescued or now.rescued
        held = now is not None and now.rescued and now.state == "paused"  # by the peers who finish it
        return now is not None and now.state in _ENDS and not held

    console.wait_for(ended, None, "the download")
    assert shown is not None  # `ended` saw it
    if shown.state != "done":
        raise SlskmeshError(f"{shown.name}: {shown.reason or shown.state}")
    fields = {"transfer": transfer, "via": shown.via, "path": shown.path, "size": shown.size}
    more = {
        "bad_chunks": shown.bad_chunks,
        "rescued": rescued,
        "seconds": round(time.monotonic() - started, 2),
    }
    out.row({"finished": True, **fields, **more}, str(shown.path))


def _now(console: Console, transfer: str) -> Transfer | None:
    mesh, legacy = console.latest(TransfersView), console.latest(LegacyDownloadsView)
    for one in mesh.transfers if mesh is not None else ():
        if one.transfer == transfer:
            return of_mesh(one)
    for other in legacy.downloads if legacy is not None else ():
        if other.key == transfer:
            return of_legacy(other)
    return None
