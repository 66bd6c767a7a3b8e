"""A download that a Soulseek user sends too slowly and peers finish is one transfer to programs, from order to end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slskmesh.engine import commands as cmd
from slskmesh.engine.views import TransfersView
from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import WAIT, Ground, ground
from tests.gateway.orders_ground import (
    ALBUM,
    API,
    SONG,
    digest,
    files_of,
    found,
    path_of,
    peer,
    soulseek_user,
    until,
    wait_for,
)

SIZE = 3_000_000
RULES = {"rescue": {"over": 5, "silent": 5}}


@contextlib.contextmanager
def rescued(root: Path, rate: str = "0") -> Iterator[tuple[Ground, dict[str, Any]]]:
    """An engine with an ordered download of which peers bring the rest, at most `rate` bytes per second."""
    with (
        ServerProcess(root) as server,
        soulseek_user(root, server, "bob", "--upload", "15", **{SONG: SIZE}),
        ground(root, server=server.address, settings=RULES) as me,
        peer(root, me, "bob-share", **{SONG: SIZE}),
    ):
        me.ask(cmd.SetSetting("overlay.max_download_rate", rate))
        me.mode("hybrid", "healthy")
        user, files = found(me, "tide table")
        [one] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        me.wait_view(TransfersView, lambda view: bool(view.transfers), WAIT * 2, "peers to be asked")
        yield me, one


def only(me: Ground) -> dict[str, Any]:
    """The one transfer there is."""
    [user] = me.ok("GET", f"{API}/transfers/downloads")
    [folder] = user["directories"]
    [one] = folder["files"]
    assert isinstance(one, dict)
    return one


def test_a_rescued_download_is_one_transfer_and_succeeds(tmp_path: Path) -> None:
    with rescued(tmp_path) as (me, ordered):
        seen: list[dict[str, Any]] = []

        def over() -> bool:
            one = only(me)
            assert (one["id"], one["username"]) == (ordered["id"], "bob")
            assert one["bytesTransferred"] >= (seen[-1]["bytesTransferred"] if seen else 0)
            seen.append(one)
            return bool(one["state"].startswith("Completed"))

        until("the end", over)
        assert seen[-1]["state"] == "Completed, Succeeded" and seen[-1]["bytesTransferred"] == SIZE
        here = tmp_path / "me-downloads" / ALBUM / SONG
        assert digest(here) == digest(tmp_path / "bob-share" / ALBUM / SONG)
        assert me.http.delete(path_of("bob", ordered["id"]), params={"remove": "True"}).status_code == 204
        assert me.ok("GET", f"{API}/transfers/downloads") == [] and here.exists()
        me.wait_view(TransfersView, lambda view: not view.transfers, WAIT, "the peers' half to be gone")


def test_a_rescued_download_is_cancelled_and_removed_as_a_whole(tmp_path: Path) -> None:
    with rescued(tmp_path, "60000") as (me, ordered):
        wait_for(me, "bob", ordered["id"], "InProgress")
        assert me.http.delete(path_of("bob", ordered["id"])).status_code == 204
        cancelled = only(me)
        assert (cancelled["id"], cancelled["state"]) == (ordered["id"], "Completed, Cancelled")
        me.wait_view(TransfersView, lambda view: not view.transfers, WAIT, "the peers' half to be gone")
        assert only(me)["state"] == "Completed, Cancelled"  # nothing woke it again
        assert me.http.delete(path_of("bob", ordered["id"]), params={"remove": "True"}).status_code == 204
        assert files_of(me, "bob") == []
