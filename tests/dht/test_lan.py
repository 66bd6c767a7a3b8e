"""Discovery on the local network: over real multicast on loopback, and what a hint may do."""

import random
import socket
import struct
import time
from pathlib import Path

import pytest
import trio
import trio.testing

from slskmesh.dht import lan as lan_module
from slskmesh.dht.home import DhtNode
from slskmesh.dht.lan import GROUP_V4, Lan
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Config
from slskmesh.identity.key import Identity
from slskmesh.work import LocalBudget


def free_group_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_multicast() -> bool:
    where = struct.pack("@4s4si", socket.inet_aton(GROUP_V4), socket.inet_aton("127.0.0.1"), 0)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        heard.settimeout(0.5)
        try:
            heard.bind((GROUP_V4, 0))
            heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, where)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, where)
            sender.sendto(b"?", (GROUP_V4, heard.getsockname()[1]))
            return heard.recv(1) == b"?"
        except OSError:
            return False


multicast = pytest.mark.skipif(not has_multicast(), reason="no multicast on the loopback interface here")


@multicast
async def test_two_nodes_find_each_other_and_are_silent_when_it_is_off(
    identities: list[Identity], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lan_module, "GROUP_PORT", free_group_port())
    async with trio.open_nursery() as nursery:
        nodes = []
        for i, identity in enumerate(identities[:2]):
            one = DhtNode(
                identity,
                tmp_path / str(i),
                rng=random.Random(i),
                clock=trio.current_time,
                wall=time.time,
                config=Config(),
            )
            one.set_lan(True, 50300 + i)
            await nursery.start(one.run)
            await one.listen("127.0.0.1", 0)
            nodes.append(one)
        a, b = nodes
        with trio.fail_after(10):
            while not (a.status().nodes and b.status().nodes):  # noqa: ASYNC110 - has no event
                await trio.sleep(0.02)
            while not a.lan.overlay_port(b.sockets.addresses[0]):  # noqa: ASYNC110
                await trio.sleep(0.02)
            assert a.status().lan
            assert a.lan.links == 1
            found = await a.endpoints(identities[1].peer, LocalBudget())
            assert found == [("127.0.0.1", 50301)]
            a.set_lan(False, 50300)
            while a.lan.links:
                await trio.lowlevel.checkpoint()
        assert not a.status().lan
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1"])
async def test_every_interface_opens_and_closes(host: str) -> None:
    lan = Lan(random.Random(1), trio.current_time, lambda address: None, free_group_port())
    lan.switch(True, 1)
    lan.announce([(host, 5000)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lan.run)
        await trio.testing.wait_all_tasks_blocked()
        assert lan.links <= 8
        lan.announce([])
        await trio.testing.wait_all_tasks_blocked()
        assert lan.links == 0
        nursery.cancel_scope.cancel()


def test_a_hint_names_its_sender_and_nothing_else() -> None:
    met: list[Address] = []
    now = [0.0]
    lan = Lan(random.Random(1), lambda: now[0], met.append)

    def hint(
        port: int = 7000, overlay: int = 7001, version: int = 1, magic: bytes = b"slskmesh-lan"
    ) -> bytes:
        return struct.pack(">12sBHH8s", magic, version, port, overlay, b"somebody")

    lan.take(hint(), ("192.168.1.7", 4000))
    assert met == [("192.168.1.7", 7000)]
    assert lan.overlay_port(("192.168.1.7", 7000)) == 7001
    own = hint()[:-8] + lan._own
    for bad in (hint(0), hint(version=2), hint(magic=b"x" * 12), hint()[:-1], hint() + b"x", b"", own):
        lan.take(bad, ("192.168.1.7", 4000))
    lan.take(hint(), ("fe80::1%eth0", 4000))
    assert len(met) == 1
    for i in range(100):
        lan.take(hint(7000 + i), ("192.168.1.8", 4000))
    assert len(met) <= 31
    now[0] = 60.0
    lan.take(hint(), ("192.168.1.9", 4000))
    assert met[-1] == ("192.168.1.9", 7000)


def test_what_hints_name_is_bounded() -> None:
    now = [0.0]
    lan = Lan(random.Random(1), lambda: now[0], lambda address: None)
    for i in range(400):
        now[0] += 1
        lan.take(
            struct.pack(">12sBHH8s", b"slskmesh-lan", 1, 1000 + i, 5, b"somebody"), ("192.168.1.8", 4000)
        )
    assert lan.overlay_port(("192.168.1.8", 1399)) == 5
    assert lan.overlay_port(("192.168.1.8", 1000)) is None
