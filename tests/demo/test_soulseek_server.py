"""The demo's Soulseek server as a process, over sockets, and with a client of another's making."""

from __future__ import annotations

import asyncio
import json
import queue
import stat
from pathlib import Path
from typing import Any

import pytest
from aioslsk.exceptions import AuthenticationError
from aioslsk.protocol import messages as m

from slskmesh.demo.child import Child, Said
from slskmesh.demo.soulseek.client import LegacyClient, settings
from slskmesh.demo.soulseek.server import read_names
from slskmesh.errors import UserError
from tests.demo.soulseek_line import PATIENCE, ServerProcess


def test_two_users_meet_and_the_owner_ends_it(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.line() as ann, server.line() as bob:
        assert server.address.startswith("127.0.0.1:")
        assert ann.login("ann").success and bob.login("bob").success
        ann.send(m.SetListenPort.Request(4000), m.FileSearch.Request(5, "ferries"))
        assert bob.expect(m.FileSearch.Response).query == "ferries"
        bob.send(m.GetPeerAddress.Request("ann"))
        assert bob.expect(m.GetPeerAddress.Response).port == 4000
        assert server.order(status=True)["users"] == ["ann", "bob"]
        assert server.order(stop=True) == {"ok": True}
        assert ann.ended() and bob.ended()
        assert server.child.finish() == 0


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.line() as ann:
        assert ann.login("ann").success
        assert server.child.finish() == 0  # the end of its standard input
        assert ann.ended()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        port = server.address.rpartition(":")[2]
        news: queue.SimpleQueue[Said] = queue.SimpleQueue()
        second = Child(
            "second", ["slskmesh.demo.soulseek.server", "--port", port], tmp_path / "second.log", news
        )
        while news.get(timeout=60).what is not None:
            pass  # it ends by itself: the end of its standard input would end it before it tried the port
        assert second.finish() == 1
        assert f"port {port}" in second.last_words()


def test_every_way_a_login_ends(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--login-seconds", "0.3") as server:
        with server.line() as first, server.line() as second, server.line() as third:
            assert first.login("ann").success
            assert second.login("ann", "wrong").reason == "INVALIDPASS"
            assert second.login("").reason == "INVALIDUSERNAME"
            assert second.login("ann", version=0).reason == "INVALIDVERSION"
            assert second.login("ann").success
            first.expect(m.Kicked.Response)
            assert first.ended()
            server.order(private=True)
            assert third.login("bob").reason == "SVRPRIVATE"
            server.order(private=False)
            server.order(full=True)
            assert third.login("bob").reason == "SVRFULL"
            server.order(full=False)
            server.order(ban="bob")
            third.send(m.Login.Request("bob", "x", 160, "", 2))
            assert third.ended()  # without an answer
            server.order(kick="ann")
            assert second.next() is None or second.ended()
        server.order(ban_address="127.0.0.1")
        with server.line() as fourth:
            assert fourth.ended()


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.line() as good:
        assert good.login("ann").success
        for data in (
            b"\xff\xff\xff\xff\x01\x00\x00\x00",  # 4 GiB
            b"\x03\x00\x00\x00abc",
            b"\x08\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff",  # a login without a name
            b"GET / HTTP/1.0\r\n\r\n",
        ):
            with server.line() as bad:
                bad.send_bytes(data)
                assert bad.ended()
        with server.line() as old:
            assert old.login("bob").success
            old.send_bytes(b"\x04\x00\x00\x00\x43\x00\x00\x00")
            assert old.ended()
        good.send_bytes(b"\x04\x00\x00\x00\x99\x99\x00\x00")  # a code nobody knows
        good.send(m.CheckPrivileges.Request())
        assert good.expect(m.CheckPrivileges.Response).time_left == 0


def test_a_flood_ends_the_line_that_does_not_read(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.line() as deaf, server.line() as ann:
        assert deaf.login("deaf").success and ann.login("ann").success
        for user in (deaf, ann):
            user.send(m.JoinRoom.Request("room"))
            user.expect(m.RoomTickers.Response)
        line = m.RoomChatMessage.Request("room", "x" * 2048).serialize()
        for _ in range(300):
            ann.send_bytes(line * 40)
            for _ in range(40):
                ann.expect(m.RoomChatMessage.Response)
            if server.order(status=True)["users"] == ["ann"]:
                break
        assert server.order(status=True)["users"] == ["ann"]


def test_names_outlive_the_server(tmp_path: Path) -> None:
    users = tmp_path / "users.json"
    with ServerProcess(tmp_path, "--users", str(users)) as server, server.line() as ann:
        assert ann.login("ann").success
        server.child.end(PATIENCE)
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    assert "secret" not in users.read_text()
    with ServerProcess(tmp_path, "--users", str(users)) as server, server.line() as ann:
        assert ann.login("ann", "another").reason == "INVALIDPASS"
        assert ann.login("ann").success


@pytest.mark.parametrize("text", ["{", "[]", '{"ann": 3}', '{"ann": "secret"}', json.dumps({"ann": "zz$00"})])
def test_a_file_that_is_not_of_names(tmp_path: Path, text: str) -> None:
    users = tmp_path / "users.json"
    users.write_text(text)
    with pytest.raises(UserError, match="file of names"):
        read_names(users)
    assert read_names(tmp_path / "none.json") == {}


def test_aioslsk_gets_in_and_is_refused(tmp_path: Path) -> None:
    async def login(address: str, name: str, password: str) -> Any:
        client = LegacyClient(settings(address, name, password))
        await client.start()
        try:
            await client.login()
            assert client.session is not None
            return client.session.user.name
        finally:
            await client.stop()

    with ServerProcess(tmp_path) as server:
        assert asyncio.run(login(server.address, "ann", "one")) == "ann"
        with pytest.raises(AuthenticationError) as refused:
            asyncio.run(login(server.address, "ann", "two"))
        assert refused.value.reason == "INVALIDPASS"
        server.order(full=True)
        with pytest.raises(AuthenticationError) as refused:
            asyncio.run(login(server.address, "bob", "two"))
        assert refused.value.reason == "SVRFULL"
