"""Answers that are quicker than the return of their search."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.unnamed import HELD_MAX, Unnamed
from slskmesh.soulseek.values import Answered, LegacyEvent, RoomsListed, SearchAnswer
from slskmesh.work import LocalBudget


def answer(token: int, user: str = "ann") -> Answered:
    return Answered(SearchAnswer(token, user, (), True, 0, 0))


def test_an_answer_waits_for_its_token_and_nothing_else_does() -> None:
    unnamed = Unnamed()
    assert not unnamed.holds(answer(7)), "nothing is on its way: whoever knows it takes it"
    with unnamed.sending():
        assert unnamed.holds(answer(7)) and unnamed.holds(answer(8)) and unnamed.holds(answer(7, "bob"))
        assert not unnamed.holds(RoomsListed(()))
        assert unnamed.release() == []
        assert unnamed.name(7) == 7
        assert unnamed.release() == [answer(7), answer(7, "bob")]
        assert not unnamed.holds(answer(7)), "its asker knows it now"
    assert unnamed.release() == [answer(8)], "nobody's: told all the same, whoever it may be for"
    assert unnamed.release() == []


def test_a_search_that_fails_lets_go_and_the_oldest_is_dropped() -> None:
    unnamed = Unnamed()
    with unnamed.sending():
        for number in range(HELD_MAX + 1):
            assert unnamed.holds(answer(number))
    assert unnamed.release() == [answer(number) for number in range(1, HELD_MAX + 1)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["answer", "send", "name", "fail", "look"]), st.integers(0, 4)), max_size=60
    )
)
def test_each_answer_is_told_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    unnamed, sent, told = Unnamed(), 0, []
    open_scopes = []
    for step, token in steps:
        match step:
            case "answer":
                sent += 1
                event = answer(token, str(sent))
                if not unnamed.holds(event):
                    told.append(event)
            case "send":
                scope = unnamed.sending()
                scope.__enter__()
                open_scopes.append(scope)
            case "name" | "fail" if open_scopes:
                if step == "name":
                    unnamed.name(token)
                open_scopes.pop().__exit__(None, None, None)
                told += unnamed.release()
            case _:
                told += unnamed.release()
    for scope in open_scopes:
        scope.__exit__(None, None, None)
    told += unnamed.release()
    assert sorted(int(event.answer.user) for event in told) == list(range(1, sent + 1))
    for token in range(5):
        of = [int(event.answer.user) for event in told if event.answer.token == token]
        assert of == sorted(of)


class Quick(LegacyClient):
    """Its users answer before a search returns; the calls of its thread are made here."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(cast(Any, None), cast(Any, None))
        self.fails = fails

    def _asking(self, budget: LocalBudget) -> Any:
        return SimpleNamespace(search=None)

    async def _on_thread(self, fn: Any, *args: Any) -> Any:
        for token, user in ((7, "ann"), (8, "bob")):
            self._put(answer(token, user))
        await trio.testing.wait_all_tasks_blocked()
        if self.fails:
            raise Offline("gone")
        return 7


@pytest.mark.parametrize("fails", [False, True])
async def test_who_asked_has_the_token_when_its_answers_come(fails: bool) -> None:
    client, known, heard = Quick(fails), set[int](), list[tuple[str, bool]]()

    def hear(event: LegacyEvent) -> None:
        assert isinstance(event, Answered)
        heard.append((event.answer.user, event.answer.token in known))

    client.on_event(hear)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(client.run))
        if fails:
            with pytest.raises(Offline):
                await client.search("words", LocalBudget())
        else:
            known.add(await client.search("words", LocalBudget()))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert heard == [("ann", not fails), ("bob", False)]
