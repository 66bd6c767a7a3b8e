"""What slskmesh is, can and knows of the mesh, as the documents' API has it.

Rules:
- `/api/slskdn/capabilities` is how programs tell us from plain slskd; it names what works as the engine stands now.
- Who holds a release is asked of the network, so it takes the read-write key, as a search does.
"""

from __future__ import annotations

from starlette.responses import Response

from slskmesh.engine.commands import Resolve
from slskmesh.engine.events import Resolved
from slskmesh.engine.job_views import MeshView
from slskmesh.engine.legacy_views import ModeView, StatisticsView
from slskmesh.engine.views import PeersView, SettingsView
from slskmesh.gateway import documents_about_shapes as shapes
from slskmesh.gateway.answers import GatewayError, answer
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.rights import Right, Routes
from slskmesh.mbid import is_mbid

routes = Routes("/api", "slskdn")
fairness_routes = Routes("/api/v0", "fairness")


@routes.get("/info", gives=shapes.Info)
async def info(gate: GateDep) -> Response:
    """Who this is, and whether it is logged in to Soulseek."""
    return answer(shapes.info(await gate.engine.view(ModeView)))


@routes.get("/slskdn/capabilities", gives=shapes.Capabilities)
async def capabilities(gate: GateDep) -> Response:
    """What works now, beyond plain slskd."""
    engine = gate.engine
    settings, mesh = await engine.view(SettingsView), await engine.view(MeshView)
    return answer(shapes.capabilities(settings, mesh, await engine.view(ModeView)))


@routes.get("/virtualsoulfind/disaster-mode/status", gives=shapes.DisasterStatus)
async def disaster_status(gate: GateDep) -> Response:
    """Whether all goes by the mesh alone, since when and why."""
    return answer(shapes.disaster_status(await gate.engine.view(ModeView)))


@routes.get(
    "/virtualsoulfind/shadow-index/{mbid}",
    gives=shapes.ShadowIndex,
    right=Right.WRITE,
    also={404: "Nothing can be found out about it; the answer says why"},
)
async def shadow_index(mbid: str, gate: GateDep) -> Response:
    """Which variants of a release's tracks peers hold. It takes as long as they take to answer."""
    identifier = mbid.strip().lower()
    if not is_mbid(identifier):
        raise GatewayError(400, "the MusicBrainz id of a release is a UUID")
    told = await gate.engine.asked(Resolve(identifier), Resolved)
    if told.plan is None:
        raise GatewayError(404, told.note or "nothing can be found out about this release")
    return answer(shapes.shadow_index(told.plan))


@fairness_routes.get("/fairness/summary", gives=shapes.Fairness)
async def fairness(gate: GateDep) -> Response:
    """What was given and taken, with peers and with Soulseek users. Nothing is throttled by it."""
    peers = await gate.engine.view(PeersView)
    statistics = gate.engine.latest(StatisticsView) or StatisticsView()
    return answer(shapes.fairness(peers.peers, statistics.all_time))
