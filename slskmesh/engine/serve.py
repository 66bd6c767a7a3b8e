"""Runs an engine without a screen until a signal: the daemon, and the demo's peers.

Rules:
- The first line written is the ready line, one JSON object; after it only what `tell_library` asks for.
- SIGTERM, SIGINT and SIGHUP end it in order. With `until_eof` the end of standard input does the same, so that
  a process started by another never outlives it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from slskmesh.engine.client import EngineClient
from slskmesh.engine.commands import Connect, MakeInvite
from slskmesh.engine.console import Console, EngineStopped, TimedOut
from slskmesh.engine.events import Event
from slskmesh.engine.interrupts import Interrupted, Interrupts
from slskmesh.engine.job_views import MeshView
from slskmesh.engine.views import DoorView, LibraryView, SettingsView, View

_PR_SET_PDEATHSIG: Final = 1
_TABLE_TIMEOUT: Final = 5.0  # seconds for the table's socket, which listens right after the overlay's
_GATEWAY_TIMEOUT: Final = 60.0  # seconds for what it imports, on a slow machine
_LAST_WAIT: Final = 15.0  # seconds an orphan may take for its clean end before it ends at once


def serve(
    client: EngineClient,
    write: Callable[[dict[str, Any]], None],
    *,
    tell_library: bool = False,
    join: Sequence[str] = (),
    on_event: Callable[[Event], None] | None = None,
) -> int:
    """Starts the engine, dials the invites in `join`, writes the ready line, waits for a signal, stops.

    `on_event` sees each event.

    With `tell_library` each change of the shares is a line {"files": shared, "scan": phase}, and each change of what
    the table is told of them {"shards": releases}. Returns the exit code.
    """

    shards = -1

    def library(view: View | None) -> None:
        nonlocal shards
        if isinstance(view, LibraryView):
            write({"files": view.files, "scan": view.phase.value})
        elif isinstance(view, MeshView) and view.shards != shards:
            shards = view.shards
            write({"shards": shards})

    console = Console(client, on_event)
    with Interrupts() as interrupts:
        try:
            with interrupts.hold():
                console.start()
            status = console.listening()
            for invite in join:
                console.post(Connect(invite))  # one that cannot be reached now is dialled again later
            invite = console.ask(MakeInvite()).value
            places = {"overlay": status.listening, "dht": _table(console), "gateway": _gateway(console)}
            write({"ready": True, "peer_id": status.peer_id, **places, "invite": invite})
            if tell_library:
                console.on_view = library
                library(console.latest(LibraryView))
                library(console.latest(MeshView))
            console.wait_for(lambda: False, None, "a signal")
        except Interrupted:
            return 0
        except EngineStopped:
            if console.ended is None or not console.ended.clean:
                raise
        finally:
            interrupts.close()
            console.stop()
    return 0


def _table(console: Console) -> str:
    """Where the table of peers listens ("host:port", UDP); empty where it is switched off or cannot listen."""
    settings = console.latest(SettingsView)
    off = settings is not None and ("mesh.enabled", "false") in {(s.key, s.value) for s in settings.settings}
    with contextlib.suppress(TimedOut):
        console.wait_view(
            MeshView, lambda view: off or bool(view.listening), _TABLE_TIMEOUT, "the table of peers"
        )
    mesh = console.latest(MeshView)
    return mesh.listening.partition(", ")[0] if mesh is not None else ""


def _gateway(console: Console) -> str:
    """Where the gateway listens ("http://host:port"); empty where it is switched off or shut."""
    settings = console.latest(SettingsView)
    on = settings is not None and ("gateway.enabled", "true") in {(s.key, s.value) for s in settings.settings}
    if on:
        console.wait_view(
            DoorView, lambda view: bool(view.gateway or view.trouble), _GATEWAY_TIMEOUT, "the gateway"
        )
    door = console.latest(DoorView)
    return door.gateway if door is not None else ""


def json_line(value: dict[str, Any]) -> None:
    """Writes one JSON object as a line on standard output, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def end_with_parent(on_line: Callable[[str], None] | None = None) -> None:
    """Ends this process when the one that started it is gone: by standard input's end, and by the kernel on Linux.

    Lines read from standard input go to `on_line`, in a thread of their own.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_read_to_end, args=(on_line,), name="standard input", daemon=True).start()


def _read_to_end(on_line: Callable[[str], None] | None) -> None:
    with open(0, encoding="utf-8", errors="replace", closefd=False) as lines:
        for line in lines:
            if on_line is not None:
                on_line(line)
    os.kill(os.getpid(), signal.SIGTERM)
    last = threading.Timer(_LAST_WAIT, os._exit, (1,))
    last.daemon = True
    last.start()
