"""What Soulbeet asks of slskd, in its order and with its words: it polls responses while a search runs, orders files
three at a time, and looks for each at DOWNLOADS/last remote folder/name. Newer ones order by batches where they can.

It reads answers into types of its own and fails where a field is missing: those fields are the structs here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from tests.gateway.network import Network, Source, sha256, until
from tests.gateway.network import lost as lost
from tests.gateway.network import net as net

BATCH = 3  # files of an order
POLL = 1.0  # seconds between two looks at the responses
SPEED = 10  # bytes/s that it asks of users at least


class Camel(msgspec.Struct, rename="camel"):
    """As it reads JSON."""


class Begun(Camel):
    """A search it began."""

    id: str


class FoundFile(Camel):
    """One file of a response; numbers are of 32 bits where it has them so."""

    filename: str
    size: int
    bit_rate: int | None = None
    length: int | None = None
    sample_rate: int | None = None
    bit_depth: int | None = None


class Response(Camel):
    """What one user has."""

    username: str
    files: list[FoundFile]
    has_free_upload_slot: bool
    upload_speed: int
    queue_length: int


class Entry(Camel):
    """One download; a field without a default is one without which it drops the whole list."""

    id: str
    username: str
    direction: str
    filename: str
    size: int
    state: str
    state_description: str
    requested_at: str
    bytes_transferred: int
    bytes_remaining: int
    percent_complete: float
    start_offset: int = 0
    average_speed: float = 0.0
    enqueued_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    elapsed_time: str | None = None
    remaining_time: str | None = None
    exception: str | None = None

    def is_done(self) -> bool:
        """It takes the state apart at its commas."""
        return {part.strip() for part in self.state.split(",")} >= {"Completed", "Succeeded"}


class Soulbeet:
    """Its client of slskd."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.http = net.line({"X-API-Key": net.key, "accept": "*/*"})

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """One request; any status but one of success is an error to it."""
        answer = self.http.request(method, f"/api/v0/{path}", json=json)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer

    def ready(self) -> None:
        """What it looks at before it begins."""
        self.ask("GET", "session")
        server = self.ask("GET", "application").json()["server"]
        assert server["isConnected"] and server["isLoggedIn"], server

    def search(self, source: Source) -> list[Response]:
        """Begins a search and takes responses as they come; those it wants, once they have all files."""
        body = {
            "searchText": source.words,
            "timeout": 30_000,
            "filterResponses": True,
            "minimumPeerUploadSpeed": SPEED,
        }
        search = msgspec.json.decode(self.ask("POST", "searches", json=body).content, type=Begun).id
        deadline = time.monotonic() + 25
        while True:
            answer = self.ask("GET", f"searches/{search}/responses").content
            responses = msgspec.json.decode(answer, type=list[Response])
            wanted = [one for one in responses if one.username.startswith(source.user)]
            if sum(len(one.files) for one in wanted) >= len(source.files) or time.monotonic() > deadline:
                break
            time.sleep(POLL)
        self.ask("DELETE", f"searches/{search}")
        return wanted

    def order(self, user: str, files: list[FoundFile]) -> None:
        """Orders files three at a time; the user's name stands in the address as it is."""
        for start in range(0, len(files), BATCH):
            body = [{"filename": one.filename, "size": one.size} for one in files[start : start + BATCH]]
            answer = self.ask("POST", f"transfers/downloads/{user}", json=body)
            assert answer.status_code == 201 and not answer.json()["failed"], answer.text
            assert [one["filename"] for one in answer.json()["enqueued"]] == [one["filename"] for one in body]

    def downloads(self) -> list[Entry]:
        """Its flat view of the list."""
        users = self.ask("GET", "transfers/downloads").json()
        files = [
            one for user in users for folder in user.get("directories", []) for one in folder.get("files", [])
        ]
        return msgspec.convert(files, list[Entry])

    def done(self, user: str, files: list[FoundFile]) -> list[Entry]:
        """Waits until each of the files is there."""
        names = {one.filename for one in files}

        def over() -> list[Entry] | None:
            mine = [one for one in self.downloads() if one.username == user and one.filename in names]
            assert len(mine) == len(names)
            return mine if all(one.state.startswith("Completed") for one in mine) else None

        found = until(over, "the downloads")
        assert all(one.is_done() for one in found), found
        return found

    def forget(self, entries: list[Entry]) -> None:
        """Takes off the list what it has imported."""
        for one in entries:
            self.ask("DELETE", f"transfers/downloads/{one.username}/{one.id}?remove=true")
        gone = {one.id for one in entries}
        assert not gone & {one.id for one in self.downloads()}


@pytest.fixture(scope="module")
def quick(net: Network) -> Network:
    """The network once ann has sent somebody a file: before, her client tells a speed of 0, and Soulbeet wants more."""
    listed = net.http.get("/api/v0/users/ann/browse").json()["directories"]
    [folder] = [one for one in listed if one["files"]]
    net.soulseek.bob.tell(download=f"{folder['name']}\\01 Tide Table.flac", from_="ann")
    net.soulseek.bob.wait("download", state="COMPLETE")
    return net


@pytest.fixture
def soulbeet(quick: Network) -> Iterator[Soulbeet]:
    """One on a whole network."""
    one = Soulbeet(quick)
    with one.http:
        yield one


def whole_way(soulbeet: Soulbeet, source: Source) -> None:
    """From the first question to the file on disk."""
    soulbeet.ready()
    [response] = soulbeet.search(source)
    assert {one.filename.rpartition("\\")[2] for one in response.files} == source.files.keys()
    soulbeet.order(response.username, response.files)
    entries = soulbeet.done(response.username, response.files)
    for one in entries:
        assert sha256(soulbeet.net.got(one.filename)) == sha256(
            source.files[one.filename.rpartition("\\")[2]]
        )
    soulbeet.forget(entries)
    assert soulbeet.net.got(entries[0].filename)  # what is imported is deleted by who imports it, not by us


def test_from_a_soulseek_user(soulbeet: Soulbeet) -> None:
    whole_way(soulbeet, soulbeet.net.of_ann())


def test_from_a_peer(soulbeet: Soulbeet) -> None:
    whole_way(soulbeet, soulbeet.net.of_peer())


def test_without_the_soulseek_server(lost: Network) -> None:
    soulbeet = Soulbeet(lost)
    with soulbeet.http:
        whole_way(soulbeet, lost.of_peer())
        assert lost.http.get("/api/v0/server").json()["state"] == "Disconnected"


def test_by_a_batch_with_a_destination(soulbeet: Soulbeet) -> None:
    [response] = soulbeet.search(soulbeet.net.of_ann("tide table ferries"))
    files = [{"filename": one.filename, "size": one.size} for one in response.files]
    body = {"username": response.username, "files": files, "options": {"destination": "batch of ann"}}
    told = soulbeet.ask("POST", "transfers/downloads/batches", json=body).json()
    assert [one["filename"] for one in told["batch"]["transfers"]] == [one["filename"] for one in files]
    assert not told.get("failures")
    entries = soulbeet.done(response.username, response.files)
    got = soulbeet.net.downloads / "batch of ann" / "01 Tide Table.flac"
    assert sha256(got.read_bytes()) == sha256(soulbeet.net.tape)
    soulbeet.forget(entries)


def test_a_second_order_while_the_first_runs_is_no_error(soulbeet: Soulbeet) -> None:
    ann = soulbeet.net.soulseek.ann
    ann.tell(limit=10)
    try:
        [response] = soulbeet.search(soulbeet.net.of_ann("table tide ferries"))
        soulbeet.order("ann", response.files)
        soulbeet.order("ann", response.files)
        [mine] = [one for one in soulbeet.downloads() if one.username == "ann"]
        assert not mine.state.startswith("Completed")
        soulbeet.forget([mine])
    finally:
        ann.tell(limit=0)
