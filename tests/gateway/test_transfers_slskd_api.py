"""slskd-api, the client library that others build on, orders, polls and removes transfers of both networks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import slskd_api

from slskmesh.gateway.keys import Role, read_key
from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import Ground, ground
from tests.gateway.orders_ground import ALBUM, NOTES, SIZE, SONG, digest, found, peer, soulseek_user, until

DONE = "Completed, Succeeded"


def client_of(me: Ground) -> Any:
    return slskd_api.SlskdClient(me.base, read_key(me.home, Role.WRITE))


def files(transfers: Any) -> list[Any]:
    return [file for folder in transfers["directories"] for file in folder["files"]]


def test_all_calls_for_transfers(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        soulseek_user(tmp_path, server, "ann"),
        ground(tmp_path, server=server.address) as me,
        peer(tmp_path, me),
    ):
        me.mode("hybrid", "healthy")
        client = client_of(me)
        for mesh, share in ((False, "ann-share"), (True, "peer-share")):
            # other words: the server bans who repeats himself
            user, hits = found(me, "tide" if mesh else "tide table", mesh)
            assert client.transfers.enqueue(username=user, files=hits) is True
            [one] = files(client.transfers.get_downloads(username=user))
            until("the file", partial(is_done, client, user, one["id"]))
            last = client.transfers.get_download(username=user, id=one["id"])
            assert (last["size"], last["bytesTransferred"], last["username"]) == (SIZE, SIZE, user)
            # the same name from both: the second stands beside the first, under a number
            assert digest(tmp_path / share / ALBUM / SONG) in {
                digest(path) for path in (tmp_path / "me-downloads" / ALBUM).iterdir()
            }
            names = {group["username"] for group in client.transfers.get_all_downloads(includeRemoved=True)}
            assert user in names
            with pytest.raises(requests.HTTPError):
                client.transfers.get_queue_position(username=user, id=one["id"])
            assert client.transfers.cancel_download(username=user, id=one["id"], remove=True) is True
            with pytest.raises(requests.HTTPError):
                client.transfers.get_downloads(username=user)
        user, hits = found(me, "notes")
        folder = hits[0]["filename"].rpartition("\\")[0]
        [told, *_] = client.users.directory(username=user, directory=folder)
        assert {file["filename"] for file in told["files"]} == {SONG, NOTES}
        assert client.transfers.enqueue(username=user, files=hits)
        until(
            "the notes", lambda: all(f["state"] == DONE for f in files(client.transfers.get_downloads(user)))
        )
        assert client.transfers.remove_completed_downloads() is True
        assert client.transfers.get_all_downloads() == []
        assert client.transfers.get_all_uploads() == [] and client.transfers.remove_completed_uploads()
        for call in (client.transfers.get_uploads, client.transfers.get_downloads):
            with pytest.raises(requests.HTTPError):
                call(username="nobody")
        for call in (client.transfers.get_upload, client.transfers.cancel_upload):
            with pytest.raises(requests.HTTPError):
                call(username="nobody", id=one["id"])


def is_done(client: Any, user: str, id: str) -> bool:
    state = client.transfers.get_download(username=user, id=id)["state"]
    assert not state.startswith("Completed") or state == DONE
    return bool(state == DONE)
