"""The daemon on a Soulseek server that dies and comes back: its log tells each change, in words of ours alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import Account, Daemon
from tests.demo.soulseek_line import ServerProcess

PATIENCE = 60.0


def logged(home: Path, words: str) -> str:
    """The log, once it has these words."""
    deadline = time.monotonic() + PATIENCE
    while words not in (text := (home / "slskmesh.log").read_text()):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    return text


def test_changes_of_mode_are_in_the_log_and_no_names(
    make_home: Callable[..., Path], tmp_path: Path, daemon: Callable[..., Daemon]
) -> None:
    users: Any = ("--users", str(tmp_path / "users"))
    with ServerProcess(tmp_path, *users) as server:
        me = Account(make_home("me"), server.address, "somebody-known")
        config = me.home / "config.toml"
        config.write_text(config.read_text() + "[mesh.disaster_mode]\nafter = 5\n")
        one = daemon(me.home)
        logged(me.home, "mode hybrid, Soulseek server healthy")
        server.child.kill()
        logged(me.home, "mode hybrid, Soulseek server degraded")
        text = logged(me.home, "mode disaster (entered by itself), Soulseek server unavailable")
    assert one.end() == (0, "", "")
    text = (me.home / "slskmesh.log").read_text()
    assert "somebody-known" not in text and server.address not in text and "stopped in order" in text
    assert text.count("mode ") == 4, text  # healthy, degraded, unavailable, disaster
