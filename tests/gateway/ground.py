"""A gateway to stand tests on: a whole engine in this process that serves HTTP, with its console beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from slskmesh.engine.engine import Engine
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import DoorView
from slskmesh.gateway.door import GatewayDoor
from slskmesh.gateway.keys import Role, read_key
from slskmesh.paths import Home
from tests.engine.nodes import Settings, furnish
from tests.engine.test_legacy_plane import QUICK, LegacyNode, account

WAIT = 60.0


class Ground(LegacyNode):
    """One engine with its gateway. `http` holds the read-write key, `reader` the other, `stranger` none."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._client = EngineThread(
            home, lambda home, box: Engine(home, box, env={}, mode_times=QUICK, doors=(GatewayDoor(),))
        )
        self.home = Home(home)
        self.base = ""
        self.http: httpx.Client
        self.reader: httpx.Client
        self.stranger: httpx.Client

    def open(self) -> None:
        """Waits for the gateway."""
        door = self.wait_view(DoorView, lambda view: bool(view.gateway or view.trouble), WAIT, "the gateway")
        assert door.gateway, door.trouble
        self.base = door.gateway
        self.http = self._line({"X-API-Key": read_key(self.home, Role.WRITE)})
        self.reader = self._line({"X-API-Key": read_key(self.home, Role.READ)})
        self.stranger = self._line({})

    def _line(self, headers: dict[str, str]) -> httpx.Client:
        return httpx.Client(base_url=self.base, headers=headers, timeout=WAIT, trust_env=False)

    def close(self) -> None:
        """Ends engine and lines."""
        for line in (self.http, self.reader, self.stranger):
            line.close()
        self.stop()

    def ok(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        """The JSON of an answer with the read-write key; AssertionError for another status."""
        answer = self.http.request(method, path, **how)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None


@contextlib.contextmanager
def ground(
    root: Path, *shares: Path, server: str = "", name: str = "me", settings: Settings | None = None
) -> Iterator[Ground]:
    """An engine named `name` below `root` with a gateway; `server`: of Soulseek, where it logs in as `name`."""
    more: dict[str, dict[str, object]] = {
        "gateway": {"enabled": True, "listen": "127.0.0.1:0"},
        "dht": {"lan": False},  # tests that run beside this one are nobody's neighbours
    }
    for source in (account(server, name) if server else {"mesh": {"enabled": False}}, settings or {}):
        for section, fields in source.items():
            more.setdefault(section, {}).update(fields)
    home = furnish(root, name, *shares, settings=more)
    if server:
        (home / "soulseek.password").write_text("secret\n")
    one = Ground(home)
    one.start()
    try:
        one.open()
    except BaseException:
        one.stop()
        raise
    try:
        yield one
    finally:
        one.close()
