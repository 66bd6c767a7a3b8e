"""A peer that a test drives: `python -m tests.e2e.driven --home DIR [--ping-every S]`, the real engine behind lines.

Takes {"id", "do": command's name, …its fields} on standard input. Writes each view as {"view": name, "value"}, each
reply as {"id", "ok", "text", "value"}, notices, hits and a search's end as {"event": name, "value"}. Exit code 0 after
a clean stop; a failure's sentence is the last line on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from slskmesh.engine import commands, legacy_commands
from slskmesh.engine.console import Console
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.interrupts import Interrupted, Interrupts
from slskmesh.engine.serve import end_with_parent
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import View
from slskmesh.errors import SlskmeshError
from slskmesh.overlay.session import Timings


class Driven:
    """One engine, its commands from lines and its words to lines."""

    def __init__(self, client: EngineThread) -> None:
        self.console = Console(client, self._event, self._view)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ids: dict[int, int] = {}

    def hear(self, line: str) -> None:
        """One line of standard input; called from the reading thread."""
        self._lines.put(line)
        self.console.wake()

    def obey(self) -> bool:
        """Posts what was asked for; never the end of the wait it stands in."""
        with contextlib.suppress(queue.Empty):
            while True:
                fields = json.loads(self._lines.get_nowait())
                number, name = fields.pop("id"), fields.pop("do")
                kind = getattr(commands if hasattr(commands, name) else legacy_commands, name)
                self._ids[self.console.post(msgspec.convert(fields, kind))] = number
        return False

    def _event(self, event: Event) -> None:
        if isinstance(event, Reply):
            self._say(
                {"id": self._ids.pop(event.request), "ok": event.ok, "text": event.text, "value": event.value}
            )
        else:
            self._say({"event": type(event).__name__, "value": event})

    def _view(self, view: View) -> None:
        self._say({"view": type(view).__name__, "value": view})

    def _say(self, what: dict[str, Any]) -> None:
        sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
        sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Runs until a signal or the end of standard input."""
    parser = argparse.ArgumentParser(prog="driven")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--ping-every", type=float, default=Timings().ping_every)
    args = parser.parse_args(argv)
    engine = partial(Engine, timings=Timings(ping_every=args.ping_every))
    driven = Driven(EngineThread(args.home, engine))
    with Interrupts() as interrupts:
        try:
            end_with_parent(driven.hear)
            driven.console.start()
            driven.console.wait_for(driven.obey, None, "a signal")
        except Interrupted:
            return 0
        except SlskmeshError as error:
            print(f"slskmesh: {error}", file=sys.stderr)
            return error.exit_code
        finally:
            interrupts.close()
            driven.console.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
