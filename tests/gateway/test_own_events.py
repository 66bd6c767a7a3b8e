"""Searches and happenings as server-sent events, with real engines."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands
from slskmesh.engine.views import LibraryView
from slskmesh.gateway.own_streams import STREAMS_MAX
from tests.engine.nodes import furnish, running
from tests.gateway.ground import WAIT, Ground, ground

BASE = "/api/slskmesh"
HYBRID = {"mesh": {"enabled": True}}


def told(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """(name, data) of each event, as they come; AssertionError where what is wanted is not among them in time."""
    name, deadline = "", time.monotonic() + WAIT
    for line in answer.iter_lines():
        assert time.monotonic() < deadline, "what was waited for did not come"
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, msgspec.json.decode(line.removeprefix("data: "))


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Connected to a peer that shares one file."""
    root = tmp_path_factory.mktemp("events")
    share = root / "share"
    share.mkdir()
    (share / "harbour lights.txt").write_bytes(b"what is said of lights " * 50)
    home = furnish(root, "peer", share, settings={"mesh": {"enabled": False}})
    with running([home]) as [peer], ground(root, settings=HYBRID) as one:
        peer.listening(WAIT)
        peer.wait_view(LibraryView, lambda view: view.files == 1, WAIT, "its file")
        one.ask(cmd.Connect(peer.ask(cmd.MakeInvite()).value))
        yield one


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_search_streams_what_peers_have(me: Ground, method: str) -> None:
    how: dict[str, Any] = {"text": "harbour", "where": "mesh"}
    given = {"params": how} if method == "GET" else {"json": how}
    with me.http.stream(method, f"{BASE}/search", **given) as answer:  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = list(told(answer))
    assert events[0][0] == "started"
    assert events[0][1]["query"] > 0
    assert [hit["name"] for name, data in events if name == "hits" for hit in data] == ["harbour lights.txt"]
    assert events[-1][0] == "end"
    assert events[-1][1]["answered"] == 1


def test_what_a_search_found_can_be_fetched_by_its_query(me: Ground) -> None:
    with me.http.stream("GET", f"{BASE}/search", params={"text": "harbour", "where": "mesh"}) as answer:
        events = list(told(answer))
    query = events[0][1]["query"]
    keys = [hit["key"] for name, data in events if name == "hits" for hit in data]
    me.ok("POST", f"{BASE}/commands/GetHits", json={"query": query, "hits": keys})
    assert "harbour lights.txt" in [one["name"] for one in me.ok("GET", f"{BASE}/transfers")["transfers"]]


def test_a_search_of_nothing_is_refused_with_a_status(me: Ground) -> None:
    answer = me.http.get(f"{BASE}/search", params={"text": "", "where": "mesh"})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert me.http.get(f"{BASE}/search", params={"text": "x", "where": "moon"}).status_code == 400
    assert me.http.post(f"{BASE}/search", json={}).status_code == 400


def test_events_tell_what_is_noticed_and_which_views_changed(me: Ground) -> None:
    with me.http.stream("GET", f"{BASE}/events") as answer:
        assert answer.status_code == 200
        events = told(answer)
        me.ok("POST", f"{BASE}/commands/AddRule", json={"target": "nobody*", "scope": ["chat"]})
        for name, data in events:
            if name == "views" and "PeopleView" in data["views"]:
                break


def test_a_notice_is_told(tmp_path: Path) -> None:
    with ground(tmp_path) as me, me.http.stream("GET", f"{BASE}/events") as answer:
        events = told(answer)
        me.ask(legacy_commands.SetMode("hybrid"))
        me.ask(legacy_commands.SetMode("mesh-only"))  # a change of mode is told by a notice
        notice = next(data for name, data in events if name == "Notice")
    assert notice["text"]
    assert notice["level"] in ("info", "good", "warn", "error")


def test_so_many_streams_at_once_and_whoever_goes_makes_room(me: Ground) -> None:
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(base_url=me.base, headers=me.http.headers, timeout=WAIT, limits=limits) as line:
        with contextlib.ExitStack() as open_ones:
            for _ in range(STREAMS_MAX):
                answer = open_ones.enter_context(line.stream("GET", f"{BASE}/events"))
                assert answer.status_code == 200
            late = line.get(f"{BASE}/events")
            assert late.status_code == 429
            assert late.headers["retry-after"]
        deadline = time.monotonic() + WAIT
        while True:
            with line.stream("GET", f"{BASE}/events") as answer:
                if answer.status_code == 200:
                    return
            assert time.monotonic() < deadline, "the streams of those who went away are still open"
            time.sleep(0.05)
