"""The example of docs/services.md, run as it stands there over two real peers."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slskmesh.fabric.rates import Bounds
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.wire import limits
from slskmesh.work import ALL_REMOTE_MINUTE, PER_CALL, PER_PEER_MINUTE, LocalBudget
from tests.fabric.pairs import over_tls

DOCS = Path(__file__).resolve().parents[2] / "docs" / "services.md"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The page's code blocks as one module."""
    module = types.ModuleType("documented_service")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    exec(compile("\n".join(blocks), str(DOCS), "exec"), module.__dict__)
    yield module


async def test_the_documented_service_works_as_written(tmp_path: Path, example: Any) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        b.fabric.offer(example.Dictionary(["banana", "apricot", "apple"]))
        with pytest.raises(CallFailed) as caught:
            await example.look_up(a.fabric, b.peer, LocalBudget())
        assert caught.value.status is Status.SERVICE_NOT_FOUND
        b.allowed.append("dictionary")
        budget = LocalBudget()
        assert await example.look_up(a.fabric, b.peer, budget) == ("apple", ["apple", "apricot"])
        assert budget.spent == 2
        with pytest.raises(CallFailed, match="no such word") as caught:
            await a.fabric.call(
                b.peer, "dictionary", "First", example.AskWord("zebra"), example.Word, LocalBudget()
            )
        assert caught.value.status is Status.INVALID_PAYLOAD


async def test_its_budget_runs_out_as_any_other(tmp_path: Path, example: Any) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        b.fabric.offer(example.Dictionary(["apple"]))
        b.allowed.append("dictionary")
        ends = []
        for _ in range(PER_PEER_MINUTE + 5):
            try:
                await a.fabric.call(
                    b.peer, "dictionary", "First", example.AskWord("a"), example.Word, LocalBudget()
                )
                ends.append(Status.OK)
            except CallFailed as error:
                ends.append(error.status)
        assert ends[:PER_PEER_MINUTE] == [Status.OK] * PER_PEER_MINUTE
        assert ends[-1] is Status.UNAVAILABLE


def test_the_documented_bounds_are_the_real_ones() -> None:
    text = " ".join(DOCS.read_text("utf-8").split())
    bounds = Bounds()
    for line in (
        f"to one service | {bounds.service_minute} a minute",
        f"calls of a peer | {bounds.peer_minute} a minute",
        f"answered at once | {bounds.open_peer} |",
        f"answered at once in all | {bounds.answering} |",
        f"{PER_CALL} a call, {PER_PEER_MINUTE} a minute and peer, {ALL_REMOTE_MINUTE} a minute in all",
        f"request | {limits.CALL_MAX // 1024} KiB",
        f"{limits.REPLY_MAX // 1024} KiB, {limits.REPLY_PARTS_MAX}",
        f"deadline | {limits.DEADLINE_MAX // 1000} s",
        f"{bounds.open_peer} a peer, {bounds.asking:,} in all",
        f"({bounds.refusals_minute} of them a minute)",
    ):
        assert line in text
    for status in Status:
        assert f" {status.name} " in text
