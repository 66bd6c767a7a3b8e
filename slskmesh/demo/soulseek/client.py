"""aioslsk's own client, kept on this machine: what a legacy user of the demo runs, with nothing of ours around it.

Rules:
- It listens on 127.0.0.1 only, on any free port, without UPnP, and looks for no distributed parent.
- It dials a user directly and asks to be dialled only where that fails: aioslsk's default, both at once, sometimes
  loses the message it dialled for where both arrive within a millisecond, as on one machine.
- Where the server goes before it tells an address nobody is waited for: aioslsk would wait for ever, its slot taken.
- The name of a share is made from the user and the folder, never from the machine's hardware address.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final

from aioslsk.client import SoulSeekClient
from aioslsk.exceptions import PeerConnectionError
from aioslsk.network.connection import ConnectionState, ListeningConnection, PeerConnection
from aioslsk.network.network import Network, PeerConnectMode
from aioslsk.settings import (
    CredentialsSettings,
    DebugSettings,
    ListeningSettings,
    NetworkLimitSettings,
    NetworkSettings,
    PeerSettings,
    ServerSettings,
    Settings,
    SharedDirectorySettingEntry,
    SharesSettings,
    TransferLimitSettings,
    TransfersSettings,
    UpnpSettings,
)
from aioslsk.shares.manager import SharesManager

HOST: Final = "127.0.0.1"
ADDRESS_SECONDS: Final = 5.0


class GivenSettings(Settings):  # type: ignore[misc]
    """Settings as given, and nothing else: aioslsk's read environment variables with names such as USERS and DEBUG."""

    @classmethod
    def settings_customise_sources(cls, _of: Any, init_settings: Any, **_others: Any) -> tuple[Any, ...]:
        """Only what the constructor was given."""
        return (init_settings,)


def settings(
    server: str,
    name: str,
    password: str,
    *,
    share: Path | None = None,
    downloads: Path | None = None,
    upload_kib: int = 0,
    slots: int = 2,
) -> GivenSettings:
    """Settings of one user. `server` is "host:port", `upload_kib` KiB/s of all uploads together (0: no limit)."""
    folder = {"download": str(downloads)} if downloads is not None else {}
    host, _, port = server.rpartition(":")
    shared = [SharedDirectorySettingEntry(path=str(share))] if share is not None else []
    return GivenSettings(
        credentials=CredentialsSettings(username=name, password=password),
        network=NetworkSettings(
            server=ServerSettings(hostname=host, port=int(port)),
            listening=ListeningSettings(port=0, obfuscated_port=0),
            peer=PeerSettings(connect_mode=PeerConnectMode.FALLBACK),
            upnp=UpnpSettings(enabled=False),
            limits=NetworkLimitSettings(upload_speed_kbps=upload_kib),
        ),
        transfers=TransfersSettings(limits=TransferLimitSettings(upload_slots=slots)),
        shares=SharesSettings(scan_on_start=False, directories=shared, **folder),
        debug=DebugSettings(search_for_parent=False),
    )


class LoopbackNetwork(Network):  # type: ignore[misc]
    """Listens on this machine only."""

    def create_listening_connections(self) -> tuple[ListeningConnection, None]:
        """One, on any free port."""
        return ListeningConnection(HOST, 0, self), None

    async def connect_listening_ports(self) -> None:
        """Listens, and knows the port."""
        await super().connect_listening_ports()
        line = self.listening_connections[0]
        line.port = line._server.sockets[0].getsockname()[1]

    async def _get_peer_address(self, username: str) -> tuple[str, int, int]:
        try:
            async with asyncio.timeout(ADDRESS_SECONDS):
                address: tuple[str, int, int] = await super()._get_peer_address(username)
                return address
        except TimeoutError:
            raise PeerConnectionError("the server did not tell the address") from None

    async def _make_indirect_connection(self, ticket: int, username: str, typ: str) -> PeerConnection:
        if self.server_connection.state is not ConnectionState.CONNECTED:
            raise PeerConnectionError("not on the server")
        return await super()._make_indirect_connection(ticket, username, typ)


class NamedShares(SharesManager):  # type: ignore[misc]
    """Shares whose names are the same on every machine."""

    def generate_alias(self, path: str, offset: int = 0) -> str:
        """Five letters of the user's name and the folder's."""
        name = f"{self._settings.credentials.username}/{Path(path).name}/{offset}"
        return "".join(chr(97 + byte % 26) for byte in hashlib.sha256(name.encode()).digest()[:5])


class LegacyClient(SoulSeekClient):  # type: ignore[misc]
    """The client with these two in place."""

    def set_slots(self, slots: int) -> None:
        """Uploads at once from now on; those under way go on. At 0 everybody waits."""
        self.settings.transfers.limits.upload_slots = slots
        self.transfers.manage_transfers()

    def create_network(self) -> LoopbackNetwork:
        """As aioslsk's."""
        return LoopbackNetwork(self.settings, self.events)

    def create_shares_manager(self, cache: Any, executor_factory: Any = None) -> NamedShares:
        """As aioslsk's."""
        return NamedShares(
            self.settings, self.events, self.network, cache=cache, executor_factory=executor_factory
        )
