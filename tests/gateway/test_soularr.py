"""What soularr asks of slskd, in its order and with its words: each track of an album is searched for, the folder of a
file that fits is asked for, all its files are ordered, and the folder is watched until no file of it is pending.

It asks through slskd-api 0.1.5, which sends as plain requests what is sent here. What it compares letter by letter:
states, versions, and the folder of the list with the one it asked for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.network import Network, Source, sha256, until
from tests.gateway.network import lost as lost
from tests.gateway.network import net as net

FAILED = {f"Completed, {word}" for word in ("Cancelled", "TimedOut", "Errored", "Rejected", "Aborted")}
OLD = (0, 22, 2)  # before it, a folder was told without a list around it
TYPES = ("flac", "mp3")


class Soularr:
    """Its calls."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.http = net.line({"X-API-Key": net.key, "accept": "*/*", "user-agent": "python-requests/2.32.3"})

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        """One request; it raises for a status that is none of success."""
        answer = self.http.request(method, f"/api/v0{path}", **how)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer

    def grab(self, source: Source) -> dict[str, Any] | None:
        """Searches and orders the first folder that fits: {"username", "directory", "dir"}."""
        version = str(self.ask("GET", "/application/version").json())
        body = {
            "id": str(uuid.uuid1()),
            "fileLimit": 10_000,
            "filterResponses": True,
            "maximumPeerQueueLength": 50,
            "minimumPeerUploadSpeed": 0,
            "minimumResponseFileCount": 1,
            "responseLimit": 100,
            "searchText": source.words,
            "searchTimeout": 5_000,
        }
        search = self.ask("POST", "/searches", json=body).json()["id"]
        while (
            self.ask("GET", f"/searches/{search}", params={"includeResponses": False}).json()["state"]
            == "InProgress"
        ):
            time.sleep(1)
        found = None
        for result in self.ask("GET", f"/searches/{search}/responses").json():
            if found is None and result["username"].startswith(source.user):
                found = self._folder(result, tuple(map(int, version.split("."))) >= OLD, len(source.files))
        self.ask("DELETE", f"/searches/{search}")
        return found

    def _folder(self, result: dict[str, Any], listed: bool, tracks: int) -> dict[str, Any] | None:
        user = result["username"]
        for file in result["files"]:
            if file["filename"].split(".")[-1] not in TYPES:
                continue
            folder = file["filename"].rsplit("\\", 1)[0]
            told = self.ask("POST", f"/users/{quote(user)}/directory", json={"directory": folder}).json()
            directory = told[0] if listed else told
            songs = [one for one in directory["files"] if one["filename"].split(".")[-1] in TYPES]
            if len(songs) == tracks:
                files = [{**one, "filename": f"{folder}\\{one['filename']}"} for one in songs]
                assert self.ask("POST", f"/transfers/downloads/{quote(user)}", json=files).status_code == 201
                return {"username": user, "directory": directory["name"], "dir": folder.split("\\")[-1]}
        return None

    def watch(self, grabbed: dict[str, Any]) -> list[dict[str, Any]]:
        """Looks at the user's downloads until no file of the folder is pending; those files."""

        def settled() -> list[dict[str, Any]] | None:
            told = self.ask("GET", f"/transfers/downloads/{quote(grabbed['username'])}").json()
            [folder] = [one for one in told["directories"] if one["directory"] == grabbed["directory"]]
            assert not [one for one in folder["files"] if one["state"] in FAILED], folder
            pending = [one for one in folder["files"] if one["state"] != "Completed, Succeeded"]
            return None if pending else list(folder["files"])

        files = until(settled, "the folder")
        for one in files:
            assert (
                self.ask("GET", f"/transfers/downloads/{quote(grabbed['username'])}/{one['id']}").json()
                == one
            )
        return files


@pytest.fixture
def soularr(net: Network) -> Iterator[Soularr]:
    """One on a whole network."""
    one = Soularr(net)
    with one.http:
        yield one


def whole_way(soularr: Soularr, source: Source) -> None:
    """From the search to the folder that it gives to Lidarr."""
    grabbed = soularr.grab(source)
    assert grabbed is not None
    soularr.watch(grabbed)
    folder = soularr.net.downloads / grabbed["dir"]
    for name, data in source.files.items():
        assert sha256((folder / name).read_bytes()) == sha256(data)
    soularr.ask("DELETE", "/transfers/downloads/all/completed")
    assert soularr.http.get(f"/api/v0/transfers/downloads/{quote(grabbed['username'])}").status_code == 404
    assert (folder / next(iter(source.files))).exists()


def test_from_a_soulseek_user(soularr: Soularr) -> None:
    whole_way(soularr, soularr.net.of_ann())


def test_from_a_peer(soularr: Soularr) -> None:
    whole_way(soularr, soularr.net.of_peer())


def test_without_the_soulseek_server(lost: Network) -> None:
    soularr = Soularr(lost)
    with soularr.http:
        whole_way(soularr, lost.of_peer())


def test_a_download_it_gives_up(soularr: Soularr) -> None:
    source = Source("quiet machines copper wire", "bob", {"02 Copper Wire.mp3": b""})
    grabbed = soularr.grab(source)
    assert grabbed is not None
    [folder] = soularr.ask("GET", "/transfers/downloads/bob").json()["directories"]
    for one in folder["files"]:
        soularr.ask("DELETE", f"/transfers/downloads/bob/{one['id']}", params={"remove": False})
        told = soularr.ask("GET", f"/transfers/downloads/bob/{one['id']}").json()
        assert told["state"] == "Completed, Cancelled" in FAILED
    soularr.ask("DELETE", "/transfers/downloads/all/completed")
    assert grabbed["dir"] == "Quiet Machines"
