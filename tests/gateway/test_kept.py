"""A key runs no programs, reads and writes no files outside, and opens the gateway to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine.commands import SetSetting
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.app import rights
from slskmesh.gateway.kept import COMMANDS, SETTINGS, check_kept
from slskmesh.settings import load_settings
from tests.gateway.ground import ground

WAYS = (("PUT", "/api/slskmesh/settings/{key}"), ("POST", "/api/slskmesh/commands/SetSetting"))


def test_what_is_kept_is_not_served(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        for key in sorted(SETTINGS):
            for method, path in WAYS:
                body = {"key": key, "value": "[]"} if method == "POST" else {"value": "[]"}
                told = me.ok(method, path.replace("{key}", key), 403, json=body)
                assert "is not set by HTTP" in told["error"], (method, key)
        for command in COMMANDS:
            me.ok("POST", f"/api/slskmesh/commands/{command}", 404, json={"path": str(tmp_path / "x")})
        assert not (tmp_path / "x").exists()
        me.ok("PUT", "/api/slskmesh/settings/overlay.name", json={"value": "other"})
    settings = load_settings(me.home.root)
    assert settings.soulseek.hooks == () and settings.gateway.hosts == () and settings.overlay.name == "other"


def test_the_kept_are_real() -> None:
    settings = load_settings(Path("/nowhere"), {})
    for key in SETTINGS:
        section, _, field = key.partition(".")
        assert hasattr(getattr(settings, section), field), key
    assert not [path for _, path in rights() if path.rpartition("/")[2] in COMMANDS]
    for key in ("Soulseek.Hooks", " soulseek.hooks "):
        with pytest.raises(GatewayError):
            check_kept(SetSetting(key, "[]"))
