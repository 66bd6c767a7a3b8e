"""Bodies: keys in any case go into the right fields; whatever else is sent is refused with a place, never an error."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from slskmesh.gateway.answers import Camel, GatewayError, Snake
from slskmesh.gateway.bodies import decode_body, read_body


class File(Camel, frozen=True, kw_only=True):
    file_name: str
    size: int = 0


class Order(Camel, frozen=True, kw_only=True):
    search_text: str
    files: list[File] = msgspec.field(default_factory=list)
    best: File | None = None
    options: dict[str, int] = msgspec.field(default_factory=dict)
    either: list[File] | File | None = None
    pair: tuple[File, ...] = ()


class Job(Snake, frozen=True, kw_only=True):
    mb_release_id: str
    tracks: str | list[int] = "all"


def recased(value: Any, draw: Any) -> Any:
    """The same JSON with the case of its keys shuffled, below `options` not."""
    if isinstance(value, dict):
        return {
            "".join(draw(st.sampled_from([c.upper(), c.lower()])) for c in key): (
                inner if key == "options" else recased(inner, draw)
            )
            for key, inner in value.items()
        }
    return [recased(one, draw) for one in value] if isinstance(value, list) else value


files = st.builds(File, file_name=st.text(max_size=5), size=st.integers(0, 2**63 - 1))
orders = st.builds(
    Order,
    search_text=st.text(max_size=5),
    files=st.lists(files, max_size=2),
    best=st.none() | files,
    options=st.dictionaries(st.sampled_from(["A", "a", "bC"]), st.integers(0, 9)),
    either=st.none() | files | st.lists(files, max_size=2),
    pair=st.lists(files, max_size=2).map(tuple),
)


@given(order=orders, data=st.data())
@settings(deadline=None)
def test_keys_in_any_case_say_the_same(order: Order, data: st.DataObject) -> None:
    sent = recased(msgspec.to_builtins(order), data.draw)
    assert decode_body(json.dumps(sent).encode(), Order) == order


def test_the_spelling_of_both_apis_and_of_others() -> None:
    assert decode_body(b'{"SearchText": "x", "Files": [{"FILENAME": "y"}]}', Order).files == [
        File(file_name="y")
    ]
    assert decode_body(b'{"MB_Release_Id": "x", "Tracks": [1, 2]}', Job).tracks == [1, 2]
    assert decode_body(b'"a bare text"', str) == "a bare text"
    assert decode_body(b'[{"Filename": "x"}]', list[File]) == [File(file_name="x")]
    assert decode_body(b'{"searchText": "x", "unknown": {"deep": []}}', Order) == Order(search_text="x")


def test_of_one_key_twice_the_last_holds() -> None:
    assert decode_body(b'{"searchText": "a", "searchText": "b"}', Order).search_text == "b"
    assert decode_body(b'{"searchText": "a", "SEARCHTEXT": "b"}', Order).search_text == "b"


DEEP = 2_000
BOMBS = [
    *(b"", b" ", b"{", b"null", b"[]", b'"text"', b"{}", b'{"searchText": 1}', b'{"searchText": null}'),
    b"[" * DEEP + b"]" * DEEP,
    b'{"searchText": "x", "best": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"searchText": "x", "files": ' + b'[{"a": ' * DEEP + b"1" + b"}]" * DEEP + b"}",
    b'{"a":' * 100_000,
    b'{"searchText": "x", "best": {"fileName": "y", "size": 1' + b"0" * 5_000 + b"}}",
    b'{"searchText": "x", "best": {"fileName": "y", "size": NaN}}',
    b'{"searchText": "x", "best": {"fileName": "y", "size": 1e999}}',
    b'{"searchText": "\xff\xfe"}',
    b'{"searchText": "\\ud800"}',
    b'{"searchText": "x"} trailing',
    b'\xef\xbb\xbf{"searchText": "x"}',
    b"\x00" * 100,
]


@pytest.mark.parametrize("raw", BOMBS, ids=range(len(BOMBS)))
def test_what_does_not_fit_is_refused(raw: bytes) -> None:
    with pytest.raises(GatewayError) as refused:
        decode_body(raw, Order)
    assert refused.value.status == 400 and len(str(refused.value)) < 300


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(GatewayError, match=r"\$\.files\[1\]\.size"):
        decode_body(b'{"searchText": "", "files": [{"fileName": ""}, {"fileName": "", "size": "x"}]}', Order)


@given(raw=st.binary(max_size=80) | st.text(alphabet='{}[]":,10eE.-\\u\x00 aé', max_size=60).map(str.encode))
@settings(deadline=None)
def test_rubbish_is_refused(raw: bytes) -> None:
    try:
        decode_body(raw, Order)
    except GatewayError as error:
        assert error.status == 400


@pytest.mark.parametrize("raw", [b"", b"  \n"])
async def test_an_empty_body_may_stand_for_something(raw: bytes) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    def request() -> Request:
        return Request({"type": "http", "headers": []}, receive)

    assert await read_body(request(), Order, {"searchText": ""}) == Order(search_text="")
    assert await read_body(request(), str, "") == ""
    with pytest.raises(GatewayError):
        await read_body(request(), Order)
