"""What the guard lets pass: hosts, origins, keys, rates; virtual time, an app of our own behind it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.gateway.exchange import BODY_MAX, BODY_SECONDS
from slskmesh.gateway.guard import names_us
from slskmesh.gateway.guesses import GUESS_EVERY, GUESSES
from slskmesh.gateway.keys import Role
from slskmesh.gateway.lines import Line
from tests.gateway.calls import ENDLESS, HOME, READ, WRITE, Caller, Echo, call, guarded

OURS = frozenset({"localhost", "music.lan"})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:5030", "192.168.1.7:80", "[::1]", "[::1]:5030", "[fe80::1%eth0]:5030"),
        *("localhost", "LOCALHOST:5030", "localhost.", "localhost.:5030", "music.lan", " music.lan "),
    ],
)
def test_an_address_and_our_names_are_hosts(host: str) -> None:
    assert names_us(host, OURS)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            ":",
            ":5030",
            ".",
            "evil.example",
            "evil.example:5030",
            "localhost.evil.example",
            "localhost..",
            "xlocalhost",
        ),
        *(
            "127.0.0.1.evil.example",
            "127.0.0.1.",
            "127.1",
            "0x7f000001",
            "2130706433",
            "127.0.0.1:5030:evil.example",
        ),
        *(
            "::1",
            "[::1",
            "::1]",
            "[::1]evil.example",
            "[::1].evil.example",
            "[localhost]",
            "[127.0.0.1]",
            "[]",
        ),
        *(
            "localhost:evil",
            "localhost@evil.example",
            "localhost/evil",
            "localhost, evil.example",
            "localhost:٣",
        ),
    ],
)
def test_anything_else_is_no_host(host: str) -> None:
    assert not names_us(host, OURS)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_a_host_is_judged_whatever_it_is(host: str) -> None:
    name = host.strip().lower()
    if names_us(host, OURS) and not name.startswith("["):
        assert name.split(":")[0].removesuffix(".") in OURS or set(name) <= set("0123456789.:")


async def test_a_foreign_host_is_not_let_in(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo()
    guard = guarded(app)
    key = ("x-api-key", WRITE)
    assert (await call(guard, key)).status == 200
    for headers in (
        [("host", "evil.example"), key],
        [key],  # as HTTP/1.0 may
        [HOME, ("host", "evil.example"), key],
        [("host", "evil.example"), HOME, key],
    ):
        answer = await Caller(headers).call(guard)
        assert answer.status == 403 and "gateway.hosts" in answer.said["error"], headers
    assert len(app.seen) == 1


async def test_web_pages_call_only_from_where_they_may(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo()
    guard = guarded(app, origins=["http://localhost:9765"])
    key = ("x-api-key", WRITE)
    for origin in ("http://evil.example", "null", "", "http://localhost:9765.evil.example"):
        answer = await call(guard, ("origin", origin), key)
        assert answer.status == 403 and "access-control-allow-origin" not in answer.headers
    both = await call(guard, ("origin", "http://evil.example"), ("origin", "http://localhost:9765"), key)
    assert both.status == 403 and not app.seen
    allowed = await call(guard, ("origin", "http://LOCALHOST:9765"), key)
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "http://LOCALHOST:9765"
    assert allowed.headers["vary"] == "Origin"


async def test_a_browser_may_ask_before_it_calls(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo()
    guard = guarded(app, origins=["http://localhost:9765"])
    ask = ("access-control-request-method", "POST")
    answer = await call(guard, ("origin", "http://localhost:9765"), ask, method="OPTIONS")
    assert answer.status == 204 and "X-API-Key" in answer.headers["access-control-allow-headers"]
    assert (await call(guard, ("origin", "http://evil.example"), ask, method="OPTIONS")).status == 403
    assert not app.seen
    await call(guard, method="OPTIONS")
    assert len(app.seen) == 1, "without an origin it is a request as any other"


@pytest.mark.parametrize(
    ("header", "role"),
    [
        (("x-api-key", WRITE), Role.WRITE),
        (("x-api-key", READ), Role.READ),
        (("authorization", f"Bearer {WRITE}"), Role.WRITE),
        (("authorization", f"bearer   {READ} "), Role.READ),
        (("authorization", f"Basic {WRITE}"), None),
        (("cookie", f"x-api-key={WRITE}"), None),
    ],
)
async def test_a_key_gives_its_role(header: tuple[str, str], role: Role | None) -> None:
    app = Echo()
    assert (await call(guarded(app), header)).status == 200
    assert app.seen[0]["state"]["role"] is role


@pytest.mark.parametrize(
    "header",
    [
        ("x-api-key", ""),
        ("x-api-key", WRITE[:-1]),
        ("x-api-key", WRITE + " x"),
        ("authorization", "Bearer"),
        ("x-api-key", "é" * 20),
    ],
)
async def test_a_wrong_key_is_refused_even_where_none_is_needed(header: tuple[str, str]) -> None:
    app = Echo()
    answer = await call(guarded(app), header)
    assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert not app.seen


async def test_whoever_guesses_waits(autojump_clock: trio.testing.MockClock) -> None:
    guard = guarded(Echo())
    for number in range(GUESSES):
        assert (await call(guard, ("x-api-key", f"wrong key {number}"))).status == 401
    limited = await call(guard, ("x-api-key", "one more wrong key"))
    assert limited.status == 429 and 1 <= int(limited.headers["retry-after"]) <= GUESS_EVERY + 1
    assert (await call(guard, ("x-api-key", WRITE))).status == 429, "else guessing would go on unhindered"
    elsewhere = await call(guard, ("x-api-key", WRITE), client=("192.168.1.7", 1))
    assert elsewhere.status == 200, "nobody is locked out by another machine"
    await trio.sleep(int(limited.headers["retry-after"]))
    assert (await call(guard, ("x-api-key", WRITE))).status == 200


async def test_one_wrong_key_over_and_over_locks_nobody_out(autojump_clock: trio.testing.MockClock) -> None:
    guard = guarded(Echo())
    for _ in range(3 * GUESSES):
        assert (await call(guard, ("x-api-key", "the key of last year"))).status == 401
    assert (await call(guard, ("x-api-key", WRITE))).status == 200


async def test_a_line_that_showed_a_right_key_goes_on(autojump_clock: trio.testing.MockClock) -> None:
    guard = guarded(Echo())
    near, far = await _pair()
    line = Line(near)
    assert (await call(guard, ("x-api-key", WRITE), state={"line": line})).status == 200
    for number in range(GUESSES + 5):
        await call(guard, ("x-api-key", f"wrong key {number}"))
    assert (await call(guard, ("x-api-key", WRITE))).status == 429
    assert (await call(guard, ("x-api-key", WRITE), state={"line": line})).status == 200
    assert (await call(guard, ("x-api-key", READ), state={"line": line})).status == 429, (
        "another key is a guess"
    )
    await near.aclose()
    await far.aclose()


async def _pair() -> tuple[trio.SocketStream, trio.SocketStream]:
    one, two = trio.socket.socketpair()
    return trio.SocketStream(one), trio.SocketStream(two)


async def test_so_many_requests_a_second(autojump_clock: trio.testing.MockClock) -> None:
    guard = guarded(Echo())
    key = ("x-api-key", WRITE)
    stranger = [(await call(guard)).status for _ in range(120)]
    assert stranger.count(200) == 100 and stranger.count(429) == 20
    assert (await call(guard, key)).status == 200, "strangers use up no holder's share"
    holder = [(await call(guard, key)).status for _ in range(1100)]
    assert set(holder[:999]) == {200} and holder[-1] == 429
    await trio.sleep(1)
    assert (await call(guard, key)).status == (await call(guard)).status == 200


async def test_so_many_at_once(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo()
    app.hold = trio.Event()
    guard = guarded(app)
    got: list[int] = []

    async def one(*headers: tuple[str, str]) -> None:
        got.append((await call(guard, *headers)).status)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        assert got == [503] * 4
        for _ in range(130):
            nursery.start_soon(one, ("x-api-key", WRITE))
        await trio.testing.wait_all_tasks_blocked()
        assert got == [503] * 6
        app.hold.set()
    assert got.count(200) == 16 + 128
    assert (await call(guard)).status == 200, "each gave its place back"


async def test_a_trailing_slash_means_nothing() -> None:
    app = Echo()
    for path in ("/x/", "/x", "/x//", "/", "//"):
        await call(guarded(app), path=path, raw_path=path.encode())
    assert [scope["path"] for scope in app.seen] == ["/x", "/x", "/x", "/", "/"]
    assert [scope["raw_path"] for scope in app.seen] == [b"/x", b"/x", b"/x", b"/", b"/"]


@pytest.mark.parametrize("length", [str(BODY_MAX + 1), "9" * 4301])
async def test_a_body_that_says_it_is_too_large_is_not_read(length: str) -> None:
    app = Echo()
    answer = await call(guarded(app), ("content-length", length))
    assert answer.status == 413 and not app.seen


@pytest.mark.parametrize("length", ["", "-1", "²", "1e9", "x"])
async def test_a_strange_length_is_the_servers_to_judge(length: str) -> None:
    assert (await call(guarded(Echo()), ("content-length", length))).status == 200


async def test_a_body_that_grows_over_the_bound_is_refused(autojump_clock: trio.testing.MockClock) -> None:
    piece = b"x" * (1 << 16)
    guard = guarded(Echo())
    whole = await call(guard, pieces=[piece] * (BODY_MAX // len(piece)))
    assert whole.status == 200 and whole.body == str(BODY_MAX).encode()
    over = await call(guard, pieces=[piece] * (BODY_MAX // len(piece)) + [b"x"])
    assert over.status == 413
    unread = await call(guarded(Echo(reads=False)), pieces=[piece] * 1000)
    assert unread.status == 200, "who does not read a body does not care for it"


async def test_a_body_that_does_not_come_is_refused_in_time(autojump_clock: trio.testing.MockClock) -> None:
    start = trio.current_time()
    answer = await call(guarded(Echo()), pieces=[ENDLESS])
    assert answer.status == 408
    assert trio.current_time() - start == pytest.approx(BODY_SECONDS, abs=1)


async def test_a_body_that_nobody_reads_fills_no_memory(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo(reads=False)
    app.hold = trio.Event()
    caller = Caller(pieces=[b"x" * 50_000] * 20, headers=[HOME, ("x-api-key", WRITE)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(caller.call, guarded(app))
        await trio.testing.wait_all_tasks_blocked()
        assert len(caller._pieces) == 18, "the rest waits for somebody who reads it"
        app.hold.set()
    assert caller.sent[0]["status"] == 200
    reads = await call(guarded(Echo()), ("x-api-key", WRITE), pieces=[b"x" * 50_000] * 20)
    assert reads.body == b"1000000"


async def test_a_refusal_waits_for_what_is_still_sent_but_not_long(
    autojump_clock: trio.testing.MockClock,
) -> None:
    caller = Caller([("host", "evil.example")], [b"x" * 1000] * 50)
    assert (await caller.call(guarded(Echo()))).status == 403
    assert not caller._pieces, "all of it was taken in before the answer"
    start = trio.current_time()
    assert (await Caller([("host", "evil.example")], [ENDLESS]).call(guarded(Echo()))).status == 403
    assert trio.current_time() - start <= 2


async def test_work_ends_when_who_asked_is_gone(autojump_clock: trio.testing.MockClock) -> None:
    app = Echo()
    app.hold = trio.Event()
    guard = guarded(app)
    caller = Caller()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(caller.call, guard)
        await trio.testing.wait_all_tasks_blocked()
        caller.hang_up()
    assert app.cancelled == 1 and not caller.sent
    app.hold.set()
    assert (await call(guard)).status == 200


async def test_the_end_of_an_answer_is_not_taken_for_the_end_of_who_asked() -> None:
    """Hypercorn tells of both in the same words, the first while the last piece is sent."""
    after: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})
        await trio.lowlevel.checkpoint()
        after.append("went on")

    class Hypercornish(Caller):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message["type"] == "http.response.body":
                self.hang_up()
                for _ in range(5):
                    await trio.lowlevel.checkpoint()

    assert (await Hypercornish().call(guarded(app))).body == b"done"
    assert after == ["went on"]


async def test_a_fault_of_ours_leaves_no_insides(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("/srv/somebody/secret")

    async def refuses(scope: Any, receive: Any, send: Any) -> None:
        raise ExceptionGroup("both", [UserError("/home/somebody"), OSError("/home/somebody")])

    for app in (fails, refuses):
        with caplog.at_level(logging.ERROR, "slskmesh.gateway"):
            answer = await call(guarded(app), ("x-api-key", WRITE))
        assert answer.status == 500 and answer.said == {
            "error": "an error of slskmesh; the log has the details"
        }
    assert "KeyError in " in caplog.text and "somebody" not in caplog.text


async def test_what_breaks_after_the_head_was_sent_is_not_made_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("secret")

    caller = Caller()
    await caller.call(guarded(breaks))
    assert [message["type"] for message in caller.sent] == ["http.response.start"]
    assert "ValueError in " in caplog.text and "secret" not in caplog.text


async def test_nothing_but_http_is_served() -> None:
    app = Echo()
    for kind in ("websocket", "lifespan", "something new"):
        caller = Caller(type=kind)
        await guarded(app)(caller.scope, caller.receive, caller.send)
        assert not caller.sent
    assert not app.seen


async def test_answers_are_kept_nowhere() -> None:
    answer = await call(guarded(Echo()))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


heads = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                [b"host", b"Host", b"origin", b"content-length", b"x-api-key", b"authorization", b"cookie"]
            ),
            st.binary(min_size=1, max_size=12),
        ),
        st.one_of(
            st.sampled_from(
                [b"localhost", b"127.0.0.1:1", b"[::1]:2", b"Bearer ", b"Bearer", WRITE.encode(), b"null"]
            ),
            st.binary(max_size=40),
        ),
    ),
    max_size=6,
)


@given(heads=heads, path=st.text(max_size=20), method=st.sampled_from(["GET", "POST", "OPTIONS", "PRI", "é"]))
@settings(deadline=None, max_examples=300)
def test_rubbish_heads_are_answered(heads: list[tuple[bytes, bytes]], path: str, method: str) -> None:
    """Whatever the head: an answer, never an error; the app sees it only with a host of ours and no foreign origin."""

    async def run() -> None:
        app = Echo()
        caller = Caller(path=path, method=method)
        caller.scope["headers"] = heads
        answer = await caller.call(guarded(app))
        assert answer.status in (200, 401, 403, 413)
        if app.seen:
            hosts = [
                value.decode("latin-1") for name, value in heads if name.decode("latin-1").lower() == "host"
            ]
            assert hosts and all(names_us(host, frozenset({"localhost"})) for host in hosts)
            assert not [name for name, _ in heads if name.decode("latin-1").lower() == "origin"]

    trio.run(run)
