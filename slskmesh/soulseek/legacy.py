"""aioslsk's client with this room's parts in place of its own, and settings that ask for nothing by themselves.

Rules:
- Settings come from this code only. UPnP, reconnecting, scanning, stored results and caches are off; UPnP is turned
  on by who connects, where he was asked to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aioslsk.client import SoulSeekClient
from aioslsk.events import on_message
from aioslsk.protocol.messages import PrivateChatMessage
from aioslsk.settings import CredentialsSettings, Settings
from aioslsk.user.manager import UserManager

from slskmesh.soulseek.connections import GuardedNetwork
from slskmesh.soulseek.fetching import RuledTransfers
from slskmesh.soulseek.port import Answers, Line, UploadRule
from slskmesh.soulseek.shares import OwnPeers, OwnSearches, OwnShares
from slskmesh.soulseek.values import TransferNews


class _Settings(Settings):  # type: ignore[misc]
    """aioslsk's settings from this code only; variables of the environment (DEBUG, USERS…) are not looked at."""

    @classmethod
    def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> tuple[Any, ...]:
        """The arguments, nothing else."""
        return (init_settings,)


def settings_for(line: Line) -> Settings:
    settings = _Settings(credentials=CredentialsSettings(username=line.username, password=line.password))
    settings.network.upnp.enabled = False
    settings.network.server.reconnect.auto = False
    settings.network.listening.obfuscated_port = 0
    settings.searches.send.store_results = False
    settings.searches.send.request_timeout = 600
    settings.searches.receive.store_amount = 0
    settings.shares.scan_on_start = False
    settings.rooms.auto_join = True
    settings.rooms.private_room_invites = False
    return settings


class OwnUsers(UserManager):  # type: ignore[misc]
    """What the server says of users."""

    @on_message(PrivateChatMessage.Response)  # type: ignore[untyped-decorator]
    async def _on_private_message(self, message: Any, connection: Any) -> None:
        """Private messages are acknowledged once they are on disk, which only the engine knows."""


class GuardedClient(SoulSeekClient):  # type: ignore[misc]
    """aioslsk with this room's parts in place of its own."""

    def __init__(
        self,
        settings: Settings,
        answers: Answers,
        rule: UploadRule,
        report: Callable[[TransferNews], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._answers, self._rule, self._report, self._failed = answers, rule, report, failed
        super().__init__(settings)

    def create_network(self) -> GuardedNetwork:
        """Sockets with bounds."""
        return GuardedNetwork(self.settings, self.events, None)

    def create_user_manager(self) -> OwnUsers:
        """Users, without acknowledging their messages."""
        return OwnUsers(self.settings, self.events, self.network)

    def create_shares_manager(self, cache: Any, executor_factory: Any = None) -> OwnShares:
        """Counts out of the engine's index."""
        shares = OwnShares(self.settings, self.events, self.network)
        shares.answers = self._answers
        return shares

    def create_transfer_manager(self, cache: Any) -> RuledTransfers:
        """Transfers by our rule."""
        transfers = RuledTransfers(self.settings, self.events, self.users, self.shares, self.network)
        transfers.answers, transfers.rule = self._answers, self._rule
        transfers.report, transfers.failed = self._report, self._failed
        return transfers

    def create_search_manager(self) -> OwnSearches:
        """Answers out of the engine's index."""
        searches = OwnSearches(self.settings, self.events, self.shares, self.transfers, self.network)
        searches.answers = self._answers
        return searches

    def create_peer_manager(self) -> OwnPeers:
        """Shares out of the engine's index."""
        peers = OwnPeers(self.settings, self.events, self.users, self.shares, self.transfers, self.network)
        peers.answers = self._answers
        return peers

    async def start(self, connect: bool = False) -> None:
        """Starts its parts; connecting is a step of its own. The loop's faults stay with the thread that owns it."""
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        await super().start(connect=connect)
        loop.set_exception_handler(handler)
