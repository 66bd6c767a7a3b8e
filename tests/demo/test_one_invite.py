"""What the demo hands to the downloading side: the porch's invite and the album's name, nothing of the seeders. And
with that alone its job is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slskmesh.demo import headless
from slskmesh.demo.child import Child
from slskmesh.demo.network import Network


class Handed:
    """Everything that reached the leecher from the demo, and the network it is of."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.network: Network | None = None
        self.invites: set[str] = set()
        self.porch = ""
        self.addresses: set[str] = set()

    def know(self, network: Network) -> None:
        """Notes where the seeders are now."""
        self.network, self.porch = network, network.porch.invite
        for peer in network.peers:
            self.invites.add(peer.invite)
            self.addresses |= {peer.overlay, peer.dht}


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    found = Handed()
    spawn, tell, build = Network.spawn, Child.tell, Network.build

    def built(network: Network) -> None:
        build(network)
        found.know(network)

    def spawned(network: Network, name: str, args: Sequence[str]) -> Child:
        if name == "leecher":
            config = (network.root / "user" / "config.toml").read_text()
            left = [path.name for path in (network.root / "user").iterdir()]
            found.texts += [*args, config, *left]
        return spawn(network, name, args)

    def told(child: Child, what: dict[str, Any]) -> None:
        if child.name == "leecher":
            found.texts += [f"{key} {value}" for key, value in what.items()]
        tell(child, what)

    monkeypatch.setattr(Network, "build", built)
    monkeypatch.setattr(Network, "spawn", spawned)
    monkeypatch.setattr(Child, "tell", told)
    return found


def test_the_seeders_invites_are_never_given_to_the_leecher(
    handed: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    summary = headless.run_headless(peers=4, size_mb=3, seed=5, kill_leecher=False, say=lambda text: None)
    assert summary.ok, summary
    assert summary.job_state == "done" and summary.holders_found >= 2
    given = "\n".join(handed.texts)
    assert len(handed.invites) == 4 and all(handed.invites)
    for invite in handed.invites:
        assert invite not in given
    for address in handed.addresses:
        assert address not in given
    assert [text for text in handed.texts if "slskmesh:" in text] == [f"connect {handed.porch}"]
    assert list(tmp_path.iterdir()) == []
