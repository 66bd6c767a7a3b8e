"""Requests made from the OpenAPI description, against a running engine: no fault of ours, nothing it does not tell of.

Each route gets the same few examples each time, of what its description allows and of what it does not. Left out are:
- streams of events do not end: their own tests read them;
- what would end the engine or send it elsewhere (`LEFT_OUT`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from slskmesh.gateway.app import ALL, build_app
from slskmesh.gateway.keys import Role, read_key
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.gateway.ground import Ground, ground

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
_OWN: Final = "/api/slskmesh"
LEFT_OUT: Final[dict[tuple[str, str], str]] = {
    ("POST", f"{_OWN}/commands/SetSetting"): "points to other folders and machines",
    ("PUT", f"{_OWN}/settings/{{key}}"): "the same",
    ("POST", f"{_OWN}/commands/SetAccount"): "logs out",
    ("POST", f"{_OWN}/commands/SetMode"): "logs out",
    ("POST", f"{_OWN}/commands/Connect"): "dials other machines",
    ("POST", f"{_OWN}/peers"): "the same",
    ("GET", f"{_OWN}/views/ModeView"): "has pairs, which schemathesis cannot read; see test_own.py",
}
EXAMPLES: Final = {schemathesis.GenerationMode.POSITIVE: 3, schemathesis.GenerationMode.NEGATIVE: 2}
WAIT: Final = 60

TOLD: dict[str, Any] = build_app(ALL).openapi()


def digestible(told: Any) -> Any:
    """The description without lists of fixed length, of which schemathesis 4.32 makes a schema that it refuses then."""
    if isinstance(told, list):
        return [digestible(one) for one in told]
    if not isinstance(told, dict):
        return told
    if "prefixItems" in told:
        told = {**told, "items": {"anyOf": told["prefixItems"]}}
        del told["prefixItems"]
    return {key: digestible(inner) for key, inner in told.items()}


SCHEMA = schemathesis.openapi.from_dict(digestible(TOLD))


def routes() -> list[tuple[str, str]]:
    found = []
    for path, item in TOLD["paths"].items():
        for method, operation in item.items():
            streams = any(
                "text/event-stream" in told.get("content", {}) for told in operation["responses"].values()
            )
            if not streams and (method.upper(), path) not in LEFT_OUT:
                found.append((method.upper(), path))
    return found


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """An engine with an account, a shared file and somebody else online, so that more is served than refusals."""
    root = tmp_path_factory.mktemp("schemathesis")
    share = root / "share"
    share.mkdir()
    (share / "song.mp3").write_bytes(b"not really music" * 1000)
    nowhere = {"musicbrainz": {"host": "127.0.0.1:9"}}  # nothing leaves this machine
    with ServerProcess(root) as server:
        ann = LegacyUser(root, server.address, "ann", "--share", str(share), "--join", "harbour")
        with ann, ground(root, share, server=server.address, settings=nowhere) as one:
            ann.online()
            yield one


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the engine beside us does
@pytest.mark.parametrize("mode", EXAMPLES)
@pytest.mark.parametrize(("method", "path"), routes())
def test_a_route_keeps_to_its_description(
    me: Ground, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    operation = SCHEMA[path][method]
    key = read_key(me.home, Role.WRITE)

    @seed(1)
    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case) -> None:
        answer = case.call(base_url=me.base, headers={"X-API-Key": key}, timeout=WAIT)
        case.validate_response(answer, checks=CHECKS)

    with contextlib.suppress(
        Unsatisfiable
    ):  # every request to this route is allowed: there is none to refuse
        run()
