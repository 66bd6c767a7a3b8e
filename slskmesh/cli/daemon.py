"""`slskmesh daemon`: the engine without a screen.

Standard output is one line: {"ready": true, "peer_id": TEXT, "overlay": "host:port", "invite": TEXT}.
Started by another program with the hidden `--until-eof` it also ends with that program, and tells its shares.
"""

from __future__ import annotations

import logging
from pathlib import Path

from slskmesh import __version__
from slskmesh.cli.engine_run import ready_home
from slskmesh.cli.logfile import log_to
from slskmesh.engine.serve import end_with_parent, json_line, serve
from slskmesh.engine.thread import EngineThread

log = logging.getLogger("slskmesh.daemon")


def run_daemon(home: Path, *, until_eof: bool) -> int:
    """Runs until a signal (or, `until_eof`, the end of standard input); returns the exit code."""
    place = ready_home(home)
    log_to(place)
    if until_eof:
        end_with_parent()
    log.info("version %s starts", __version__)
    code = serve(EngineThread(home), json_line, tell_library=until_eof)
    log.info("stopped in order")
    return code
