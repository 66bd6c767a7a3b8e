"""What routes have at hand: the engine as a front end sees it, and what the gateway itself remembers."""

from __future__ import annotations

from typing import Annotated

import trio
from fastapi import Depends
from starlette.requests import Request

from slskmesh.engine.visitor import Visitor
from slskmesh.gateway.guesses import Guesses
from slskmesh.gateway.keys import Keys
from slskmesh.gateway.own_streams import Streams
from slskmesh.gateway.searches import Searches
from slskmesh.gateway.transfers import Transfers
from slskmesh.setting_sections import GatewaySettings


class Gate:
    """One gateway, given to each route as `GateDep`. `nursery` lives as long as it does."""

    def __init__(self, engine: Visitor, settings: GatewaySettings, keys: Keys, nursery: trio.Nursery) -> None:
        self.engine = engine
        self.nursery = nursery
        self.settings = settings
        self.keys = keys
        self.guesses = Guesses(keys)
        self.searches = Searches(engine, nursery)
        self.transfers = Transfers(engine)
        self.streams = Streams()


async def _gate(request: Request) -> Gate:
    """Async, or FastAPI would start a thread for each request to call it."""
    gate = request.app.state.gate
    assert isinstance(gate, Gate)
    return gate


GateDep = Annotated[Gate, Depends(_gate)]
