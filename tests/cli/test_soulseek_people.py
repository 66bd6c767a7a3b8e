"""People, wishes, the account, mode and what is published, by the command line: real commands, the demo's server."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

from tests.cli.conftest import Account, Soulseek, environment


def test_a_user_is_asked_who_he_is(me: Account) -> None:
    code, (shown,), errors = me("users", "info", "ann")
    assert code == 0, errors
    assert set(shown) == {
        *("user", "text", "slots", "queue", "free_slot", "picture", "state", "received", "sent", "note"),
    }
    assert (shown["user"], shown["state"], shown["slots"], shown["free_slot"]) == ("ann", "online", 2, True)
    code, (shown,), _ = me("users", "info", "nobody")
    assert code == 1 and shown["note"]


def test_shares_are_browsed_folder_by_folder(me: Account, soulseek: Soulseek) -> None:
    code, (*rows, end), errors = me("users", "browse", "ann", "--files")
    assert code == 0, errors
    (folder,) = [row for row in rows if row.get("files")]
    files = {row["name"]: row["size"] for row in rows if "name" in row}
    assert folder["folder"].endswith("Slow Ferries") and (folder["files"], folder["size"]) == (2, 300_900)
    assert files == {"01 Tide Table.flac": 300_000, "notes.txt": 900}
    assert (end["ended"], end["files"], end["size"]) == (True, 2, 300_900)
    assert end["shown"] == end["folders"] == len([row for row in rows if "name" not in row])
    code, (end,), _ = me("users", "browse", "ann", "--text", "zebra")
    assert code == 1 and (end["files"], end["shown"]) == (2, 0)
    code, _, errors = me("users", "browse", "nobody")
    assert code == 1 and errors.count("\n") == 1


def test_buddies_and_bans_are_kept(me: Account, tmp_path: Path) -> None:
    assert me("users", "list") == (0, [], "")
    assert me("users", "buddy", "ann", "--note", "ferries", "--trusted")[0] == 0
    assert me("users", "ban", "spam*", "--note", "noise")[1][0]["did"] == "banned"
    assert me("users", "ignore", "10.0.0.0/8", "--address")[0] == 0
    _, rows, _ = me("users", "list")
    buddy, *rules = rows
    assert (buddy["type"], buddy["name"], buddy["note"], buddy["trusted"]) == (
        "buddy",
        "ann",
        "ferries",
        True,
    )
    assert {(rule["target"], rule["address"], "transfers" in rule["scope"]) for rule in rules} == {
        ("spam*", False, True),
        ("10.0.0.0/8", True, False),
    }
    kept = tmp_path / "people"
    assert me("users", "export", str(kept))[0] == 0 and kept.stat().st_size > 0
    assert me("users", "export", str(kept))[0] != 0, "an existing file is not overwritten"
    assert me("users", "unbuddy", "ann")[0] == me("users", "unban", "spam*")[0] == 0
    assert me("users", "unban", "10.0.0.0/8", "--address")[0] == 0 and me("users", "list")[1] == []
    assert me("users", "import", str(kept))[0] == 0 and len(me("users", "list")[1]) == 3
    assert me("users", "unban", "who was never there")[0] == 1


def test_wishes_are_added_found_and_taken_away(me: Account) -> None:
    assert me("wishes", "list")[0] == 1
    code, (added,), errors = me("wishes", "add", "tide", "table", "--filter", "lossless")
    assert code == 0 and added["added"] is True, errors
    number = str(added["wish"])
    code, (wish,), _ = me("wishes", "list")
    assert set(wish) == {
        *("wish", "text", "filter", "auto", "phase", "runs", "hits", "fresh", "ran_at", "note"),
    }
    assert (wish["text"], wish["filter"], wish["phase"]) == ("tide table", "lossless", "looking")
    assert me("wishes", "pause", number)[0] == 0 and me("wishes", "list")[1][0]["phase"] == "paused"
    assert me("wishes", "resume", number)[0] == 0 and me("wishes", "list")[1][0]["phase"] == "looking"
    assert me("wishes", "offers", number)[0] in (0, 1)
    assert me("wishes", "take", number, "none")[0] != 0
    assert me("wishes", "remove", number)[0] == 0 and me("wishes", "list")[0] == 1
    assert me("wishes", "add", "x", "--filter", "size>=")[0] == 2


def test_the_password_comes_from_standard_input_and_stays_out_of_sight(me: Account) -> None:
    code, (shown,), _ = me("account", "show")
    assert code == 0 and shown["password"] is True and "secret" not in str(shown)
    code, (done,), errors = me("account", "set", "somebody-else", given="another word\n")
    assert code == 0 and done["username"] == "somebody-else", errors
    secret = me.home / "soulseek.password"
    assert secret.read_text() == "another word\n" and secret.stat().st_mode & 0o777 == 0o600
    assert "another word" not in (me.home / "config.toml").read_text()
    assert me("account", "show")[1][0]["username"] == "somebody-else"
    code, _, errors = me("account", "set", "x", given="")
    assert code == 2 and "password" in errors
    code, _, errors = me("account", "set", "häß", given="pw\n")
    assert code != 0 and errors.count("\n") == 1
    assert me("account", "clear")[0] == 0 and me("account", "show")[0] == 1


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(me: Account) -> None:
    master, slave = pty.openpty()
    words = [word for word in me.args("account", "set", "typed") if word != "--json"]
    with subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment(),
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    ) as asked:  # fmt: skip
        os.close(slave)
        seen = b""
        while b"Password of typed:" not in seen:
            seen += os.read(master, 1000)
        os.write(master, b"hidden word\n")
        try:
            while more := os.read(master, 1000):
                seen += more
        except OSError:
            pass  # the other end is closed: it has ended
        assert asked.wait(60) == 0
    os.close(master)
    assert b"hidden" not in seen and (me.home / "soulseek.password").read_text() == "hidden word\n"


def test_the_status_is_the_modes(me: Account, soulseek: Soulseek) -> None:
    code, (shown,), errors = me("status")
    assert code == 0, errors
    assert (shown["mode"], shown["phase"], shown["health"]) == ("hybrid", "online", "healthy")
    assert shown["server"] == soulseek.server.address and shown["username"] and shown["searches_of"] > 0
    assert (me.home / "soulseek.password").write_text("wrong\n")
    code, (shown,), _ = me("status")
    assert code == 1 and shown["phase"] == "stopped" and "password" in shown["what"]
    assert me("account", "clear")[0] == 0
    code, (shown,), _ = me("status")
    assert code == 0 and shown["mode"] == "mesh-only"


def test_nothing_is_published_of_an_empty_library(me: Account) -> None:
    code, (*records, end), errors = me("published", "--wait", "1")
    assert end["ended"] is True and set(end) == {"ended", "out", "next", "leaving", "lines"}, errors
    assert len(records) == end["out"] + end["next"] and code == (0 if records else 1)
    assert all(set(row) == {"type", "kind", "name", "title", "size", "life", "says"} for row in records)
