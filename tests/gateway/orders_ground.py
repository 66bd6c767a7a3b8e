"""For tests of what programs order: both networks around an engine, and the calls that clients make."""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from slskmesh.engine import commands as cmd
from slskmesh.engine.views import LibraryView, PeerState, PeersView
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.nodes import Node, furnish
from tests.gateway.ground import WAIT, Ground

API = "/api/v0"
ALBUM = "Slow Ferries"
SONG, NOTES = "01 Tide Table.flac", "notes.txt"
SIZE = 300_000


def fill(folder: Path, like: str = "", **sizes: int) -> Path:
    """An album below `folder`, of random bytes; the same ones as in the folder `like`."""
    album = folder / ALBUM
    album.mkdir(parents=True, exist_ok=True)
    for name, size in (sizes or {SONG: SIZE, NOTES: 900}).items():
        (album / name).write_bytes(random.Random(f"{like or folder.name}{name}").randbytes(size))
    return folder


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def soulseek_user(
    root: Path, server: ServerProcess, name: str, *args: str, **sizes: int
) -> Iterator[LegacyUser]:
    """A user of another client who shares an album."""
    share = fill(root / f"{name}-share", "", **sizes)
    words = ("--share", str(share), "--downloads", str(root / f"{name}-got"))
    with LegacyUser(root, server.address, name, *words, *args) as user:
        yield user.online()


@contextlib.contextmanager
def peer(root: Path, me: Ground, like: str = "", **sizes: int) -> Iterator[Node]:
    """An engine that shares an album (`like` another one) and is connected with ours."""
    share = fill(root / "peer-share", like, **sizes)
    node = Node(furnish(root, "peer", share))
    node.start()
    try:
        node.wait_view(LibraryView, lambda view: view.files == (len(sizes) or 2), WAIT, "its files")
        me.ask(cmd.Connect(node.ask(cmd.MakeInvite(), WAIT).value), WAIT)
        connected = PeerState.CONNECTED
        me.wait_view(PeersView, lambda view: any(p.state is connected for p in view.peers), WAIT, "the peer")
        yield node
    finally:
        node.stop()


def until(what: str, found: Callable[[], Any], pause: float = 0.1) -> Any:
    """What is found, once something is."""
    deadline = time.monotonic() + WAIT
    while not (value := found()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(pause)  # as clients poll
    return value


def search(me: Ground, text: str) -> list[dict[str, Any]]:
    """The responses of a search, as clients ask for them."""
    id = str(uuid.uuid4())
    wanted = {"id": id, "searchText": text, "searchTimeout": 5000}
    until("a search", lambda: me.http.post(f"{API}/searches", json=wanted).status_code != 429, pause=1.0)
    until("the search's end", lambda: me.ok("GET", f"{API}/searches/{id}")["isComplete"])
    responses = me.ok("GET", f"{API}/searches/{id}/responses")
    assert isinstance(responses, list)
    return responses


def found(me: Ground, text: str, mesh: bool = False) -> tuple[str, list[dict[str, Any]]]:
    """A user of one of the networks with his files, once a search finds him."""

    def look() -> Any:
        users = [one for one in search(me, text) if one["username"].startswith("mesh:") is mesh]
        return (users[0]["username"], users[0]["files"]) if users else None

    user, files = until(f"somebody with {text}", look)
    return user, files


def path_of(user: str, *more: str) -> str:
    """The address of a user's downloads."""
    return "/".join((f"{API}/transfers/downloads", quote(user), *more))


def files_of(me: Ground, user: str) -> list[dict[str, Any]]:
    """All transfers with a user."""
    answer = me.http.get(path_of(user))
    if answer.status_code == 404:
        return []
    return [file for folder in answer.json()["directories"] for file in folder["files"]]


def wait_for(me: Ground, user: str, id: str, *states: str) -> dict[str, Any]:
    """A transfer, once it is in one of these states."""

    def look() -> Any:
        one = me.ok("GET", path_of(user, id))
        if one["state"] not in states:
            assert one["state"] in states or not one["state"].startswith("Completed"), one
            return None
        return one

    one = until(f"{states} of {id}", look)
    assert isinstance(one, dict)
    return one
