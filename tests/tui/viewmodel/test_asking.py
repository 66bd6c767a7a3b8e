"""Where a search goes and why a network is left out: by the mode alone, with the reason in words."""

from __future__ import annotations

import pytest

from slskmesh.engine.legacy_views import PeopleView, RuleView
from tests.tui.fake import s
from tests.tui.fake_search import disaster, online
from tui.viewmodel.asking import Ask, check, commanded, finds_by_ids, hidden_users, named, typed

NOBODY = "no peer is connected"


@pytest.mark.parametrize(
    ("mode", "text", "meant"),
    [
        ("text", "  harbour   lights ", Ask("harbour lights")),
        ("user", "vinyl_b harbour lights", Ask("harbour lights", user="vinyl_b")),
        ("user", '"tape hiss" harbour', Ask("harbour", user="tape hiss")),
        ("user", "vinyl_b", Ask("", user="vinyl_b")),
        ("room", '"nicotine+ users" low tide', Ask("low tide", room="nicotine+ users")),
        ("room", '"unclosed low tide', Ask("low tide", room='"unclosed')),
    ],
)
def test_what_is_typed(mode: str, text: str, meant: Ask) -> None:
    assert typed(mode, text) == meant


def test_a_network_may_stand_before_the_words_of_the_command() -> None:
    assert commanded("mesh low tide") == Ask("low tide", "mesh")
    assert commanded("soulseek low") == Ask("low", "soulseek")
    assert commanded("all my friends") == Ask("my friends", "all")
    assert commanded("mesh") == Ask("mesh"), "a word alone is what is sought"
    assert named("") == ("", "") and named('"a b" c d') == ("a b", "c d")


def test_the_place_for_the_title() -> None:
    assert (Ask("x").place, Ask("x", "mesh").place) == ("", "mesh only")
    assert (Ask("x", user="u").place, Ask("x", room="r").place) == ("of u", "in room r")


def test_the_server_alone_is_enough() -> None:
    assert check(Ask("x"), online(), NOBODY).refused == ""
    assert check(Ask("x", "mesh"), online(), NOBODY).refused == NOBODY
    assert check(Ask("x", user="u"), online(), NOBODY).refused == ""


def test_peers_are_asked_where_the_server_cannot_be_and_it_is_said() -> None:
    away = online(phase="waiting", what=s("not reached, next try in 30 s"))
    found = check(Ask("x"), away, "")
    assert (
        found.refused == "" and found.left_out == "Soulseek: not reached, next try in 30 s; asking peers only"
    )
    used = online(searches_left=0, searches_next=11.2)
    assert "the next one can go out in 12 s" in check(Ask("x"), used, "").left_out
    assert "the next one can go out in 12 s" in check(Ask("x"), used, NOBODY).refused
    assert check(Ask("x", "mesh"), away, "").left_out == "", "who asks the mesh misses nothing"
    for asked in (Ask("x", "soulseek"), Ask("x", user="u"), Ask("x", room="r")):
        assert "not reached" in check(asked, away, "").refused


def test_modes_without_the_server_or_without_the_mesh() -> None:
    assert check(Ask("x"), disaster(), "").refused == ""
    assert "Soulseek is away" in check(Ask("x", "soulseek"), disaster(), "").refused
    forced = online(mode="mesh-only", ask_server=False, connect=False, legacy_sources=False, phase="off")
    assert check(Ask("x"), forced, "").left_out == "", "nobody expects it to be asked"
    only = online(mode="legacy-only", ask_mesh=False)
    assert check(Ask("x"), only, "").refused == ""
    assert "the mesh is off" in check(Ask("x", "mesh"), only, "").refused
    lost = online(mode="legacy-only", ask_mesh=False, phase="waiting", what=s("not reached"))
    refused = check(Ask("x"), lost, "").refused
    assert "the mesh is off" in refused and "not reached" in refused


def test_an_engine_that_tells_no_mode_needs_peers_as_before() -> None:
    assert check(Ask("x"), None, NOBODY).refused == NOBODY
    assert check(Ask("x"), None, "").left_out == ""
    assert "no Soulseek connection" in check(Ask("x", user="u"), None, "").refused


def test_rules_for_results_hide_their_users() -> None:
    rules = (
        RuleView(s("tape hiss"), False, ("results", "chat")),
        RuleView(s("spam*"), False, ("results",)),
        RuleView(s("kessel"), False, ("chat",)),
        RuleView(s("10.0.0.0/8"), True, ("results",)),
    )
    users = ("tape hiss", "Tape hiss", "spam.bot", "no spam", "kessel", "10.0.0.0/8")
    sources = [f"slsk:{user}" for user in users] + ["sm1tape hiss"]
    assert hidden_users(PeopleView((), rules), sources) == {"tape hiss", "spam.bot"}
    assert hidden_users(None, sources) == frozenset()


def test_by_ids_nobody_need_be_connected() -> None:
    assert finds_by_ids(disaster(), 40)
    assert not finds_by_ids(disaster(), 0) and not finds_by_ids(disaster(), None)
    assert not finds_by_ids(online(), 40) and not finds_by_ids(None, 40)
    assert not finds_by_ids(online(ask_mesh=False, legacy_sources=False), 40)
