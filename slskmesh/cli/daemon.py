"""`slskmesh daemon`: the engine without a screen.

Standard output is one line: {"ready": true, "peer_id": TEXT, "overlay": "host:port", "dht": "host:port",
"gateway": "http://host:port", "invite": TEXT}; "dht" and "gateway" are empty where they are switched off.
Started by another program with the hidden `--until-eof` it also ends with that program, and tells its shares.
The log tells each change of mode and of the Soulseek server's health; never the server's words or anybody's name.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from slskmesh import __version__
from slskmesh.cli.doors import engine_with_doors
from slskmesh.cli.engine_run import ready_home
from slskmesh.cli.logfile import log_to
from slskmesh.cli.peers import invited_peer
from slskmesh.engine.events import Event
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.serve import end_with_parent, json_line, serve
from slskmesh.engine.thread import EngineThread

log = logging.getLogger("slskmesh.daemon")


def run_daemon(home: Path, join: Sequence[str], *, until_eof: bool) -> int:
    """Runs until a signal (or, `until_eof`, the end of standard input); returns the exit code.

    The peers of the invites in `join` are dialled at the start, and again later as any peer of the book.
    """
    for invite in join:
        invited_peer(invite)
    place = ready_home(home)
    log_to(place)
    if until_eof:
        end_with_parent()
    log.info("version %s starts", __version__)
    code = serve(
        EngineThread(home, engine_with_doors), json_line, tell_library=until_eof, join=join, on_event=log_mode
    )
    log.info("stopped in order")
    return code


def log_mode(event: Event) -> None:
    """Writes a change of mode or health to the log, in words of ours alone."""
    if isinstance(event, ModeChanged):
        turn = " (entered by itself)" if event.entered_disaster else " (left)" if event.left_disaster else ""
        log.info("mode %s%s, Soulseek server %s", event.mode, turn, event.health)
