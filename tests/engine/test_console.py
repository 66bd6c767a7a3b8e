"""The console waits for replies, views and the engine's end, without polling."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command, Rescan, Search
from slskmesh.engine.console import Console, EngineStopped, Refused, TimedOut
from slskmesh.engine.events import EngineEnded, Event, Level, Notice, Reply
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import Banner, StatusView
from slskmesh.errors import HomeBusyError
from slskmesh.text import sanitize


class ScriptedClient:
    """Answers each command with what `script` puts into the mailbox, from another thread."""

    def __init__(self, script: Callable[[Mailbox, int, Command], None]) -> None:
        self.mailbox = Mailbox()
        self.error: BaseException | None = None
        self._script = script
        self._count = 0
        self._threads: list[threading.Thread] = []

    def start(self, wake: Callable[[], None]) -> None:
        self.mailbox.on_wake(wake)

    def post(self, command: Command) -> int:
        self._count += 1
        thread = threading.Thread(target=self._script, args=(self.mailbox, self._count, command))
        self._threads.append(thread)
        thread.start()
        return self._count

    def drain(self) -> Batch:
        return self.mailbox.drain()

    def stop(self, timeout: float = 5.0) -> bool:
        for thread in self._threads:
            thread.join()
        return True


def status(listening: str = "") -> StatusView:
    return StatusView(Banner.ISOLATED, 0.0, sanitize(""), listening=listening)


def console_with(script: Callable[[Mailbox, int, Command], None]) -> tuple[Console, ScriptedClient]:
    client = ScriptedClient(script)
    console = Console(client)
    console.start()
    return console, client


def test_ask_returns_its_own_reply_among_others() -> None:
    def script(box: Mailbox, request: int, command: Command) -> None:
        box.put_event(Reply(99, True, value="another's"))
        box.put_event(Reply(request, True, value=type(command).__name__))

    console, _ = console_with(script)
    assert console.ask(Rescan()).value == "Rescan"
    assert console.ask(Search("x")).value == "Search"
    console.stop()


def test_a_no_is_an_error_with_the_engines_words() -> None:
    console, _ = console_with(lambda box, n, c: box.put_event(Reply(n, False, sanitize("not now"))))
    with pytest.raises(Refused, match="not now"):
        console.ask(Rescan())
    console.stop()


def test_the_engines_end_reaches_whoever_waits() -> None:
    console, client = console_with(lambda box, n, c: box.put_event(EngineEnded(False, sanitize("disk full"))))
    with pytest.raises(EngineStopped, match="disk full"):
        console.ask(Rescan())
    client.error = HomeBusyError("held by 7")
    with pytest.raises(HomeBusyError):
        console.ask(Rescan())
    console.stop()


def test_listening_ends_with_the_engines_complaint() -> None:
    def script(box: Mailbox, request: int, command: Command) -> None:
        box.put_view(status())
        box.put_event(Notice(0.0, Level.ERROR, sanitize("port 5 is in use")))

    console, _ = console_with(script)
    console.post(Rescan())
    with pytest.raises(EngineStopped, match="port 5"):
        console.listening()
    console.stop()


def test_listening_gives_the_status() -> None:
    console, _ = console_with(lambda box, n, c: box.put_view(status("127.0.0.1:9")))
    console.post(Rescan())
    assert console.listening().listening == "127.0.0.1:9"
    console.stop()


def test_time_runs_out_by_name() -> None:
    console, _ = console_with(lambda box, n, c: None)
    with pytest.raises(TimedOut, match="a miracle"):
        console.wait_for(lambda: False, 0.01, "a miracle")


def test_watchers_see_every_event_and_view() -> None:
    seen: list[object] = []
    client = ScriptedClient(lambda box, n, c: (box.put_view(status("a:1")), box.put_event(Reply(n, True)))[0])
    console = Console(client, on_event=seen.append, on_view=seen.append)
    console.start()
    console.ask(Rescan())
    assert any(isinstance(one, StatusView) for one in seen)
    assert any(isinstance(one, Event) for one in seen)
    console.stop()
