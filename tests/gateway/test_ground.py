"""The gateway of a running engine answers whoever has the key, and nobody else."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.ground import ground


def test_the_key_opens_the_gateway(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        path = "/api/slskmesh/openapi.json"
        assert me.ok("GET", path)["info"]["title"] == "slskmesh"
        assert me.ok("GET", path + "/") == me.ok("GET", path)
        assert me.reader.get(path).status_code == 200
        assert me.stranger.get(path).status_code == 401
        assert me.stranger.get(path, headers={"X-API-Key": "wrong key, wrong key"}).status_code == 401
        assert me.http.get(path, headers={"Host": "evil.example"}).status_code == 403
        assert me.http.get(path, headers={"Origin": "http://evil.example"}).status_code == 403
