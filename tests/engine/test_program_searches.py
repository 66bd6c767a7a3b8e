"""What a search of a program asks for besides words: its own time of silence, and what it leaves to the person."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine import searching
from slskmesh.engine.console import Refused
from slskmesh.soulseek.search_budget import IN_MINUTE
from tests.demo.soulseek_line import ServerProcess
from tests.engine.test_legacy_plane import engine


def test_a_search_is_over_after_its_own_time_without_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "QUIET", 1_000.0)
    monkeypatch.setattr(searching, "MOST", 1_000.0)
    with ServerProcess(tmp_path) as server, engine(tmp_path, server.address) as me:
        me.mode("hybrid", "healthy")
        hits, end = me.search("tide table", quiet=1.0)
        assert not hits and not end.reason


def test_the_person_searches_where_a_program_has_to_wait(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, engine(tmp_path, server.address) as me:
        me.mode("hybrid", "healthy")
        sent = 0
        with pytest.raises(Refused) as refused:
            for sent in range(IN_MINUTE):
                me.ask(cmd.Search(f"tide {sent}", program=True))
        assert 1 <= sent < IN_MINUTE and "person" in str(refused.value)
        me.ask(cmd.Search(f"tide {sent}"))
        with pytest.raises(Refused):
            me.ask(cmd.Search("tide", program=True))
