"""Frames of the attach socket: every type crosses whole, and nothing else is taken."""

from __future__ import annotations

import importlib
import pkgutil

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slskmesh.engine
from slskmesh.engine import attach_wire as wire
from slskmesh.engine.commands import Change, Command, Search
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.views import SettingsView, View
from slskmesh.text import SafeStr
from tests.engine.attach_values import Values

ALL = sorted(wire.TOLD.values(), key=lambda kind: kind.__name__)
ORDERS = sorted(wire.COMMANDS.values(), key=lambda kind: kind.__name__)


def body_of(framed: bytes) -> bytes:
    frames = wire.Frames(wire.DOWN_MAX)
    frames.feed(framed)
    body = frames.next()
    assert body is not None and frames.held == 0
    return body


def below(base: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """Every type of the engine's below `base`."""
    found = {kind for child in base.__subclasses__() for kind in (child, *below(child))}
    return {kind for kind in found if kind.__module__.startswith("slskmesh.engine.")}


def test_every_view_event_and_command_of_the_engine_may_cross() -> None:
    for module in pkgutil.iter_modules(slskmesh.engine.__path__):
        importlib.import_module(f"slskmesh.engine.{module.name}")
    assert set(wire.COMMANDS.values()) == below(Command) - {Change}
    assert set(wire.TOLD.values()) == below(View) | below(Event) | {wire.Dropped}
    names = [kind.__name__ for kind in below(View) | below(Event)]
    assert len(names) == len(set(names)), "a name stands for one type"
    assert {View, Event}.isdisjoint(wire.TOLD.values()) and {Command, Change}.isdisjoint(
        wire.COMMANDS.values()
    )


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_what_goes_down_comes_out_the_same(kind: type[msgspec.Struct]) -> None:
    for seed in range(30):
        value = Values(seed).of(kind)
        assert isinstance(value, (View, Event, wire.Dropped))
        back = wire.decode_tell(body_of(wire.encode_tell(value)))
        assert type(back) is kind and back == value


@pytest.mark.parametrize("kind", ORDERS, ids=lambda kind: kind.__name__)
def test_what_goes_up_comes_out_the_same(kind: type[Command]) -> None:
    for seed in range(30):
        command = Values(seed).of(kind)
        request, back = wire.decode_post(body_of(wire.encode_post(seed << 32, command)))
        assert request == seed << 32 and type(back) is kind and back == command


def test_first_words_cross() -> None:
    hello = wire.Hello(wire.PROTOCOL, "0.1.0", 77, True)
    assert wire.decode_hello(body_of(wire.encode_hello(hello))) == hello
    for answer in (wire.Welcome("0.1.0"), wire.Refusal(SafeStr("no"), again=True)):
        assert wire.decode_answer(body_of(wire.encode_answer(answer))) == answer


def test_first_words_of_a_later_version_are_understood() -> None:
    """So that the mismatch can be said in words."""
    body = msgspec.msgpack.encode({"protocol": 9, "version": "7.0", "viewer": 1, "mood": "fine"})
    assert wire.decode_hello(body) == wire.Hello(9, "7.0", 1)


@given(st.binary(max_size=300))
def test_garbage_is_refused_in_words(body: bytes) -> None:
    for decode in (wire.decode_tell, wire.decode_post, wire.decode_hello, wire.decode_answer):
        try:
            decode(body)
        except wire.WireFault as error:
            assert str(error)


@settings(max_examples=200)
@given(
    st.integers(0, 1 << 30), st.sampled_from(ORDERS), st.sampled_from(ALL), st.integers(0, 1 << 20), st.data()
)
def test_true_frames_with_a_byte_changed_or_cut_off_do_no_harm(
    seed: int, order: type[Command], told: type[msgspec.Struct], place: int, data: st.DataObject
) -> None:
    value = Values(seed).of(told)
    assert isinstance(value, (View, Event, wire.Dropped))
    pairs = (
        (body_of(wire.encode_tell(value)), wire.decode_tell),
        (body_of(wire.encode_post(seed, Values(seed).of(order))), wire.decode_post),
    )
    for body, decode in pairs:
        at = place % len(body)
        changed = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
        for spoilt in (changed, body[:at], body + b"x"):
            try:
                decode(spoilt)
            except wire.WireFault as error:
                assert str(error)


@given(st.lists(st.binary(max_size=40), max_size=12), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_frames_come_out_whole_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(wire.frame(body, 40) for body in bodies)
    frames, out, turn = wire.Frames(40), [], 0
    while stream:
        size = cuts[turn % len(cuts)]
        frames.feed(stream[:size])
        stream = stream[size:]
        turn += 1
        while (body := frames.next()) is not None:
            out.append(body)
    assert out == bodies and frames.held == 0


def test_a_length_over_the_bound_ends_it_before_a_byte_of_it_came() -> None:
    frames = wire.Frames(wire.UP_MAX)
    frames.feed((wire.UP_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(wire.WireFault, match="announced"):
        frames.next()
    assert frames.held == 4


def test_a_length_that_is_allowed_is_not_allocated_either() -> None:
    frames = wire.Frames(wire.DOWN_MAX)
    frames.feed(wire.DOWN_MAX.to_bytes(4, "big") + b"only this")
    assert frames.next() is None and frames.held == 13


@pytest.mark.parametrize("name", ["Command", "Change", "View", "Event", "nobody", ""])
def test_a_base_or_an_unknown_name_is_no_message(name: str) -> None:
    """No desk carries out a bare `Command`; one that came through would end the engine."""
    with pytest.raises(wire.WireFault, match="no known kind"):
        wire.decode_post(msgspec.msgpack.encode((1, name, {})))
    with pytest.raises(wire.WireFault, match="no known kind"):
        wire.decode_tell(msgspec.msgpack.encode((name, {})))


def test_deep_nesting_is_refused() -> None:
    for deep in (b"\x91" * 100_000, b"\x93\x01\xa6Search\x81\xa1x" + b"\x91" * 100_000):
        with pytest.raises(wire.WireFault):
            wire.decode_post(deep)


def test_words_that_are_no_text_and_numbers_too_far_out_cannot_be_sent() -> None:
    for command in (Search("\ud800"), Search("x", limit=1 << 70), Search("x" * wire.UP_MAX)):
        with pytest.raises(wire.WireFault):
            wire.encode_post(1, command)
    with pytest.raises(wire.WireFault):
        wire.encode_tell(Reply(1 << 70, True))


def test_a_folder_with_a_name_that_is_no_text_is_told_with_question_marks() -> None:
    view = SettingsView(True, "/music/caf\udce9", "f", (), suggested_shares=("/a\udcff",))
    back = wire.decode_tell(body_of(wire.encode_tell(view)))
    assert back == SettingsView(True, "/music/caf?", "f", (), suggested_shares=("/a?",))
