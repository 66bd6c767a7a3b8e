"""What the ui bench puts on a terminal: `minimal`, `idle`, `results RATE` or `swarm HOME`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path


def minimal() -> None:
    """The least a Textual app can be: one line of text."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Least(App[None]):
        BINDINGS = [("ctrl+q", "quit", "quit")]  # noqa: RUF012

        def compose(self) -> ComposeResult:
            yield Static("[ ] STARTING")

    Least().run()


def idle() -> int:
    """The app over a network where nothing happens."""
    from slskmesh.settings import Settings
    from tests.tui.fake import FakeClient, everything, status
    from tui.app import run_terminal

    quiet = status(down_rate=0.0, up_rate=0.0, transfers=0, uploads=0)
    return run_terminal(FakeClient(*everything(), quiet), settings=Settings())


def results(rate: int) -> int:
    """The app while `rate` hits a second arrive for every query: half from peers, half from Soulseek users who have
    copies of each other's files."""
    from slskmesh.engine.commands import Search
    from slskmesh.engine.events import Found
    from slskmesh.settings import Settings
    from tests.tui.fake import FakeClient, everything, hit
    from tests.tui.fake_search import legacy, online
    from tui.app import run_terminal

    client = FakeClient(*everything(), online())
    over = threading.Event()

    def stream(query: int) -> None:
        step, number = rate // 20, 0
        while not over.wait(0.05):
            numbers = range(number, number + step)
            batch = tuple(legacy(n // 6, n // 2 % 3) if n % 2 else hit(n) for n in numbers)
            number += step
            client.push(Found(query, batch))

    post = client.post

    def answer(command: object) -> int:
        number = post(command)  # type: ignore[arg-type]
        if isinstance(command, Search):
            threading.Thread(target=stream, args=(number,), daemon=True).start()
        return number

    client.post = answer  # type: ignore[method-assign,assignment]
    try:
        return run_terminal(client, settings=Settings())
    finally:
        over.set()


def swarm(home: Path) -> int:
    """The app over a real engine."""
    from slskmesh.engine.thread import EngineThread
    from slskmesh.settings import load_settings
    from tui.app import run_terminal

    return run_terminal(EngineThread(home), settings=load_settings(home))


def main() -> int:
    """Runs from the command line."""
    match sys.argv[1:]:
        case ["minimal"]:
            minimal()
        case ["idle"]:
            return idle()
        case ["results", rate]:
            return results(int(rate))
        case ["swarm", home]:
            return swarm(Path(home))
    return 0


if __name__ == "__main__":
    sys.exit(main())
