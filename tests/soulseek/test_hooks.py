"""Hooks over real processes and a real HTTP server on loopback."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trio

from slskmesh.errors import UserError
from slskmesh.soulseek.hooks import LOG_MAX, QUEUE_MAX, Happened, Hook, HookRan, Hooks, parse_hook

FILE = Happened("file", Path("/music/$(touch x) a.flac"), "ben; rm", "share\\a.flac")


def python(code: str, seconds: float = 20.0) -> Hook:
    return Hook("file", (sys.executable, "-c", code), seconds=seconds)


async def test_a_command_gets_the_path_and_no_shell() -> None:
    code = "import os,sys; print(sys.argv[1:], os.environ['SLSKMESH_USER'], os.environ['SLSKMESH_REMOTE']); print(2)"
    ran = await Hooks().test(python(code), FILE)
    assert (ran.code, ran.good) == (0, True)
    assert ran.line == f"{['/music/$(touch x) a.flac']} ben; rm share\\a.flac".replace("\\\\", "\\")


async def test_codes_and_what_is_not_there() -> None:
    ran = await Hooks().test(python("import sys; sys.stderr.write('\\x1b[31mno'); sys.exit(3)"), FILE)
    assert (ran.code, ran.good) == (3, False) and "\x1b" not in ran.line and "no" in ran.line
    ran = await Hooks().test(Hook("file", ("/nowhere/program",)), FILE)
    assert (ran.code, ran.good) == (None, False) and "No such file" in ran.line


async def test_after_its_time_the_whole_group_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {shlex.quote(str(pid))}; wait"  # quickly there, also on a busy machine
    with trio.fail_after(60):
        ran = await Hooks().test(Hook("file", ("/bin/sh", "-c", script), seconds=2.0), FILE)
    assert ran.code is None and "more than 2 s" in ran.line
    await gone(int(await trio.Path(pid).read_text()))


async def gone(pid: int) -> None:
    """Waits until a process that was killed has ended."""
    with trio.fail_after(60):
        while await trio.to_thread.run_sync(is_alive, pid):  # noqa: ASYNC110 - nobody tells of a grandchild
            await trio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_what_it_leaves_running_is_killed_too_and_much_output_is_no_trouble(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess,sys; print('first'); sys.stdout.flush();"
        "print('x' * 3_000_000);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(pid)!r}, 'w').write(str(child.pid))"
    )
    with trio.fail_after(60):
        ran = await Hooks().test(python(code), FILE)
    assert (ran.code, ran.line) == (0, "first")
    await gone(int(await trio.Path(pid).read_text()))


async def test_the_queue_runs_and_its_log_is_bounded() -> None:
    seen: list[HookRan] = []
    enough = trio.Event()

    def ran(one: HookRan) -> None:
        seen.append(one)
        if sum(one.code == 0 for one in seen) == 3:
            enough.set()

    hooks = Hooks([Hook("file", ("/bin/true",)), Hook("folder", ("/bin/false",))], on_ran=ran)
    for _ in range(3):
        hooks.happened(FILE)
    async with trio.open_nursery() as nursery:
        await nursery.start(hooks.run)
        with trio.fail_after(60):
            await enough.wait()
        nursery.cancel_scope.cancel()
    assert {one.hook for one in seen} == {"true"}
    for _ in range(QUEUE_MAX + LOG_MAX + 5):
        hooks.happened(FILE)
    assert len(hooks.log()) == LOG_MAX and "too many" in hooks.log()[-1].line


@pytest.mark.parametrize(
    "hook",
    [
        Hook("file"),
        Hook("file", ("a",), "http://b"),
        Hook("file", ("",)),
        Hook("file", ("a\0",)),
        Hook("file", url="file:///etc/passwd"),
        Hook("file", url="ftp://host/"),
        Hook("file", url="http://"),
        Hook("file", url="http://host/a b"),
        Hook("file", url="http://[bad"),
        Hook("file", ("a",), seconds=0),
    ],
)
def test_what_cannot_be_done_is_refused(hook: Hook) -> None:
    with pytest.raises(UserError):
        Hooks([hook])


class Server(HTTPServer):
    got: list[tuple[str, dict[str, object]]]
    hold: threading.Event


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))
        if self.path == "/silent":
            self.server.hold.wait(20)
        self.send_response(302 if self.path == "/away" else 500 if self.path == "/broken" else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"taken\nmore")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Answer)
    server.got, server.hold = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


def webhook(server: Server, path: str, seconds: float = 10.0) -> Hook:
    return Hook("file", url=f"http://127.0.0.1:{server.server_port}{path}", seconds=seconds)


async def test_a_webhook(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    ran = await Hooks().test(webhook(server, "/hook?secret=1"), FILE)
    assert (ran.code, ran.good, ran.line, ran.hook) == (200, True, "taken", "http://127.0.0.1")
    what = {"event": "file", "path": str(FILE.path), "user": "ben; rm", "remote": "share\\a.flac"}
    assert server.got == [("/hook?secret=1", what)]


async def test_a_webhook_goes_nowhere_else(server: Server) -> None:
    ran = await Hooks().test(webhook(server, "/away"), FILE)
    assert (ran.code, ran.good) == (302, False)
    ran = await Hooks().test(webhook(server, "/broken"), FILE)
    assert (ran.code, ran.good) == (500, False)
    assert [path for path, _ in server.got] == ["/away", "/broken"]


async def test_a_webhook_that_does_not_answer(server: Server) -> None:
    with trio.fail_after(60):
        ran = await Hooks().test(webhook(server, "/silent", 0.3), FILE)
    assert (
        (ran.code, ran.good) == (None, False) and "more than 0.3 s" in ran.line
    ) or "timed out" in ran.line


async def test_nobody_there() -> None:
    ran = await Hooks().test(Hook("file", url="http://127.0.0.1:1/"), FILE)
    assert ran.code is None and "cannot be reached" in ran.line
    assert os.environ.get("SLSKMESH_EVENT") is None


@pytest.mark.parametrize(
    ("line", "hook"),
    [
        ("file notify-send", Hook("file", ("notify-send",))),
        (
            "folder  /opt/tag.sh 'two words' \"$HOME; rm\" a\\ b",
            Hook("folder", ("/opt/tag.sh", "two words", "$HOME; rm", "a b")),
        ),
        ("file 'C:\\tag'", Hook("file", ("C:\\tag",))),
        ("file https://host/path?key=1", Hook("file", url="https://host/path?key=1")),
        ("folder http://[::1]:8080/", Hook("folder", url="http://[::1]:8080/")),
    ],
)
def test_a_line_of_the_settings_is_read(line: str, hook: Hook) -> None:
    assert parse_hook(line) == hook


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "file PROGRAM"),
        ("file", "file PROGRAM"),
        ("notify-send done", "file PROGRAM"),
        ("album tag.sh", "folder PROGRAM"),
        ("file 'tag", "not closed"),
        ("file tag \\", "backslash"),
        ("file ''", "the program"),
        ("file https://host/a b", "one address"),
        ("file ftp://host/a", "https://"),
        ("file https://", "names a host"),
        ("file https://höst/", "https://"),
    ],
)
def test_a_line_that_is_no_hook_is_refused_with_what_is_allowed(line: str, words: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_hook(line)
    assert words in str(refused.value)
