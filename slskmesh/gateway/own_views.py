"""Every view of the façade as it stands: one operation for each that the engine shows to all.

Rules: the answer is the view, bytes in base 64. Views that are watched are shown once by commands (ShowMap, ShowJob,
ShowLegacy, ShowChat); those that are rows are part of others. A test sees that no view is missing.
"""

from __future__ import annotations

from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.job_views import JobsView, MeshView
from slskmesh.engine.legacy_views import (
    ChatsView,
    LegacyDownloadsView,
    LegacyUploadsView,
    ModeView,
    PeopleView,
    StatisticsView,
    WishesView,
)
from slskmesh.engine.order_commands import OrdersView, WatchOrders
from slskmesh.engine.views import (
    DoorView,
    LibraryView,
    PeersView,
    SettingsView,
    StatusView,
    TransfersView,
    UploadsView,
    View,
)
from slskmesh.gateway.answers import JSON, GatewayError
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.own_streams import written
from slskmesh.gateway.rights import Routes

routes = Routes("/api/slskmesh/views", "views")
VIEWS: Final[tuple[type[View], ...]] = (
    ChatsView,
    DoorView,
    JobsView,
    LegacyDownloadsView,
    LegacyUploadsView,
    LibraryView,
    MeshView,
    ModeView,
    OrdersView,
    PeersView,
    PeopleView,
    SettingsView,
    StatisticsView,
    StatusView,
    TransfersView,
    UploadsView,
    WishesView,
)
_WAIT: Final = 5.0  # seconds for the first one of an engine that begins


async def shown(gate: Gate, kind: type[View]) -> Response:
    """A view as JSON. GatewayError 503: the engine did not show it yet."""
    if kind is OrdersView:
        await gate.engine.ask(WatchOrders())
    with trio.move_on_after(_WAIT):
        return Response(written(await gate.engine.view(kind)), media_type=JSON)
    raise GatewayError(503, "the engine did not show this yet", 1)


def _add(kind: type[View]) -> None:
    async def handler(request: Request, gate: GateDep) -> Response:
        return await shown(gate, kind)

    handler.__name__ = kind.__name__
    handler.__doc__ = kind.__doc__
    routes.get(f"/{kind.__name__}", gives=kind)(handler)


for _kind in VIEWS:
    _add(_kind)
