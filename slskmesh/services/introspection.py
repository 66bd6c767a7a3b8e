"""The service "introspection": what this peer can do, in answer to who asks it.

Rules:
- Computed from what is there when the question comes, never from a list kept beside it.
- Nothing personal: no names, counts of files or addresses; the time it is up is rounded down to hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from slskmesh.fabric.port import Caller, Method, Service
from slskmesh.wire import limits
from slskmesh.wire.limits import PROTOCOL_VERSION
from slskmesh.wire.messages import U16, U32

SERVICE: Final = "introspection"
SERVICES_MAX: Final = 64
METHODS_MAX: Final = 64
_HOUR: Final = 3600

Feature = Annotated[str, Meta(max_length=limits.FEATURE_MAX)]
MethodName = Annotated[str, Meta(max_length=limits.METHOD_NAME_MAX)]


class AskCapabilities(msgspec.Struct, frozen=True, array_like=True):
    """GetCapabilities."""


class ServiceInfo(msgspec.Struct, frozen=True, array_like=True):
    """One service that peers may call."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.SERVICE_NAME_MAX)]
    version: U16
    methods: Annotated[tuple[MethodName, ...], Meta(max_length=METHODS_MAX)]


class Capabilities(msgspec.Struct, frozen=True, array_like=True):
    """`agent` is a program's name and version, `protocol` the overlay's, `uptime` whole hours in seconds."""

    agent: Annotated[str, Meta(max_length=limits.AGENT_MAX)]
    protocol: U16
    services: Annotated[tuple[ServiceInfo, ...], Meta(max_length=SERVICES_MAX)]
    features: Annotated[tuple[Feature, ...], Meta(max_length=limits.FEATURES_MAX)]
    uptime: U32


class Introspection:
    """Answers GetCapabilities. `exposed` and `features` are asked at each call."""

    name: ClassVar[str] = SERVICE
    version: ClassVar[int] = 1

    def __init__(
        self,
        exposed: Callable[[], Sequence[Service]],
        features: Callable[[], Sequence[str]],
        agent: str,
        clock: Callable[[], float],
    ) -> None:
        self._exposed = exposed
        self._features = features
        self._agent = agent
        self._clock = clock
        self._since = clock()

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        """By name."""
        return {"GetCapabilities": Method(AskCapabilities, Capabilities, handler=self.capabilities)}

    async def capabilities(self, caller: Caller, request: AskCapabilities) -> Capabilities:
        """What is exposed and switched on now."""
        services = [
            ServiceInfo(service.name, service.version, tuple(sorted(service.methods()))[:METHODS_MAX])
            for service in self._exposed()[:SERVICES_MAX]
        ]
        features = tuple(sorted(self._features()))[: limits.FEATURES_MAX]
        up = int(self._clock() - self._since) // _HOUR * _HOUR
        return Capabilities(self._agent[: limits.AGENT_MAX], PROTOCOL_VERSION, tuple(services), features, up)
