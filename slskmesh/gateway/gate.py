"""What routes have at hand: the engine as a front end sees it, and what the gateway itself remembers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from slskmesh.engine.visitor import Visitor
from slskmesh.gateway.keys import Keys
from slskmesh.setting_sections import GatewaySettings


class Gate:
    """One gateway. Made by `door`, given to each route as `GateDep`."""

    def __init__(self, engine: Visitor, settings: GatewaySettings, keys: Keys) -> None:
        self.engine = engine
        self.settings = settings
        self.keys = keys


def _gate(request: Request) -> Gate:
    gate = request.app.state.gate
    assert isinstance(gate, Gate)
    return gate


GateDep = Annotated[Gate, Depends(_gate)]
