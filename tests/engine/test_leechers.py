"""Who shares nothing: asked of the server once, when an upload waits."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from slskmesh.engine.leechers import HOLDS, KNOWN_MAX, Leechers
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import TransferChanged, TransferNews, TransferPhase
from slskmesh.work import LocalBudget


class Server:
    """Says what users share."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.shares: dict[str, tuple[int, int] | None] = {}
        self.online = True

    async def shares_of(self, user: str, budget: LocalBudget) -> tuple[int, int] | None:
        await trio.lowlevel.checkpoint()
        if not self.online:
            raise Offline("no session")
        self.asked.append(user)
        return self.shares.get(user)


def waits(user: str, phase: TransferPhase = TransferPhase.QUEUED, upload: bool = True) -> TransferChanged:
    return TransferChanged(TransferNews(1, user, "m\\x", upload, phase, 10, 0))


@pytest.fixture
def server() -> Server:
    return Server()


def begin(server: Server, nursery: trio.Nursery) -> Leechers:
    leechers = Leechers(server)  # type: ignore[arg-type]
    nursery.start_soon(leechers.run)
    return leechers


async def test_a_user_is_asked_about_once_a_day(
    server: Server, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    leechers = begin(server, nursery)
    server.shares = {"ann": (0, 0), "bob": (4, 80)}
    assert leechers.of("ann") is None
    for user in ("ann", "bob", "ann", "carl"):
        leechers.heard(waits(user))
    leechers.heard(waits("dora", upload=False))
    leechers.heard(waits("emil", TransferPhase.ACTIVE))
    await trio.sleep(10)
    assert server.asked == ["ann", "bob", "carl"]
    assert (leechers.of("ann"), leechers.of("bob"), leechers.of("carl")) == ((0, 0), (4, 80), None)
    leechers.heard(waits("ann"))
    await trio.sleep(10)
    assert len(server.asked) == 3
    await trio.sleep(HOLDS)
    leechers.heard(waits("ann"))
    await trio.sleep(10)
    assert server.asked[3:] == ["ann"]


async def test_without_a_session_nothing_is_known_and_it_is_asked_again(
    server: Server, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    leechers = begin(server, nursery)
    server.online = False
    leechers.heard(waits("ann"))
    await trio.sleep(10)
    assert leechers.of("ann") is None and not server.asked
    server.online, server.shares = True, {"ann": (1, 1)}
    leechers.heard(waits("ann"))
    await trio.sleep(10)
    assert leechers.of("ann") == (1, 1)


async def test_the_first_known_goes_first(
    server: Server, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    leechers = begin(server, nursery)
    for number in range(KNOWN_MAX + 1):
        server.shares[f"u{number}"] = (1, number)
        leechers.heard(waits(f"u{number}"))
        await trio.sleep(1)
    assert leechers.of("u0") is None and leechers.of(f"u{KNOWN_MAX}") == (1, KNOWN_MAX)
