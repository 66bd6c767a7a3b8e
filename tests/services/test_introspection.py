"""What a peer tells of itself, over a real session."""

from __future__ import annotations

from pathlib import Path

from slskmesh.fabric.calls import Fabric
from slskmesh.services.introspection import SERVICE, AskCapabilities, Capabilities, Introspection, ServiceInfo
from slskmesh.work import LocalBudget
from tests.fabric.pairs import Side, over_tls


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_exposed_and_switched_on_now_is_told(tmp_path: Path) -> None:
    clock = Clock()
    features = ["shadow-index", "dht"]
    async with over_tls(tmp_path) as (a, b, *_):
        b.fabric.offer(Introspection(b.fabric.exposed, lambda: features, "slskmesh/9.9", clock))
        b.allowed.append(SERVICE)
        clock.now = 2 * 3600 + 1800
        first = await ask(a.fabric, b)
        parrot = ServiceInfo("parrot", 3, ("Fail", "Forever", "Repeat", "Say", "Wait"))
        own = ServiceInfo(SERVICE, 1, ("GetCapabilities",))
        assert first == Capabilities("slskmesh/9.9", 1, (own, parrot), ("dht", "shadow-index"), 7200)
        b.allowed.remove("parrot")
        features.clear()
        second = await ask(a.fabric, b)
        assert second.services == (own,) and second.features == ()


async def ask(fabric: Fabric, of: Side) -> Capabilities:
    return await fabric.call(
        of.peer, SERVICE, "GetCapabilities", AskCapabilities(), Capabilities, LocalBudget()
    )
