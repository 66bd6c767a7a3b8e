"""The desk for the Soulseek account and the mode of the networks. Rules as in `engine/desk.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as legacy
from slskmesh.engine.account import check_password, password_path, write_password
from slskmesh.errors import UserError
from slskmesh.settings import set_value
from slskmesh.soulseek.speech import user_name

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

# What each mode is in the settings.
MODES: Final = {
    "hybrid": {"mesh.enabled": "true", "mesh.disaster_mode.force": "false"},
    "mesh-only": {"mesh.enabled": "true", "mesh.disaster_mode.force": "true"},
    "legacy-only": {"mesh.enabled": "false", "mesh.disaster_mode.force": "false"},
}

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class ModeDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            legacy.SetAccount: self._set_account,
            legacy.RetryServer: self._retry,
            legacy.RetakeName: self._retake,
            legacy.SetMode: self._set_mode,
        }

    async def _set_account(self, request: int, command: legacy.SetAccount) -> str:
        engine = self._engine
        name = command.username.strip()
        if name:
            user_name(name)
            check_password(command.password)
            path = password_path(engine.settings.soulseek, engine.home.root)
            await trio.to_thread.run_sync(write_password, path, command.password)
        await self._set({"soulseek.username": name})
        if not name:
            return "no Soulseek account any more; everything else goes on"
        return f"account {name} set; its password is kept in a file of its own"

    async def _retry(self, request: int, command: legacy.RetryServer) -> str:
        plane = self._engine.legacy
        if not plane.failover.effects.connect or not plane.account.name:
            raise UserError(f"not tried: {plane.why_not()}")
        wait = plane.supervisor.retry_now()
        if wait is None:
            standing = plane.supervisor.standing
            raise UserError(f"nothing to try: {standing.what}")
        return "trying now" if wait < 1 else f"trying in {wait:.0f} s; sooner would make a ban longer"

    async def _retake(self, request: int, command: legacy.RetakeName) -> str:
        if not self._engine.legacy.supervisor.retake():
            raise UserError("no other login has the name")
        return "taking the name back"

    async def _set_mode(self, request: int, command: legacy.SetMode) -> str:
        if command.mode not in MODES:
            raise UserError(f"{command.mode}: a mode is {', '.join(MODES)}")
        await self._set(MODES[command.mode])
        return f"mode {command.mode} is chosen"

    async def _set(self, values: dict[str, str]) -> None:
        """Writes settings and puts them into force."""
        engine = self._engine
        for key, value in values.items():
            engine.settings = await trio.to_thread.run_sync(
                set_value, engine.home.root, key, value, engine.env
            )
        await engine.desk.publish_settings()
        if engine.settings.configured:
            await engine.plane.apply()
        await engine.legacy.apply()
