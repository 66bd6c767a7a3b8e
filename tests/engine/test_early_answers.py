"""An answer that is quicker than the search's own return, as on one machine, is taken all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import trio

from slskmesh.engine.commands import Search
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Event, Found, SearchEnded
from slskmesh.engine.queries import Queries
from slskmesh.engine.searching import Searching
from slskmesh.modes import EFFECTS, Health, Mode
from slskmesh.soulseek.values import Answered, RemoteFile, SearchAnswer


class QuickClient:
    """Its users answer before `search` returns; one of them to a search that nobody asked for."""

    online = True

    def __init__(self) -> None:
        self.heard: Any = None

    async def search(self, text: str, budget: object, *, room: str = "", user: str = "") -> int:
        for token, path in ((7, "a\\right.flac"), (8, "a\\wrong.flac")):
            self.heard(Answered(SearchAnswer(token, "ann", (RemoteFile(path, 5),), True, 0, 0)))
        await trio.lowlevel.checkpoint()
        return 7

    def forget_search(self, token: int) -> None:
        assert token == 7


async def test_answers_before_the_token_is_known_are_found(autojump_clock: trio.testing.MockClock) -> None:
    events: list[Event] = []
    over = trio.Event()

    def put(event: Event) -> None:
        events.append(event)
        if isinstance(event, SearchEnded):
            over.set()

    client = QuickClient()
    legacy = SimpleNamespace(
        queries=Queries(),
        account=SimpleNamespace(name="me"),
        failover=SimpleNamespace(effects=EFFECTS[Mode.NORMAL, Health.HEALTHY]),
        client=client,
        searches=SimpleNamespace(take=lambda *args, **kwargs: None),
        answers=SimpleNamespace(excludes=lambda words: ""),
        social=SimpleNamespace(people=SimpleNamespace(hides=lambda user: False)),
        has=lambda user, file: False,
    )
    engine = SimpleNamespace(
        legacy=legacy,
        overlay=SimpleNamespace(sessions={}),
        plane=SimpleNamespace(rendezvous=SimpleNamespace(on=False)),
        hub=SimpleNamespace(put_event=put),
    )
    searching = Searching(cast(Engine, engine))
    client.heard = searching.heard
    async with trio.open_nursery() as nursery:
        await nursery.start(searching.run)
        await searching.table[Search](1, Search("right"))
        with trio.fail_after(60):
            await over.wait()
        nursery.cancel_scope.cancel()
    found = [hit.name for event in events if isinstance(event, Found) for hit in event.hits]
    assert found == ["right.flac"]
    client.heard(Answered(SearchAnswer(9, "ann", (RemoteFile("b", 5),), True, 0, 0)))  # long after: nothing
