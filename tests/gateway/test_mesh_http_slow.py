"""/mesh/http while a peer takes its time: deadlines, parts as they come, programs that go away. Two whole engines."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest
import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.engine import Engine
from slskmesh.engine.thread import EngineThread
from slskmesh.errors import UserError
from slskmesh.fabric.port import Caller, Method
from slskmesh.gateway.door import GatewayDoor
from tests.engine.nodes import Node, furnish
from tests.engine.test_legacy_plane import QUICK
from tests.gateway.ground import WAIT, Ground


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """So many parts; then it fails (`fail`) or goes on for ever."""

    parts: int = 0
    fail: bool = False


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One part."""

    number: int


class Slow:
    """A service that does not end by itself; `ended` is set when it was ended."""

    name: ClassVar[str] = "slow"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.ended = threading.Event()

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        return {"Wait": Method(Ask, Part, handler=self.wait), "Drip": Method(Ask, Part, stream=self.drip)}

    async def wait(self, caller: Caller, ask: Ask) -> Part:
        await trio.sleep_forever()
        raise AssertionError

    async def drip(self, caller: Caller, ask: Ask) -> AsyncIterator[Part]:
        try:
            for number in range(ask.parts):
                yield Part(number)
            if ask.fail:
                raise UserError("that is all there is")
            await trio.sleep_forever()
        finally:
            self.ended.set()


class Offers:
    """Adds the service to an engine. Implements `engine.Door`."""

    def __init__(self, service: Slow) -> None:
        self._service = service

    async def run(
        self, engine: Engine, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        engine.plane.fabric.offer(self._service)
        task_status.started()


class SlowNode(Node):
    """A peer that offers the service."""

    def __init__(self, home: Path, service: Slow) -> None:
        super().__init__(home)
        self._client = EngineThread(
            home, lambda home, box: Engine(home, box, env={}, doors=(Offers(service),))
        )


class SlowGround(Ground):
    """A gateway whose engine knows the service's methods."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        doors = (GatewayDoor(), Offers(Slow()))
        self._client = EngineThread(
            home, lambda home, box: Engine(home, box, env={}, mode_times=QUICK, doors=doors)
        )


@pytest.fixture(scope="module")
def service() -> Slow:
    return Slow()


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory, service: Slow) -> Iterator[Ground]:
    root = tmp_path_factory.mktemp("slow")
    off = {"mesh": {"enabled": False}, "fabric": {"services": ["slow"]}}
    peer = SlowNode(furnish(root, "peer", settings=off), service)
    gateway = {"enabled": True, "listen": "127.0.0.1:0", "services": ["slow"]}
    one = SlowGround(furnish(root, "me", settings={"mesh": {"enabled": False}, "gateway": gateway}))
    peer.start()
    one.start()
    try:
        one.open()
        peer.listening(WAIT)
        one.ask(cmd.Connect(peer.ask(cmd.MakeInvite()).value))
        yield one
    finally:
        one.close()
        peer.stop()


def test_a_peer_that_does_not_answer_in_time_is_504(me: Ground) -> None:
    answer = me.http.post("/mesh/http/slow/Wait", params={"timeout": "0.5"})
    assert answer.status_code == 504, answer.text
    assert answer.json()["error"]


def test_parts_are_sent_on_as_they_come_and_the_peer_hears_when_nobody_reads(
    me: Ground, service: Slow
) -> None:
    service.ended.clear()
    with httpx.Client(base_url=me.base, headers=me.http.headers, timeout=WAIT) as line:
        with line.stream(
            "POST", "/mesh/http/slow/Drip", json={"parts": 3}, params={"timeout": "60"}
        ) as answer:
            assert answer.status_code == 200
            lines = answer.iter_lines()
            assert [next(lines) for _ in range(3)] == [f'{{"number":{n}}}' for n in range(3)]
            assert not service.ended.is_set()  # it is still at work: the parts did not wait for its end
    assert service.ended.wait(WAIT)


def test_what_fails_after_a_part_is_the_last_line(me: Ground) -> None:
    answer = me.http.post("/mesh/http/slow/Drip", json={"parts": 2, "fail": True})
    assert answer.status_code == 200
    lines = answer.text.splitlines()
    assert lines[:2] == ['{"number":0}', '{"number":1}']
    assert "that is all there is" in msgspec.json.decode(lines[2])["error"]


def test_what_fails_before_a_part_has_its_status(me: Ground) -> None:
    answer = me.http.post("/mesh/http/slow/Drip", json={"fail": True})
    assert answer.status_code == 400, answer.text
    assert "that is all there is" in answer.json()["error"]


def test_a_stream_without_an_end_ends_at_its_time(me: Ground) -> None:
    answer = me.http.post("/mesh/http/slow/Drip", json={"parts": 1}, params={"timeout": "0.5"})
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 2
    assert "error" in answer.text.splitlines()[1]
