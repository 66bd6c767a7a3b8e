"""The engine of a running instance: with every door through which other programs reach it.

Called on the engine's thread, where what it needs is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine
    from slskmesh.engine.mailbox import Mailbox
    from slskmesh.paths import Home


def engine_with_doors(home: Home, mailbox: Mailbox) -> Engine:
    """An engine that others can reach, not started yet."""
    from slskmesh.engine.attach_door import AttachDoor
    from slskmesh.engine.engine import Engine
    from slskmesh.gateway.door import GatewayDoor

    return Engine(home, mailbox, doors=(AttachDoor(), GatewayDoor()))
