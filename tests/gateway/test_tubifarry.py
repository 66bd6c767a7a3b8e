"""What the Lidarr plugin Tubifarry asks of slskd, in its order and with its words.

PascalCase bodies, a search id of its own, `X-API-KEY`, names escaped whole, 201 alone for an order. It finds files
below `directories.downloads` of the options.
"""

from __future__ import annotations

import datetime
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.network import SUCCEEDED, Network, Source, sha256, until
from tests.gateway.network import lost as lost
from tests.gateway.network import net as net

SPAN = re.compile(r"\d{2}:\d{2}:\d{2}(\.\d{7})?")


class Tubifarry:
    """Its indexer and its download client."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.http = net.line({"X-API-KEY": net.key, "Accept": "application/json"})

    def ask(self, method: str, path: str, status: int = 200, body: Any = None) -> Any:
        """One request; JSON of its answer."""
        headers = {"Content-Type": "application/json"} if body is not None else None
        answer = self.http.request(method, f"/api/v0/{path}", json=body, headers=headers)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def test(self) -> Path:
        """Its "Test" button; the folder it will look into."""
        assert "Connected" in self.ask("GET", "application")["server"]["state"]
        return Path(self.ask("GET", "options")["directories"]["downloads"])

    def search(self, source: Source) -> dict[str, Any] | None:
        """Searches; the first response it wants."""
        mine = str(uuid.uuid4())
        body = {
            "Id": mine,
            "FileLimit": 10_000,
            "FilterResponses": True,
            "MaximumPeerQueueLength": 1_000_000,
            "MinimumPeerUploadSpeed": 0,
            "MinimumResponseFileCount": 1,
            "ResponseLimit": 100,
            "SearchText": source.words,
            "SearchTimeout": 5_000,
        }
        self.ask("POST", "searches", body=body)
        while self.ask("GET", f"searches/{mine}")["state"] == "InProgress":
            time.sleep(0.5)
        whole = self.ask("GET", f"searches/{mine}?includeResponses=true")
        assert whole["id"] == mine and whole["searchText"] == source.words
        self.ask("DELETE", f"searches/{mine}", 204)
        return next((one for one in whole["responses"] if one["username"].startswith(source.user)), None)

    def expand(self, user: str, file: str) -> list[dict[str, Any]]:
        """All songs in the folder of a file."""
        folder = file.rpartition("\\")[0]
        [told, *_] = self.ask("POST", f"users/{quote(user, safe='')}/directory", body={"directory": folder})
        songs = [one for one in told["files"] if one["filename"].endswith((".flac", ".mp3"))]
        return [{"Filename": f"{folder}\\{one['filename']}", "Size": one["size"]} for one in songs]

    def transfers(self, user: str) -> dict[str, dict[str, Any]]:
        """The user's downloads by file name, as its list has them; it asks with a stroke at the end."""
        users = self.ask("GET", "transfers/downloads/")
        mine = [one for one in users if one["username"] == user]
        return {f["filename"]: f for one in mine for folder in one["directories"] for f in folder["files"]}


@pytest.fixture
def tubifarry(net: Network) -> Iterator[Tubifarry]:
    """One on a whole network."""
    one = Tubifarry(net)
    with one.http:
        yield one


def whole_way(tubifarry: Tubifarry, source: Source) -> None:
    """From the test of its settings to the file on disk."""
    downloads = tubifarry.test()
    response = tubifarry.search(source)
    assert response is not None
    user = response["username"]
    files = tubifarry.expand(user, response["files"][0]["filename"])
    assert {one["Filename"].rpartition("\\")[2] for one in files} == source.files.keys()
    tubifarry.ask("POST", f"transfers/downloads/{quote(user, safe='')}", 201, files)
    names = {one["Filename"] for one in files}

    def over() -> dict[str, dict[str, Any]] | None:
        rows = {name: row for name, row in tubifarry.transfers(user).items() if name in names}
        assert rows.keys() == names
        return rows if all(row["state"].startswith("Completed") for row in rows.values()) else None

    rows = until(over, "the downloads")
    for name, row in rows.items():
        assert row["state"] == SUCCEEDED and row["bytesRemaining"] == 0, row
        datetime.datetime.fromisoformat(row["requestedAt"])
        assert all(SPAN.fullmatch(row[key]) for key in ("elapsedTime", "remainingTime") if key in row)
        folder, file = name.split("\\")[-2:]
        assert sha256((downloads / folder / file).read_bytes()) == sha256(source.files[file])
        place = f"transfers/downloads/{quote(user, safe='')}/{row['id']}"
        assert tubifarry.ask("GET", place) == row
        tubifarry.ask("DELETE", place, 204)
        tubifarry.ask("DELETE", place + "?remove=true", 204)
    assert not names & tubifarry.transfers(user).keys()


def test_from_a_soulseek_user(tubifarry: Tubifarry) -> None:
    whole_way(tubifarry, tubifarry.net.of_ann())


def test_from_a_peer(tubifarry: Tubifarry) -> None:
    whole_way(tubifarry, tubifarry.net.of_peer())


def test_without_the_soulseek_server(lost: Network) -> None:
    tubifarry = Tubifarry(lost)
    with tubifarry.http:
        whole_way(tubifarry, lost.of_peer())


def test_a_user_who_is_away_is_told_as_an_error(tubifarry: Tubifarry) -> None:
    files = [{"Filename": "@@gone\\Album\\01.flac", "Size": 1}]
    answer: httpx.Response = tubifarry.http.post("/api/v0/transfers/downloads/nobody", json=files)
    assert answer.status_code == 404 and "nobody is offline" in answer.json()
