"""Who plays which part in the demo, and who holds which file."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.headless import intact
from slskmesh.demo.network import FEWEST_PEERS, MOST_PEERS, cast, holders


@given(st.integers(FEWEST_PEERS, MOST_PEERS), st.integers(1, 100_000_000))
def test_each_part_is_cast_once(peers: int, rate: int) -> None:
    roles = cast(peers, rate)
    assert len(roles) == peers == len({role.name for role in roles})
    assert sum(role.mortal for role in roles) == 1
    assert [role.name for role in roles if role.faults.lie_every] == ["magpie"]
    assert [role.name for role in roles if role.faults.rate] == ["tortoise"]
    assert [role.name for role in roles if not role.reliable] == ["magpie"]


@given(st.integers(FEWEST_PEERS, MOST_PEERS), st.integers(1, 40))
def test_every_file_has_two_true_sources_and_the_mix_has_all(peers: int, files: int) -> None:
    roles = cast(peers, 1_000_000)
    reliable = {role.name for role in roles if role.reliable}
    shared = holders(roles, files)
    assert len(shared) == files
    assert shared[0] == {role.name for role in roles}
    assert all(len(names & reliable) >= 2 for names in shared)


def test_intact_counts_whole_true_chunks_only(tmp_path: Path) -> None:
    originals = []
    for name in ("a", "b"):
        originals.append(tmp_path / name)
        originals[-1].write_bytes(os.urandom(100_000))
    downloads = tmp_path / "downloads" / ".incomplete"
    downloads.mkdir(parents=True)
    assert intact(tmp_path / "downloads", originals) == 0
    data = bytearray(originals[1].read_bytes())
    data[20_000] ^= 1  # the second of its 16 KiB chunks
    (downloads / "x.part").write_bytes(data[:70_000])  # and four whole ones, of which three are true
    assert intact(tmp_path / "downloads", originals) == 3 * 16384
    (downloads / "y").write_bytes(originals[0].read_bytes())
    assert intact(tmp_path / "downloads", originals) == 3 * 16384 + 100_000
