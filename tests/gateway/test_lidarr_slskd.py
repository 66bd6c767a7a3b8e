"""What the Lidarr plugin of allquiet-hub ("Slskd") asks, in its order and with its words: strokes at the end of every
address, orders as batches with a destination of its own, whose id it reads back to know its downloads again.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.gateway.network import SUCCEEDED, Network, Source, sha256, until
from tests.gateway.network import lost as lost
from tests.gateway.network import net as net

NEWEST_TOO_OLD = (0, 25, 99)


class Plugin:
    """Its indexer and its download client."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.http = net.line({"X-API-Key": net.key, "Accept": "application/json"})

    def ask(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        """One request; JSON of its answer."""
        answer = self.http.request(method, f"/api/v0/{path}", **how)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def test(self) -> None:
        """Its "Test" button."""
        state = self.ask("GET", "application/")
        assert state["server"]["isConnected"] and state["server"]["isLoggedIn"]
        assert tuple(map(int, state["version"]["current"].split("."))) > NEWEST_TOO_OLD
        assert self.ask("GET", "options/")["directories"]["downloads"] == str(self.net.downloads)

    def search(self, source: Source) -> tuple[str, dict[str, Any]] | None:
        """Searches; the search's id and the first response it wants."""
        search = self.ask("POST", "searches/", json={"searchText": source.words, "searchTimeout": 5_000})[
            "id"
        ]
        while not self.ask("GET", f"searches/{search}/")["isComplete"]:
            time.sleep(0.5)
        told = self.ask("GET", f"searches/{search}/", params={"includeResponses": "true"})
        found = next((one for one in told["responses"] if one["username"].startswith(source.user)), None)
        return (search, found) if found is not None else None

    def order(self, search: str, response: dict[str, Any], destination: str) -> dict[str, Any]:
        """Orders all files of a response as a batch."""
        files = [{"filename": one["filename"], "size": one["size"]} for one in response["files"]]
        options = {"destination": destination, "externalId": destination.split("/")[1]}
        body = {"searchId": search, "username": response["username"], "files": files, "options": options}
        told = self.ask("POST", "transfers/downloads/batches/", 201, json=body)
        assert not told.get("failures")
        return dict(told["batch"])

    def queue(self, batch: str) -> list[dict[str, Any]]:
        """Files of a batch in the list."""
        users = self.ask("GET", "transfers/downloads/")
        files = [one for user in users for folder in user["directories"] for one in folder["files"]]
        return [one for one in files if one.get("batchId") == batch and not one["removed"]]


@pytest.fixture
def plugin(net: Network) -> Iterator[Plugin]:
    """One on a whole network."""
    one = Plugin(net)
    with one.http:
        yield one


def whole_way(plugin: Plugin, source: Source, grab: str) -> None:
    """From the test of its settings to the folder it named itself."""
    plugin.test()
    found = plugin.search(source)
    assert found is not None
    search, response = found
    destination = f"lidarr/{grab}/Some Artist - Some Album"
    batch = plugin.order(search, response, destination)
    again = plugin.ask("GET", f"transfers/downloads/batches/{batch['id']}/")
    assert again["options"]["destination"] == destination and again["username"] == response["username"]

    def over() -> list[dict[str, Any]] | None:
        files = plugin.queue(batch["id"])
        assert len(files) == len(source.files)
        return files if all(one["state"].startswith("Completed") for one in files) else None

    for one in until(over, "the batch"):
        assert one["state"] == SUCCEEDED, one
        name = one["filename"].rpartition("\\")[2]
        assert sha256((plugin.net.downloads / destination / name).read_bytes()) == sha256(source.files[name])
        for remove in ("False", "True"):
            place = f"transfers/downloads/{response['username']}/{one['id']}/"
            plugin.ask("DELETE", place, 204, params={"remove": remove})
    assert not plugin.queue(batch["id"])
    encoded = quote(base64.b64encode(f"lidarr/{grab}".encode()).decode(), safe="")
    assert plugin.ask("GET", f"files/downloads/directories/{encoded}/")["name"]
    plugin.ask("DELETE", f"files/downloads/directories/{encoded}/", 403)  # it logs that, and goes on
    assert (plugin.net.downloads / destination).is_dir()


def test_from_a_soulseek_user(plugin: Plugin) -> None:
    whole_way(plugin, plugin.net.of_ann(), "grab-1")


def test_from_a_peer(plugin: Plugin) -> None:
    whole_way(plugin, plugin.net.of_peer(), "grab-2")


def test_without_the_soulseek_server(lost: Network) -> None:
    plugin = Plugin(lost)
    with plugin.http:
        whole_way(plugin, lost.of_peer(), "grab-3")
