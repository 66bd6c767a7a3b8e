"""Requests and replies of services as JSON."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.service_json import read_request, write_reply
from slskmesh.errors import UserError
from slskmesh.shadow.descriptors import AskMbid


class Inner(msgspec.Struct, frozen=True, array_like=True):
    """A row."""

    content: bytes
    note: str = "none"


class Outer(msgspec.Struct, frozen=True, array_like=True):
    """A message."""

    name: str
    rows: tuple[Inner, ...] = ()
    one: Inner | None = None
    count: int = 3


inner = st.builds(Inner, st.binary(max_size=20), st.text("abc ", max_size=9))
outer = st.builds(
    Outer,
    st.text("xyz", max_size=9),
    st.lists(inner, max_size=4).map(tuple),
    st.none() | inner,
    st.integers(0, 99),
)


@given(outer)
def test_what_is_written_reads_as_the_same(value: Outer) -> None:
    assert read_request(write_reply(value), Outer) == value


def test_what_is_left_out_is_as_the_struct_has_it() -> None:
    assert read_request(b'{"name": "x", "rows": [{"content": "0a-0b"}]}', Outer) == Outer(
        "x", (Inner(b"\x0a\x0b"),)
    )


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: msgspec.json.encode({"kind": text})))
def test_rubbish_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(UserError):
        read_request(body, AskMbid)


def test_text_of_peers_is_cleaned() -> None:
    assert b"\\u001b" not in write_reply(Outer("\x1b[31mred"))
