"""Commands of the Soulseek network through a daemon that is logged in: each as with an engine of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import Account, Soulseek

DAEMON = Callable[..., Any]


def test_the_network_is_used_through_the_daemon(daemon: DAEMON, me: Account, soulseek: Soulseek) -> None:
    one = daemon(me.home)
    code, [status], err = me("status")
    assert code == 0 and status["phase"] == "online", err
    code, rows, err = me("search", "tide table", "--where", "soulseek", "--for", "20")
    assert code == 0 and rows[0]["user"] == "ann", err
    assert rows[-1]["ended"] and rows[-1]["shown"] == len(rows) - 1
    code, rows, err = me(
        "download", "--user", "ann", "--path", rows[0]["path"], "--size", str(rows[0]["size"])
    )
    assert code == 0, err
    data = soulseek.files["Slow Ferries/01 Tide Table.flac"]
    assert Path(rows[-1]["path"]).read_bytes() == data
    code, rows, err = me("transfers", "list")
    assert code == 0 and [row["state"] for row in rows] == ["done"], err
    code, [said], err = me("say", "harbour", "hello from a command")
    assert code == 0 and said["room"] == "harbour", err
    code, rows, err = me("rooms", "read", "harbour")
    assert code == 0 and rows[-1]["text"] == "hello from a command", err
    code, rows, err = me("rooms", "list")
    assert code == 0 and {row["room"] for row in rows if "room" in row} >= {"harbour"}, err
    code, rows, err = me("users", "browse", "ann", "--files")
    assert code == 0 and rows[-1]["files"] >= 2, err
    code, [sent], err = me("message", "ann", "a private word")
    assert code == 0 and sent["state"] == "sent", err
    code, [left], err = me("rooms", "leave", "harbour")
    assert code == 0 and left["room"] == "harbour", err
    assert one.process.poll() is None
    assert one.end()[0] == 0
