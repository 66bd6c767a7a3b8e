"""/mesh/http against a real peer: two whole engines, one of them with a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest

from slskmesh import __version__
from slskmesh.engine import commands as cmd
from slskmesh.engine.service_commands import ServiceEnded
from slskmesh.engine.service_desk import SECONDS_MAX
from slskmesh.engine.views import PeerState, PeersView, StatusView
from slskmesh.fabric.status import Status
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.mesh_http import TIMEOUT_MAX, check_ended
from slskmesh.text import SafeStr
from tests.engine.nodes import Node, furnish, running
from tests.gateway.ground import WAIT, Ground, ground

RELEASE = "11111111-2222-3333-4444-555555555555"


class Pair(NamedTuple):
    """An engine with a gateway, and the peer it is connected to."""

    me: Ground
    peer: Node
    name: str


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    root = tmp_path_factory.mktemp("mesh")
    share = root / "share"
    share.mkdir()
    (share / "harbour lights.txt").write_bytes(b"what is said of lights " * 50)
    home = furnish(root, "peer", share, settings={"mesh": {"enabled": False}})
    services = ["introspection", "shadow-index", "nobody-has-this"]
    with running([home]) as [peer], ground(root, settings={"gateway": {"services": services}}) as me:
        peer.listening(WAIT)
        me.ask(cmd.Connect(peer.ask(cmd.MakeInvite()).value))
        status = peer.latest(StatusView)
        assert status is not None
        yield Pair(me, peer, status.peer_id)


def test_a_peer_tells_what_it_can_do(pair: Pair) -> None:
    answer = pair.me.http.post("/mesh/http/introspection/GetCapabilities")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["agent"] == f"slskmesh/{__version__}"
    assert "shadow-index" in [one["name"] for one in told["services"]]


def test_a_method_that_takes_nothing_is_called_by_get_too(pair: Pair) -> None:
    path = "/mesh/http/introspection/GetCapabilities"
    assert pair.me.ok("GET", path, params={"peer": pair.name}) == pair.me.ok("POST", path, json={})


def test_bytes_go_in_and_out_as_hexadecimal_digits(pair: Pair) -> None:
    path = "/mesh/http/shadow-index/FingerprintBundle"
    told = pair.me.ok("POST", path, json={"recording": RELEASE}, params={"peer": pair.name})
    assert told == {"recording": RELEASE.replace("-", ""), "variants": []}


def test_the_library_of_a_peer_is_counted_in_round_numbers(pair: Pair) -> None:
    told = pair.me.ok("POST", "/mesh/http/shadow-index/GetLibraryStats")
    assert told.keys() == {"files", "size", "releases", "recordings"}
    assert told["releases"] == 0


def test_an_answer_of_parts_comes_as_lines(pair: Pair) -> None:
    answer = pair.me.http.post("/mesh/http/shadow-index/SwarmDescriptor", json={"release": RELEASE})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert [line["release"] for line in lines] == [RELEASE.replace("-", "")]


def test_services_are_told_with_their_methods(pair: Pair) -> None:
    told = pair.me.ok("GET", "/mesh/http/services")["services"]
    assert [one["name"] for one in told] == ["introspection", "shadow-index"]
    methods = {method["name"]: method for one in told for method in one["methods"]}
    assert methods["QueryByMbid"]["takes"] == ["kind", "mbid"]
    assert methods["SwarmDescriptor"]["stream"] is True


@pytest.mark.parametrize(
    ("path", "how", "status", "words"),
    [
        ("secret/GetCapabilities", {}, 403, "gateway.services"),
        ("nobody-has-this/GetCapabilities", {}, 404, "known here"),
        ("introspection/GetNothing", {}, 404, "known here"),
        ("introspection/GetCapabilities", {"json": {"x": 1}}, 400, "no field"),
        ("introspection/GetCapabilities", {"json": [1]}, 400, "object"),
        ("introspection/GetCapabilities", {"content": b"{"}, 400, "not what"),
        ("shadow-index/SwarmDescriptor", {}, 400, "release is missing"),
        ("shadow-index/SwarmDescriptor", {"json": {"release": "xyz"}}, 400, "hexadecimal"),
        ("shadow-index/SwarmDescriptor", {"json": {"release": "00"}}, 400, "16"),
        ("shadow-index/QueryByMbid", {"json": {"kind": "song", "mbid": RELEASE}}, 400, "kind"),
        ("introspection/GetCapabilities", {"params": {"peer": "nobody"}}, 400, ""),
        ("introspection/GetCapabilities", {"params": {"timeout": "0"}}, 400, "timeout"),
        ("introspection/GetCapabilities", {"params": {"timeout": "61"}}, 400, "timeout"),
        ("introspection/GetCapabilities", {"params": {"timeout": "nan"}}, 400, "timeout"),
        ("introspection/GetCapabilities", {"params": {"timeout": "0.000001"}}, 504, "in time"),
    ],
)
def test_what_goes_wrong_has_its_status(
    pair: Pair, path: str, how: dict[str, object], status: int, words: str
) -> None:
    answer = pair.me.http.post(f"/mesh/http/{path}", **how)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_the_reading_key_calls_nobody(pair: Pair) -> None:
    path = "/mesh/http/introspection/GetCapabilities"
    assert pair.me.reader.post(path).status_code == 403
    assert pair.me.reader.get(path).status_code == 403
    assert pair.me.reader.get("/mesh/http/services").status_code == 200


def test_a_call_to_a_peer_that_is_blocked_is_not_made(pair: Pair) -> None:
    pair.me.ask(cmd.Block(pair.name))
    try:
        answer = pair.me.http.post(
            "/mesh/http/introspection/GetCapabilities", params={"peer": pair.name, "timeout": "10"}
        )
        assert answer.status_code == 502, answer.text
        assert "blocked" in answer.json()["error"]
        answer = pair.me.http.post("/mesh/http/introspection/GetCapabilities")
        assert answer.status_code == 502, answer.text
    finally:
        pair.me.ask(cmd.Unblock(pair.name))
        pair.me.ask(cmd.Connect(pair.peer.ask(cmd.MakeInvite()).value))
        pair.me.wait_view(
            PeersView, lambda v: any(p.state is PeerState.CONNECTED for p in v.peers), WAIT, "the peer"
        )


@pytest.mark.parametrize(
    ("status", "http"),
    [
        (Status.UNKNOWN, 502),
        (Status.SERVICE_NOT_FOUND, 404),
        (Status.METHOD_NOT_FOUND, 404),
        (Status.INVALID_PAYLOAD, 400),
        (Status.TIMEOUT, 504),
        (Status.RATE_LIMITED, 429),
        (Status.UNAUTHORIZED, 403),
        (Status.FORBIDDEN, 403),
        (Status.PAYLOAD_TOO_LARGE, 413),
        (Status.UNAVAILABLE, 502),
    ],
)
def test_every_status_of_a_call_is_one_of_http(status: Status, http: int) -> None:
    with pytest.raises(GatewayError, match="why") as caught:
        check_ended(ServiceEnded(1, status, SafeStr("why")))
    assert caught.value.status == http
    assert (caught.value.retry is not None) == (http == 429)
    check_ended(ServiceEnded(1, Status.OK))


def test_a_call_may_take_as_long_as_the_engine_lets_it() -> None:
    assert TIMEOUT_MAX == SECONDS_MAX
