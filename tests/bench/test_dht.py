"""The DHT bench's arithmetic, its virtual loop, and one tiny run of both contenders."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest

from tests.bench import dht
from tests.bench.contenders.links import RTT, Costs, Links, Measured, Sums
from tests.bench.contenders.table_stock import VirtualLoop


def line(nodes: int, datagrams: float, success: float = 1.0, accepted: int = 0) -> dict[str, Any]:
    """A size's line with the same figures for all tasks."""
    task = {"success": success, "datagrams": datagrams, "of_these_hellos": datagrams / 2}
    tasks = dict.fromkeys((*dht.GROWING, *dht.READS), task)
    return {"nodes": nodes, "mesh": {"forged_offered": 9, "forged_accepted": accepted, **tasks}}


def test_growth_like_the_logarithm_has_exponent_one_and_passes() -> None:
    lines = [line(nodes, 10 * math.log2(nodes)) for nodes in (50, 200, 1000)]
    grown = dht.growth(lines)
    assert grown["read"]["exponent"] == pytest.approx(1, abs=0.01)
    assert grown["read"]["datagrams_a_doubling"] == pytest.approx(10)
    assert all(dht.met(lines, grown).values())


def test_growth_like_the_number_of_nodes_lost_reads_and_forgeries_fail() -> None:
    lines = [line(50, 50), line(1000, 1000)]
    assert not dht.met(lines, dht.growth(lines))["growth_read"]
    assert not dht.met([line(50, 50, success=0.99)], {})["read_after_loss"]
    assert not dht.met([line(50, 50, accepted=1)], {})["forgeries"]


def test_a_task_counts_what_went_from_and_to_its_address() -> None:
    links, costs = Links(1), Costs()
    one, other, third = ("20.0.0.1", 1), ("20.0.1.1", 2), ("20.0.2.1", 3)
    before = links.of(one)
    links.note(one, other, 100)
    links.note(other, one, 50, hello=True)
    links.note(other, third, 1000)
    costs.add(0.25, before, links.of(one), 1.0)
    assert (costs.datagrams, costs.bytes, costs.hellos, costs.ms) == ([2], [150], [1], [250.0])
    assert RTT[0] / 2 <= links.delay(one, other) == links.delay(other, one) <= RTT[1] / 2
    assert dht.task_line(costs)["whole"] == 1


def test_the_virtual_loop_waits_without_time_and_knows_when_nothing_can_happen() -> None:
    loop = VirtualLoop(Links(1))
    try:
        loop.run_until_complete(asyncio.wait_for(asyncio.sleep(3600), 4000))
        assert loop.time() == pytest.approx(3600)
        with pytest.raises(RuntimeError, match="nothing will ever happen"):
            loop.run_until_complete(loop.create_future())
    finally:
        loop.close()


def test_counts_of_seeds_are_summed() -> None:
    total = Measured()
    for _ in range(2):
        one = Measured()
        one.of("read").add(0.1, Sums(0, 0), Sums(4, 400), 1.0)
        one.counts["join_datagrams"] = 200
        total.extend(one)
    found = dht.contender_line(total, 10, 2, 1.0)
    assert found["join_datagrams"] == 20 and found["read"]["tasks"] == 2


def test_a_small_network_prints_a_line_and_meets_its_targets(capsys: pytest.CaptureFixture[str]) -> None:
    assert dht.main(["--nodes", "24"]) == 0
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["mesh"]["read_shared_after_loss"]["success"] == 1
    assert first["mesh"]["forged_accepted"] == 0 < first["mesh"]["forged_offered"]
    stock = first["kademlia_k8"]
    assert stock["writers_seen"] == 1 and stock["forged_accepted"] == stock["forged_offered"]
    assert stock["read"]["success"] == 1
    assert last["met"]["read_shared_after_loss"]
