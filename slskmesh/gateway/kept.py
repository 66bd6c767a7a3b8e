"""What a key does not do: it is left to who sits at this machine, at the terminal or with config.toml in an editor.

Rules: a program with the read-write key works for its owner inside the folders he chose. It runs no other programs,
writes and reads no files by a path of its own, and opens the gateway to nobody.
"""

from __future__ import annotations

from typing import Final

from slskmesh.engine.commands import Command, SetSetting
from slskmesh.gateway.answers import GatewayError

COMMANDS: Final = {
    "ExportPeople": "it writes a file wherever it is told: `slskmesh users export`",
    "FinishSetup": "it chooses what of this machine is shared: the first start of `slskmesh` asks for that",
    "ImportPeople": "it reads any file it is told: `slskmesh users import`",
}
SETTINGS: Final = frozenset(
    {
        "library.shares",  # what of this machine others may fetch
        "library.follow_links",
        "library.downloads",
        "soulseek.hooks",  # runs programs
        "soulseek.password_file",
        "gateway.listen",
        "gateway.hosts",
        "gateway.origins",
        "gateway.services",
    }
)


def check_kept(command: Command) -> None:
    """GatewayError 403: this is not for programs."""
    if isinstance(command, SetSetting) and command.key.strip().lower() in SETTINGS:
        raise GatewayError(
            403, f"{command.key} is not set by HTTP: set it in the terminal app or in config.toml"
        )
