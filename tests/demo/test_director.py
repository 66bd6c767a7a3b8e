"""The plot's thread: the Soulseek server goes and comes back as the person says; a failure stays in that thread."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from slskmesh.demo import guided
from slskmesh.demo.interactive import DemoClient, Director
from slskmesh.demo.network import Network
from slskmesh.errors import SlskmeshError, UserError
from tests.demo.test_interactive import FakeClient
from tui.viewmodel.tour import UNTIL


class Stage:
    """A network that only notes what is asked of it, and in which thread."""

    def __init__(self) -> None:
        self.soulseek = self
        self.done: list[str] = []
        self.threads: set[str] = set()
        self.news = threading.Condition()
        self.fault: SlskmeshError | None = None

    def find(self, *, mortal: bool) -> str:
        return "comet"

    def _note(self, what: str) -> None:
        with self.news:
            self.done.append(what)
            self.threads.add(threading.current_thread().name)
            self.news.notify_all()

    def start_server(self) -> None:
        self._note("start server")

    def stop_server(self) -> None:
        self._note("stop server")

    def kill(self, peer: str) -> None:
        self._note(f"kill {peer}")

    def start(self, peer: str) -> None:
        self._note(f"start {peer}")

    def take(self, deadline: float) -> Any:
        if self.fault is not None:
            raise self.fault
        return None

    def until(self, *done: str) -> None:
        with self.news:
            assert self.news.wait_for(lambda: self.done == list(done), 30), self.done


@pytest.fixture
def stage() -> Stage:
    return Stage()


def director(stage: Stage, client: DemoClient) -> Director:
    one = Director(cast(Network, stage), client)
    one.start()
    return one


def test_the_server_is_stopped_and_started_once_each_and_never_in_the_apps_thread(stage: Stage) -> None:
    one = director(stage, DemoClient(FakeClient(), "porch", 100))
    try:
        assert "killed" in one.command("server stop")
        with pytest.raises(UserError, match="stopped already"):
            one.command("server stop")
        stage.until("stop server")
        assert "starts" in one.command("server start")
        stage.until("stop server", "start server")
        for argument in ("", "server", "stop", "server start"):
            with pytest.raises(UserError):
                one.command(argument)
    finally:
        one.stop()
    assert stage.threads == {"demo plot"} and one.error is None and not one.is_alive()


def test_the_plot_goes_by_the_mix_and_a_failure_ends_it_but_not_the_server(stage: Stage) -> None:
    client = DemoClient(FakeClient(), "porch", 100)
    one = director(stage, client)
    try:
        client.progress = 0.5
        stage.until("kill comet")
        stage.fault = SlskmeshError("the peer otter ended")
        deadline = time.monotonic() + 30
        while one.error is None and time.monotonic() < deadline:
            pass
        one.command("server stop")
        with stage.news:
            assert stage.news.wait_for(lambda: "stop server" in stage.done, 30)
    finally:
        one.stop()
    assert str(one.error) == "the peer otter ended"


def test_every_row_of_the_tour_waits_for_something_the_app_knows() -> None:
    class Album:
        artist, title = "A", "B"

    network = cast(Network, type("N", (), {"album": Album, "artists": ("C",), "peers": ()})())
    rows = guided.tour_rows(network)
    assert len(rows) == 16
    assert all(until in UNTIL and title and text for title, text, until in rows)
    said = " ".join(text for _, text, _ in rows)
    assert all(f":demo {word}" in said for word in guided.SERVER)
