"""Rescue between the real list of legacy downloads and the real swarm; only the networks are in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.acquire import rescue as module
from slskmesh.acquire.lagging import Rules
from slskmesh.acquire.rescue import Candidate, Rescue
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.values import RemoteFile, TransferPhase
from slskmesh.store.database import open_store
from slskmesh.work import Budget
from tests.soulseek.legacy_double import Network
from tests.swarm.memory import link, manifest_of
from tests.swarm.test_downloads import SIZE, nodes, some_bytes

CHUNK = 32 << 10
DATA = some_bytes()
OTHER = DATA[: 2 * CHUNK] + bytes(SIZE - 2 * CHUNK)
PATH = "Music\\Album\\01 song.flac"
QUICK = Rules(over=0.2, silent=0.3, queued=0.3)


class OneCandidate:
    """Peers have DATA."""

    async def find(self, sent: object, budget: Budget) -> list[Candidate]:
        await trio.lowlevel.checkpoint()
        return [Candidate(manifest_of(DATA).content_id(), SIZE, False, "peers have it")]


@pytest.mark.parametrize("sends", [DATA, OTHER], ids=["same", "other"])
async def test_both_lists_agree_on_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sends: bytes
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr("slskmesh.acquire.lagging.STEADY", 0.1)
    network = Network(data={("ben", PATH): sends})
    said: list[str] = []
    async with open_store(tmp_path / "a.db") as store, nodes(tmp_path, 2) as (nursery, [leecher, helper]):
        helper.shelf.put(helper.root / "f", DATA)
        link(nursery, leecher, helper)
        legacy = LegacyDownloads(store, network, leecher.downloads_root)  # type: ignore[arg-type]
        network.hear = legacy.heard
        await nursery.start(legacy.run)
        rescue = Rescue(
            store,
            legacy,
            leecher.downloads,
            OneCandidate(),
            lambda: QUICK,
            say=lambda key, text: said.append(text),
        )
        await nursery.start(rescue.run)
        key = await legacy.add("ben", RemoteFile(PATH, SIZE), "Album", name="1-01 Song")
        await leecher.until(lambda: network.transfers)
        network.send("ben", PATH, 10 * CHUNK + 9)
        if sends is OTHER:
            await leecher.until(lambda: rescue.counts.refused)
            assert any("peers have another file" in text for text in said)
            await leecher.until(lambda: network.transfers)
            network.send("ben", PATH)  # it goes on as if nothing had been
        await leecher.until(lambda: (view := legacy.state(key)) and view.phase is TransferPhase.DONE)
        view = legacy.state(key)
        assert view is not None
        assert await trio.Path(view.local).read_bytes() == sends
        assert [path.name for path in await trio.Path(leecher.downloads_root / "Album").iterdir()] == [
            "1-01 Song.flac"
        ]
        await leecher.until(lambda: rescue.rescues() == frozenset())
        assert (rescue.counts.rescued, sum(leecher.got.values())) == (
            (1, SIZE - 10 * CHUNK) if sends is DATA else (0, 0)
        )
        left = list(await trio.Path(leecher.downloads_root / ".incomplete").iterdir())
        assert left == []
