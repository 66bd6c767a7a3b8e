"""Connections of the gateway over real sockets: slow, silent, deaf, dead and too many; nothing of them stays."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.gateway.lines import LINES_MAX, SEND_SECONDS, Line, Lines
from slskmesh.gateway.serving import HEAD_MAX, serve_guarded
from tests.gateway.calls import WRITE, Echo, guarded

WAIT = 60
SOON = SEND_SECONDS / 2  # before any clock of the server would have ended it
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Place:
    """A server on loopback around an app of ours."""

    def __init__(self, app: Any, lines: Lines) -> None:
        self.app, self.lines = app, lines
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=600)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.over = trio.CancelScope()

    async def run(self) -> None:
        with self.listener, self.over:
            await serve_guarded(guarded(self.app), self.listener, self.lines)

    async def dial(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)


@contextlib.asynccontextmanager
async def serving(app: Any, most: int = LINES_MAX) -> AsyncIterator[Place]:
    place = Place(app, Lines(most))
    with trio.fail_after(10 * WAIT):  # in virtual time a wait for the kernel may cost many seconds
        async with trio.open_nursery() as nursery:
            nursery.start_soon(place.run)
            yield place
            place.over.cancel()


async def until(reached: Callable[[], bool], step: float = 0.005) -> None:
    """Waits for what tells nobody of itself; `step` in seconds, longer ones in virtual time."""
    for _ in range(int(WAIT / step)):
        if reached():
            return
        await trio.sleep(step)
    raise AssertionError("it never came to that")


async def head_of(stream: trio.SocketStream) -> bytes:
    """One answer, with its body if its length is told; what came of it if the line ended before."""
    got = b""
    with trio.fail_after(WAIT), contextlib.suppress(trio.BrokenResourceError):
        while b"\r\n\r\n" not in got and (piece := await stream.receive_some(65536)):
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        while length and len(body) < int(length[1]) and (piece := await stream.receive_some(65536)):
            body += piece
    return got


async def rest_of(stream: trio.SocketStream) -> bytes:
    got = b""
    with trio.fail_after(WAIT), contextlib.suppress(trio.BrokenResourceError):
        async for piece in stream:
            got += piece
    return got


async def ask(place: Place, request: bytes = GET) -> bytes:
    async with await place.dial() as stream:
        await stream.send_all(request)
        return await head_of(stream)


async def test_a_line_is_used_again_and_forgotten_at_its_end() -> None:
    async with serving(Echo()) as place:
        async with await place.dial() as stream:
            for _ in range(3):
                await stream.send_all(GET)
                assert b" 200 " in (await head_of(stream)).split(b"\r\n")[0]
            assert len(place.lines) == 1
        await (await place.dial()).aclose()
        with trio.fail_after(SOON):
            await until(lambda: not len(place.lines))


@pytest.mark.parametrize(
    "more",
    [
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ],
)
async def test_nothing_turns_into_another_protocol(more: bytes) -> None:
    app = Echo()
    async with serving(app) as place:
        async with await place.dial() as stream:
            for _ in range(2):
                await stream.send_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + b"\r\n")
                assert (await head_of(stream)).startswith(b"HTTP/1.1 200 ")
    assert [scope["type"] for scope in app.seen] == ["http", "http"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b" 403 "),
        (b"GET / HTTP/1.0\r\n\r\n", b" 403 "),
        (b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", b" 200 "),
        (b"GET / HTTP/1.1\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b" 400 "),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b" 403 "),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            b" 4",
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1", b" 400 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n1", b" 400 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b" 501 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b" 400 "),
        (b"GET /" + b"x" * 2 * HEAD_MAX, b" 431 "),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * HEAD_MAX, b" 431 "),
    ],
)
async def test_requests_as_no_client_sends_them(request_: bytes, status: bytes) -> None:
    async with serving(Echo()) as place:
        assert status in (await ask(place, request_)).split(b"\r\n")[0]
        assert b" 200 " in await ask(place)


async def test_a_chunked_body_comes_whole() -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    async with serving(Echo()) as place:
        async with await place.dial() as stream:
            await stream.send_all(chunked + b"5\r\nabcde\r\n")
            await stream.send_all(b"2;x=y\r\nfg\r\n0\r\nTrailer: 1\r\n\r\n")
            assert (await rest_of(stream)).endswith(b"\r\n\r\n7")


async def test_a_body_over_the_bound_is_answered_before_the_line_ends() -> None:
    """Whoever sends two megabytes in one go still reads why they were not taken."""
    body = b"x" * (2 << 20)
    for length in (
        b"Content-Length: %d\r\n\r\n" % len(body),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body),
    ):
        async with serving(Echo()) as place, await place.dial() as stream:
            await stream.send_all(
                b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + body + b"\r\n0\r\n\r\n"
            )
            assert (await head_of(stream)).startswith(b"HTTP/1.1 413 ")


async def test_who_sends_a_body_that_nobody_reads_blocks_nothing() -> None:
    """Hypercorn's own queue holds ten pieces; with it full, the end of such a request would never come."""
    app = Echo(reads=False)
    app.hold = trio.Event()

    async def send(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.send_all(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(256):
                await stream.send_all(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    async with serving(app) as place, await place.dial() as stream, trio.open_nursery() as nursery:
        nursery.start_soon(send, stream)
        await until(lambda: len(app.seen) == 1)
        await trio.testing.wait_all_tasks_blocked(0.05)  # every queue on the way is full by now
        app.hold.set()
        with trio.fail_after(SOON):
            assert (await head_of(stream)).startswith(b"HTTP/1.1 200 ")
            await rest_of(stream)
            await until(lambda: not len(place.lines))
        nursery.cancel_scope.cancel()


async def test_a_slow_head_ends_in_time(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05
    async with serving(Echo()) as place, await place.dial() as stream:
        start = trio.current_time()
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: ")
        with contextlib.suppress(trio.BrokenResourceError, TimeoutError):
            while True:
                await stream.send_all(b"x")
                await trio.sleep(1)
        assert trio.current_time() - start < 40
        await until(lambda: not len(place.lines), 1.0)


async def test_a_silent_line_ends_in_time_also_after_an_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    autojump_clock.autojump_threshold = 0.05
    async with serving(Echo()) as place, await place.dial() as silent, await place.dial() as polite:
        await polite.send_all(GET)
        await head_of(polite)
        start = trio.current_time()
        assert await rest_of(silent) == b""
        await rest_of(polite)
        assert trio.current_time() - start < 40
        await until(lambda: not len(place.lines), 1.0)


async def test_a_body_that_stops_ends_in_time(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05
    async with serving(Echo()) as place, await place.dial() as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12")
        assert (await head_of(stream)).startswith(b"HTTP/1.1 408 ")
        await rest_of(stream)
        await until(lambda: not len(place.lines), 1.0)


async def test_500_idle_lines_do_not_stop_others() -> None:
    async with serving(Echo()) as place:
        idle = [await place.dial() for _ in range(500)]
        async with await place.dial() as known:
            await known.send_all(GET.replace(b"\r\n\r\n", b"\r\nX-API-Key: " + WRITE.encode() + b"\r\n\r\n"))
            assert b" 200 " in await head_of(known)
            more = [await place.dial() for _ in range(300)]
            assert b" 200 " in await ask(place)
            await known.send_all(GET)
            assert b" 200 " in await head_of(known), "who showed a key is not the one that gives way"
        assert len(place.lines) <= LINES_MAX
        for stream in (*idle, *more):
            await stream.aclose()


async def test_where_all_are_at_work_one_more_is_closed() -> None:
    app = Echo()
    app.hold = trio.Event()
    async with serving(app, most=3) as place:
        busy = [await place.dial() for _ in range(3)]
        for stream in busy:
            await stream.send_all(GET)
        await until(lambda: len(app.seen) == 3)
        async with await place.dial() as late:
            assert await rest_of(late) == b""
        app.hold.set()
        for stream in busy:
            assert b" 200 " in await head_of(stream)
            await stream.aclose()
        await until(lambda: not len(place.lines))
        assert b" 200 " in await ask(place)


class Flood:
    """An app whose answer is larger than any buffer on the way; `ended`: how often that ended."""

    def __init__(self) -> None:
        self.started = trio.Event()
        self.ended = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.started.set()
        try:
            await send({"type": "http.response.body", "body": b"x" * (64 << 20), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.ended += 1


async def test_who_takes_nothing_is_cut_off(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05
    app = Flood()
    async with serving(app) as place, await place.dial() as deaf:
        await deaf.send_all(GET)
        await app.started.wait()
        for _ in range(5):
            await trio.sleep(SEND_SECONDS)
        assert app.ended == 1 and not len(place.lines)


async def test_the_end_waits_for_nobody() -> None:
    """Deaf, slow and waiting ones are all ended with the server; Hypercorn shields what it sends."""
    app = Flood()
    async with serving(app) as place:
        async with await place.dial() as deaf, await place.dial() as slow, await place.dial() as idle:
            await deaf.send_all(GET)
            await slow.send_all(b"GET / HT")
            await app.started.wait()
            await until(lambda: len(place.lines) == 3)
            place.over.cancel()
            with trio.fail_after(SOON):
                await until(lambda: app.ended == 1 and not len(place.lines))
            assert await rest_of(idle) == b""


async def test_work_ends_when_the_line_does() -> None:
    app = Echo()
    app.hold = trio.Event()
    async with serving(app) as place:
        stream = await place.dial()
        await stream.send_all(GET)
        await until(lambda: len(app.seen) == 1)
        await stream.aclose()
        await until(lambda: app.cancelled == 1 and not len(place.lines))


async def test_the_head_of_a_stream_waits_for_nothing() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await trio.sleep_forever()

    async with serving(silent) as place, await place.dial() as stream:
        await stream.send_all(GET)
        assert b" 200 " in await head_of(stream)


async def test_half_an_answer_does_not_look_whole() -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        raise ValueError

    async with serving(breaks) as place, await place.dial() as stream:
        await stream.send_all(GET)
        got = await rest_of(stream)
        assert b"first" in got and not got.endswith(b"0\r\n\r\n")


async def test_nothing_is_written_and_faults_are_logged_by_place(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def wrong(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b":secret", b"secret")]})

    async with serving(wrong) as place:
        await ask(place)
        await ask(place, b"\x00\x01\r\n\r\n")
        await until(lambda: not len(place.lines))
    assert "ValueError in " in caplog.text and "secret" not in caplog.text
    assert capfd.readouterr() == ("", "")


rubbish = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"GET / HTTP/1.1\r\n",
                    b"POST /x HTTP/1.1\r\n",
                    b"HEAD * HTTP/1.0\r\n",
                    b"CONNECT a:1 HTTP/1.1\r\n",
                ),
                *(
                    b"Host: 127.0.0.1\r\n",
                    b"Content-Length: 4\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"\r\n",
                    b"4\r\n",
                ),
                *(
                    b"Expect: 100-continue\r\n",
                    b"Upgrade: websocket\r\n",
                    b"Connection: upgrade\r\n",
                    b"\x00",
                    b"body",
                ),
                *(
                    b"Connection: close\r\n",
                    b"Connection: keep-alive\r\n",
                    b"0\r\n\r\n",
                    b"Upgrade: h2c\r\n",
                    b": x\r\n",
                ),
            ]
        ),
        max_size=12,
    ).map(b"".join),
)


@given(pieces=st.lists(rubbish, min_size=1, max_size=3))
@settings(deadline=None, max_examples=150)
def test_rubbish_ends_its_line_and_nothing_else(pieces: list[bytes]) -> None:
    async def run() -> None:
        async with serving(Echo()) as place:
            async with await place.dial() as stream:
                with contextlib.suppress(trio.BrokenResourceError):
                    for piece in pieces:
                        await stream.send_all(piece)
                    await stream.send_eof()
                await rest_of(stream)
            assert b" 200 " in await ask(place)
            await until(lambda: not len(place.lines))

    trio.run(run)


async def test_the_longest_silent_without_a_key_gives_way_first(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    streams = [trio.SocketStream(trio.socket.from_stdlib_socket(one)) for one, _ in pairs]
    lines = Lines(most=3)
    first, second, third = [line for stream in streams[:3] if (line := lines.admit(stream))]
    first.known, second.serving = b"mark", 1
    assert isinstance(lines.admit(streams[3]), Line)
    assert third.socket.fileno() == -1 and first.socket.fileno() != -1 != second.socket.fileno()
    lines.cut()
    assert not len(lines)
    for _, other in pairs:
        other.close()
