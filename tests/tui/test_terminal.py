"""The app on a real pseudo-terminal: leaving, signals, a dropped line, suspending, colours."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.pty_harness import Pty

READY = b"disk"


def until(happened: Callable[[], bool], timeout: float = 10.0) -> None:
    """Polls the kernel's state of a process, for which there is no event."""
    end, pause = time.monotonic() + timeout, threading.Event()
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.02)


def test_quitting_restores_the_terminal() -> None:
    with Pty() as term:
        term.wait_for(READY)
        term.send(b"\x11")
        code, seconds = term.ended()
        assert code == 0
        assert seconds < 3
        term.wait_for(b"\x1b[?1049l")
        term.wait_for(b"\x1b[?25h")
        assert term.modes() == term.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    with Pty() as term:
        term.wait_for(READY)
        term.signal(number)
        code, seconds = term.ended()
        assert code == 128 + number
        assert seconds < 3
        term.wait_for(b"\x1b[?1049l")
        assert term.modes() == term.before


@pytest.mark.parametrize("how", ["", "ignore-hup"])
def test_a_dropped_line_ends_it(how: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    with Pty(how, f"report={report}") as term:
        term.wait_for(READY)
        term.hang_up()
        code, seconds = term.ended()
        assert code == 129
        assert seconds < 3
    assert report.read_text() == "code 129 stopped True"


def test_with_keep_running_it_goes_on_without_a_screen(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with Pty("keep-running", f"report={report}") as term:
        term.wait_for(READY)
        term.hang_up()
        until(lambda: term.threads() == 1)
        assert term.process.poll() is None
        term.signal(signal.SIGTERM)
        code, _ = term.ended()
        assert code == 129
    assert report.read_text() == "code 129 stopped True"


def test_suspending_gives_the_terminal_back_and_takes_it_again() -> None:
    with Pty() as term:
        term.wait_for(READY)
        mark = term.send(b"\x1a")
        until(term.stopped)
        term.wait_for(b"\x1b[?1049l", start=mark)
        assert term.modes() == term.before
        threads = term.threads()
        mark = len(term.output)
        term.signal(signal.SIGCONT)
        term.wait_for(b"\x1b[?1049h", start=mark)
        term.wait_for(b"MESH-ONLY", start=mark)
        mark = term.send(b"7")
        term.wait_for(b"sections", start=mark)
        assert term.threads() <= threads + 3
        term.send(b"\x11")
        assert term.ended()[0] == 0


def test_a_stray_continue_starts_no_second_pair_of_threads() -> None:
    with Pty() as term:
        term.wait_for(READY)
        mark = term.send(b"6")
        term.wait_for(b"connected of", start=mark)
        threads = term.threads()
        for _ in range(3):
            term.signal(signal.SIGCONT)
        mark = term.send(b"7")
        term.wait_for(b"sections", start=mark)
        assert term.threads() <= threads
        term.send(b"\x11")
        assert term.ended()[0] == 0


def test_without_colour_no_colour_is_sent() -> None:
    with Pty(env={"NO_COLOR": "1"}) as term:
        term.wait_for(READY)
        term.send(b"\x11")
        term.ended()
        assert b"\x1b[38;2" not in term.output and b"48;2;" not in term.output and b"38;5" not in term.output
        assert b"\x1b[7;39;49m[#] MESH-ONLY" in term.output, "the banner is told by reverse alone"


def test_over_ssh_no_mouse_is_asked_for_and_terminal_colours_are_used() -> None:
    with Pty(env={"SSH_TTY": "/dev/pts/9"}) as term:
        term.wait_for(READY)
        term.send(b"\x11")
        term.ended()
        assert b"?1003h" not in term.output
        assert b"38;2;" not in term.output


def test_copying_sends_osc_52() -> None:
    with Pty() as term:
        term.wait_for(READY)
        mark = term.send(b"6")
        term.wait_for(b"connected of", start=mark)
        mark = term.send(b"yu")
        term.wait_for(b"\x1b]52;c;", start=mark)
        term.send(b"\x11")
        assert term.ended()[0] == 0
