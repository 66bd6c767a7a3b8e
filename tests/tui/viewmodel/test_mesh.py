"""The table of peers in words: what is wrong is said with what it means."""

from __future__ import annotations

from tests.tui.fake import NOW, s, status
from tests.tui.fake_jobs import mesh
from tui.viewmodel.mesh import lines, rows
from tui.viewmodel.mode import details
from tui.viewmodel.spans import text_of
from tui.viewmodel.state import State


def words(**changes: object) -> str:
    return "\n".join(text_of(line) for line in lines(mesh(**changes)))


def test_a_healthy_table() -> None:
    text = words()
    for part in (
        "118 nodes, looks on the LAN too",
        "seen from outside as 203.0.113.5:50300",
        "212 records under 96 keys; 31 of our own out",
        "31 of 40 releases told in signed shards",
        "3 forged or bad records refused, 12 asked too fast",
        "musicbrainz.org answers",
        "88 calls of peers answered",
    ):
        assert part in text, part
    assert "closed" not in text and "clock" not in text and "banned" not in text


def test_what_is_wrong_is_said() -> None:
    assert "nobody reaches this UDP port" in words(closed=True)
    assert "not listening" in words(listening=s(""), closed=True)
    assert "empty: a peer, an invite or the LAN" in words(nodes=0)
    assert "2 banned now" in words(banned=2)
    off = words(on=False)
    assert "off (mesh.enabled)" in off and "records" not in off and "musicbrainz.org answers" in off
    assert rows(None) == [("table", "not known yet", "dim")]


def test_a_wrong_clock_is_a_warning_in_the_right_direction() -> None:
    assert "10 minutes ahead of the others'" in words(skew=600.0)
    assert "10 minutes behind the others'" in words(skew=-600.0)
    assert "clock" not in words(skew=300.0)
    assert any(role == "bad" for label, _, role in rows(mesh(skew=-301.0)) if label == "clock")


def test_the_explanation_has_it() -> None:
    state = State(NOW)
    state.apply([status(dht_nodes=118)], NOW)
    assert "not known yet" in "\n".join(text_of(line) for line in details(state, NOW))
    state.apply([mesh()], NOW)
    text = "\n".join(text_of(line) for line in details(state, NOW))
    assert "listening" in text and "118 nodes" in text
