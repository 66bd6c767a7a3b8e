"""The app on a FakeClient, started on a pseudo-terminal by pty_harness.py. Prints what became of it at the end."""

from __future__ import annotations

import signal
import sys

from slskmesh.settings import Settings, UiSettings
from tests.tui.fake import FakeClient, everything
from tui.app import run_terminal


def main() -> int:
    if "ignore-hup" in sys.argv:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    client = FakeClient(*everything())
    keep = "keep-running" if "keep-running" in sys.argv else "stop"
    code = run_terminal(client, settings=Settings(ui=UiSettings(on_hangup=keep)))
    for argument in sys.argv[1:]:
        if argument.startswith("report="):
            with open(argument[7:], "w", encoding="utf-8") as report:
                report.write(f"code {code} stopped {client.stopped}")
    return code


if __name__ == "__main__":
    sys.exit(main())
