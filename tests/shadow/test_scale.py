"""A million peers on paper and in samples: what a node holds, what telling costs, what readers get (docs/protocol.md).

Assumed: 1,000,000 peers, half of them reachable and so nodes that hold records; libraries of 120 releases in the median
(log-normal, the largest beyond 20,000); two million releases, held by Zipf's law.
"""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from slskmesh.dht.record import RECORD_MAX
from slskmesh.dht.store import KEYS_MAX, PUBLISHERS_MAX, RECORDS_MAX
from slskmesh.shadow import sketch
from slskmesh.shadow.rotation import RARE, SLOTS, STAY, Act, Rotation, Topic

PEERS, NODES, RELEASES, K = 1_000_000, 500_000, 2_000_000, 8
SALT = sketch.salt_of("release", bytes(16), 20_000)
# Measured over networks in virtual time (research p2p.md 1.4, 1.5): datagrams both ways, k = 8.
PUBLISH_DATAGRAMS, READ_DATAGRAMS = 56, 60


def world() -> tuple[np.ndarray, np.ndarray]:
    """(shards told a peer, publishers a release) with everybody's rotation at a random place."""
    rng = np.random.default_rng(5)
    libraries = np.minimum(rng.lognormal(np.log(120), 1.6, PEERS), 50_000)
    told = np.minimum(libraries, SLOTS)
    weights = 1 / np.arange(1, RELEASES + 1) ** 0.9
    publishers = np.minimum(told.sum() * weights / weights.sum(), PEERS * 0.2)
    return told, publishers


def test_what_a_node_holds_and_what_telling_costs() -> None:
    told, publishers = world()
    held = float((K * np.minimum(publishers, PUBLISHERS_MAX)).sum()) / NODES
    keys = K * RELEASES / NODES
    assert 50 < told.mean() < 150
    assert held < RECORDS_MAX / 10 and keys < KEYS_MAX / 100
    assert held * RECORD_MAX < 4e6  # bytes
    # Each shard goes out every three hours and is read before each of its turns.
    per_second = SLOTS * (2 * PUBLISH_DATAGRAMS + READ_DATAGRAMS) / STAY
    assert per_second < 2  # datagrams a second, both ways, of a peer that tells of 200
    mean = float(told.mean()) / SLOTS * per_second
    assert mean < 1
    # The nodes nearest to the most popular release: every publisher comes by every three hours, and reads every six.
    hottest = float(publishers.max()) * (2 + 1) / STAY
    assert hottest < 40  # stores and reads a second


@pytest.mark.parametrize(
    ("holders", "least", "most"), [(3, 3, 3), (60, 55, 70), (2_000, 300, 1200), (100_000, 400, 700)]
)
def test_what_a_reader_gets_at_once(holders: int, least: int, most: int) -> None:
    """Each of the k nearest nodes keeps its own 64 publishers; the reader unions them."""
    rng = random.Random(holders)
    everyone = [rng.randbytes(32) for _ in range(min(holders, 20_000))]
    seen = {key for _ in range(K) for key in rng.sample(everyone, min(PUBLISHERS_MAX, len(everyone)))}
    assert min(holders, PUBLISHERS_MAX) <= len(seen) <= K * PUBLISHERS_MAX
    assert least <= sketch.estimate({}, seen, SALT) <= most


def test_counts_grow_over_a_week_as_holding_nodes_change() -> None:
    """Every publisher reads before it tells; what all read, all tell. A fifth of the holding nodes changes a turn."""
    rng = random.Random(4)
    everyone = [rng.randbytes(32) for _ in range(20_000)]
    samples = [rng.sample(everyone, PUBLISHERS_MAX) for _ in range(K)]
    agreed, week = sketch.EMPTY, []
    for _ in range(28):
        samples = [rng.sample(everyone, PUBLISHERS_MAX) if rng.random() < 0.2 else old for old in samples]
        seen = {key for sample in samples for key in sample}
        liars = {f"liar {n}": [b"\xff" * sketch.SKETCH_BYTES] for n in range(len(seen) // 3)}
        honest = {n: [agreed] for n in range(len(seen))}
        week.append(sketch.estimate({**honest, **liars}, seen, SALT))
        agreed = sketch.merge(agreed, sketch.of(seen, SALT))
    assert 400 < week[0] < 650
    assert 2_000 < week[-1] < 5_000  # a lower bound of 20,000: never more than there are
    assert all(later >= sooner * 0.999 for sooner, later in pairwise(week))


@pytest.mark.parametrize("holders", [100_000, 1_000_000])
def test_a_sketch_of_a_million_is_right_within_its_error(holders: int) -> None:
    wrong = []
    for trial in range(8):
        numbers = np.random.default_rng(trial).integers(0, 2**63, holders, dtype=np.uint64)
        place, rest = numbers % sketch.REGISTERS, numbers // sketch.REGISTERS
        rank = np.minimum(
            15, np.log2((rest & (~rest + np.uint64(1))).astype(np.float64)).astype(np.int64) + 1
        )
        registers = np.zeros(sketch.REGISTERS, dtype=np.int64)
        np.maximum.at(registers, place.astype(np.int64), rank)
        packed = bytes(int(registers[i]) << 4 | int(registers[i + 1]) for i in range(0, sketch.REGISTERS, 2))
        wrong.append(sketch.count(packed) / holders - 1)
    assert abs(sum(wrong) / len(wrong)) < 0.1 and max(map(abs, wrong)) < 0.3


def test_a_large_library_passes_by_and_its_rare_releases_stay_longer() -> None:
    """2,000 releases, a tenth of them rare: how much of the time each is told of."""
    rotation = Rotation(random.Random(1))
    topics = [Topic("release", f"{n:08d}-0000-4000-8000-000000000000") for n in range(2000)]
    rare = {topic for n, topic in enumerate(topics) if n % 10 == 0}
    in_force: dict[Topic, int] = dict.fromkeys(topics, 0)
    cursor, turns = 0, 60
    for turn in range(turns):
        while True:
            if rotation.wants_page:
                rotation.offer(topics[cursor : cursor + 500])
                cursor = (cursor + 500) % len(topics)
            step = rotation.step(turn * STAY)
            if step is None:
                break
            if step[0] is Act.PUBLISH:
                rotation.published(step[1], turn * STAY, 0 if step[1] in rare else RARE)
        for topic in rotation.in_force:
            in_force[topic] += 1
    share_rare = sum(in_force[topic] for topic in rare) / len(rare) / turns
    share_common = sum(in_force[topic] for topic in topics if topic not in rare) / 1800 / turns
    assert min(in_force.values()) >= 2
    assert share_common > 0.06 and share_rare > 2.5 * share_common
