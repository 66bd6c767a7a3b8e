"""Legacy users of the demo, as processes, with its server."""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path

import pytest

from tests.demo.soulseek_line import LegacyUser, ServerProcess


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share" / "Slow Ferries"
    folder.mkdir(parents=True)
    (folder / "01 Tide Table.flac").write_bytes(random.Random(1).randbytes(600_000))
    return tmp_path / "share"


def test_users_find_browse_fetch_and_talk(tmp_path: Path, share: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(
            tmp_path, server.address, "ann", "--share", str(share), "--upload", "400", "--join", "harbour"
        ) as ann,
        LegacyUser(tmp_path, server.address, "bob", "--downloads", str(tmp_path / "got")) as bob,
    ):
        assert ann.wait("ready")["files"] == 1
        ann.online()
        bob.online()
        bob.tell(search="tide table")
        answer = bob.wait("answer", user="ann")
        ((path, size),) = answer["answer"]
        assert path.startswith("@@") and path.endswith("Slow Ferries\\01 Tide Table.flac") and size == 600_000
        bob.tell(browse="ann")
        assert [name for files in bob.wait("listing")["listing"].values() for name, _ in files] == [
            "01 Tide Table.flac"
        ]
        began = time.monotonic()
        bob.tell(download=path, from_="ann")
        assert bob.wait("download", state="COMPLETE")["done"] == 600_000
        assert time.monotonic() - began > 0.5  # the limit of 400 KiB/s holds
        ann.wait("upload", state="COMPLETE")
        (got,) = (tmp_path / "got").iterdir()
        original = (share / "Slow Ferries" / "01 Tide Table.flac").read_bytes()
        assert hashlib.sha256(got.read_bytes()).digest() == hashlib.sha256(original).digest()
        bob.tell(join="harbour")
        bob.tell(say="good evening", room="harbour")
        assert ann.wait("said", user="bob")["said"] == "good evening"
        ann.tell(whisper="hello", to="bob")
        assert bob.wait("whispered", user="ann")["whispered"] == "hello"
        bob.tell(download=path)
        assert "whole" in bob.wait("error")["error"]
        bob.tell(stop=True)
        assert bob.child.finish() == 0


def test_without_a_slot_everybody_waits_until_there_is_one(tmp_path: Path, share: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann", "--share", str(share)) as ann,
        LegacyUser(tmp_path, server.address, "bob", "--downloads", str(tmp_path / "got")) as bob,
    ):
        ann.online()
        bob.online()
        bob.tell(search="tide table")
        path = bob.wait("answer", user="ann", free=True)["answer"][0][0]
        ann.tell(slots=0)
        bob.tell(download=path, from_="ann")
        ann.wait("upload", state="QUEUED")
        bob.tell(search="tide")
        bob.wait("answer", user="ann", free=False)
        ann.tell(slots=1)
        assert bob.wait("download", state="COMPLETE")["done"] == 600_000


def test_a_user_comes_back_to_a_server_that_was_away(tmp_path: Path, share: Path) -> None:
    with ServerProcess(tmp_path) as server:
        port = server.address.rpartition(":")[2]
        user = LegacyUser(tmp_path, server.address, "ann", "--share", str(share), "--join", "harbour")
        user.online()
        server.order(stop=True)
        server.child.finish()
        assert user.wait("online", online=False)["reason"]
    with user, ServerProcess(tmp_path, "--port", port) as server:
        user.online()
        server_side = server.order(status=True)
        assert server_side["users"] == ["ann"]


def test_an_upload_goes_on_when_the_server_goes(tmp_path: Path, share: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann", "--share", str(share), "--upload", "20") as ann,
        LegacyUser(tmp_path, server.address, "bob", "--downloads", str(tmp_path / "got")) as bob,
    ):
        ann.online()
        bob.online()
        bob.tell(search="tide table")
        path = bob.wait("answer", user="ann")["answer"][0][0]
        bob.tell(download=path, from_="ann")
        assert bob.wait("download", state="DOWNLOADING")["done"] < 600_000
        server.order(stop=True)
        assert bob.wait("online", online=False)
        ann.tell(limit=0)  # at 20 KiB/s it would take half a minute
        assert bob.wait("download", state="COMPLETE")["done"] == 600_000


def test_a_refused_user_says_why_and_stays_away(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.line() as first:
        assert first.login("ann", "another").success
        with LegacyUser(tmp_path, server.address, "ann") as user:
            assert user.wait("online", online=False)["reason"] == "INVALIDPASS"
        with LegacyUser(tmp_path, server.address, "bob") as bob, server.line() as again:
            bob.online()
            assert again.login("bob", "demo").success
            assert bob.wait("online", online=False)["reason"] == "logged in elsewhere"
