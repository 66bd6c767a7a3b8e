"""The catalogue on bad days: old answers are used, nobody waits for nothing, one request a second, one for all."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
import trio
import trio.testing

from slskmesh import work
from slskmesh.catalogue import cache, catalogue, queries
from slskmesh.catalogue.catalogue import Catalogue
from slskmesh.catalogue.limiter import INTERVAL
from slskmesh.catalogue.objects import CatalogueError, Trouble
from slskmesh.errors import StorageError, UserError
from slskmesh.mbid import Mbid
from slskmesh.store.database import Store
from slskmesh.work import BudgetSpent, LocalBudget, Origin, Pool, RemoteBudget
from tests.catalogue.ground import RELEASE, FaultServer, OwnTime, Reply, closed_port, release_xml, xml

ONE = Mbid(RELEASE)
DAY = 86_400.0


def mbid(number: int) -> Mbid:
    return Mbid(f"00000000-0000-4000-8000-{number:012x}")


def any_release(path: str) -> Reply:
    """Whatever release is asked for."""
    return Reply(body=release_xml(path.split("/")[4].partition("?")[0]))


class Place:
    """A catalogue with its own time in front of a server of the test."""

    def __init__(self, store: Store, time: OwnTime, reply: Callable[[str], Reply] = any_release) -> None:
        self.server = FaultServer(reply, time)
        self.time = time
        self.store = store
        self.catalogue = Catalogue(
            store, self.server.host, wall=time, clock=time, sleep=time.sleep, rng=random.Random(1)
        )

    async def settled(self) -> None:
        """Returns when all who asked so far wait for the host: their looks into the database are over."""
        await trio.testing.wait_all_tasks_blocked()
        await self.store.run(int)
        await trio.testing.wait_all_tasks_blocked()

    async def heard(self) -> None:
        """Returns when the host was asked something."""
        assert await trio.to_thread.run_sync(self.server.heard.wait, 5)

    def hold(self) -> None:
        """Lets the host keep its answers to itself until it is released."""
        self.server.reply = lambda path: (self.server.released.wait(5), any_release(path))[1]

    @property
    def starts(self) -> list[float]:
        return [asked.at for asked in self.server.log]


@pytest.fixture
async def place(store: Store, time: OwnTime, nursery: trio.Nursery) -> Place:
    made = Place(store, time)
    nursery.start_soon(_serving, made.server)
    await nursery.start(made.catalogue.run)
    return made


async def _serving(server: FaultServer) -> None:
    with server:
        await trio.sleep_forever()


async def failing(place: Place, one: Mbid = ONE, budget: work.Budget | None = None) -> CatalogueError:
    with pytest.raises(CatalogueError) as told:
        await place.catalogue.release(one, budget or LocalBudget())
    return told.value


async def test_many_questions_go_one_a_second(place: Place) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(place.catalogue.release, mbid(number), LocalBudget())
    assert len(place.starts) == 12
    assert all(later - earlier >= INTERVAL for earlier, later in itertools.pairwise(place.starts))
    assert place.starts[-1] - place.starts[0] == pytest.approx(11 * INTERVAL)


async def test_the_persons_question_overtakes_the_waiting(place: Place) -> None:
    place.hold()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.catalogue.release, mbid(0), LocalBudget(Origin.AUTOMATION))
        await place.heard()
        for number in range(1, 5):
            nursery.start_soon(place.catalogue.release, mbid(number), LocalBudget(Origin.AUTOMATION))
        await place.settled()
        nursery.start_soon(place.catalogue.release, mbid(99), LocalBudget(Origin.USER))
        await place.settled()
        place.server.released.set()
    assert [asked.path.split("/")[4][:36] for asked in place.server.log[:2]] == [mbid(0), mbid(99)]


async def test_those_who_ask_for_the_same_share_one_request_and_one_price(place: Place) -> None:
    budgets = [LocalBudget() for _ in range(20)]
    async with trio.open_nursery() as nursery:
        for budget in budgets:
            nursery.start_soon(place.catalogue.release, ONE, budget)
    assert len(place.server.log) == 1
    assert sum(budget.spent for budget in budgets) == work.CATALOGUE_FETCH


async def test_a_question_nobody_waits_for_is_not_asked(place: Place) -> None:
    place.hold()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.catalogue.release, mbid(1), LocalBudget())
        await place.heard()
        for number in (2, 3):
            nursery.start_soon(place.catalogue.release, mbid(number), LocalBudget())
        await place.settled()
        assert place.catalogue.status().waiting == 2
        nursery.cancel_scope.cancel()
    assert place.catalogue.status().waiting == 0
    place.server.released.set()
    assert (await place.catalogue.release(mbid(4), LocalBudget())).value.mbid == mbid(4)
    assert {asked.path.split("/")[4][:36] for asked in place.server.log} == {mbid(1), mbid(4)}


async def test_one_of_two_may_go_away(place: Place) -> None:
    place.hold()
    scope = trio.CancelScope()

    async def impatient() -> None:
        with scope:
            await place.catalogue.release(ONE, LocalBudget())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(impatient)
        await place.heard()
        nursery.start_soon(place.catalogue.release, ONE, LocalBudget())
        await place.settled()
        scope.cancel()
        await place.settled()
        place.server.released.set()
    assert len(place.server.log) == 1 and await place.catalogue.cached_release(ONE) is not None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(503, headers=(("Retry-After", "40"),)), Trouble.LIMITED),
        (Reply(502), Trouble.UNREACHABLE),
        (Reply(body=release_xml()[:90]), Trouble.MALFORMED),
        (Reply(403), Trouble.REFUSED),
        (Reply(301, headers=(("Location", "https://example.org/"),)), Trouble.REFUSED),
    ],
)
async def test_an_old_answer_is_given_as_stale_with_the_reason(
    place: Place, reply: Reply, kind: Trouble
) -> None:
    first = await place.catalogue.release(ONE, LocalBudget())
    place.time.now += 31 * DAY
    place.server.reply = lambda _path: reply
    again = await place.catalogue.release(ONE, LocalBudget())
    assert again.value == first.value and again.stale and again.cached and again.fetched == first.fetched
    assert "this answer is from 2023-11-1" in again.note
    assert (await failing(place, mbid(5))).trouble is kind
    assert place.catalogue.status().trouble is kind
    place.server.reply = any_release
    place.time.now += 600
    fresh = await place.catalogue.release(ONE, LocalBudget())
    assert not fresh.stale and not fresh.cached and place.catalogue.status().trouble is None


async def test_a_host_that_is_away_is_left_alone_for_longer_and_longer(place: Place) -> None:
    place.server.reply = lambda _path: Reply(500)
    for _ in range(3):
        error = await failing(place)
        assert error.retry is not None
        place.time.now += error.retry
    gaps = [later - earlier for earlier, later in itertools.pairwise(place.starts)]
    assert 2 <= gaps[0] <= 2.5 and 4 <= gaps[1] <= 5
    await failing(place)
    asked = len(place.server.log)
    for number in range(50):  # nobody waits for a host known to be away
        error = await failing(place, mbid(number))
        assert error.trouble is Trouble.UNREACHABLE and error.retry is not None and 10 < error.retry <= 20
    assert len(place.server.log) == asked
    status = place.catalogue.status()
    assert status.since == pytest.approx(place.starts[0]) and "unreachable since" in status.text


async def test_the_waiting_are_told_when_the_host_asks_for_a_long_rest(place: Place) -> None:
    place.server.reply = lambda _path: Reply(429, headers=(("Retry-After", "120"),))
    errors: list[CatalogueError] = []

    async def one(number: int) -> None:
        errors.append(await failing(place, mbid(number)))

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(one, number)
    assert {error.trouble for error in errors} == {Trouble.LIMITED} and {error.retry for error in errors} == {
        120.0
    }
    assert len(place.server.log) == 1
    place.server.reply = any_release
    place.time.now += 121
    assert not (await place.catalogue.release(ONE, LocalBudget())).cached


async def test_a_short_rest_is_waited_for(place: Place) -> None:
    place.server.reply = lambda path: Reply(503) if len(place.server.log) == 1 else any_release(path)
    outcomes: list[str] = []

    async def one(number: int) -> None:
        try:
            await place.catalogue.release(mbid(number), LocalBudget())
            outcomes.append("found")
        except CatalogueError as error:
            outcomes.append(error.trouble.value)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(one, number)
    assert sorted(outcomes) == ["found"] * 3 + ["limited"]
    assert place.starts[1] - place.starts[0] >= 2


async def test_nobody_there_and_never_there(store: Store, time: OwnTime, nursery: trio.Nursery) -> None:
    alone = Catalogue(store, f"http://127.0.0.1:{closed_port()}", wall=time, clock=time, sleep=time.sleep)
    await nursery.start(alone.run)
    with pytest.raises(CatalogueError, match="refused") as told:
        await alone.release(ONE, LocalBudget())
    assert told.value.trouble is Trouble.UNREACHABLE and str(told.value).startswith(f"release {ONE}: ")


async def test_with_no_host_only_kept_answers_are_given(place: Place) -> None:
    await place.catalogue.release(ONE, LocalBudget())
    place.catalogue.set_host("")
    assert (await place.catalogue.release(ONE, LocalBudget())).value.mbid == ONE
    budget = LocalBudget()
    error = await failing(place, mbid(1), budget)
    assert (
        error.trouble is Trouble.UNREACHABLE
        and "no MusicBrainz host is set" in str(error)
        and budget.spent == 0
    )
    assert place.catalogue.status().text == "no host is set: only kept answers are used"


async def test_another_host_has_answers_of_its_own(place: Place, nursery: trio.Nursery) -> None:
    await place.catalogue.release(ONE, LocalBudget())
    with FaultServer(lambda _path: Reply(body=release_xml(title="Another"))) as other:
        place.catalogue.set_host(other.host)
        assert "not asked yet" in place.catalogue.status().text
        assert (await place.catalogue.release(ONE, LocalBudget())).value.title == "Another"
        place.catalogue.set_host(place.server.host)
        again = await place.catalogue.release(ONE, LocalBudget())
    assert again.cached and again.value.title == "Ruined Subjects"


async def test_a_host_that_is_none_changes_nothing(place: Place) -> None:
    with pytest.raises(UserError):
        place.catalogue.set_host("http://x/path")
    assert (await place.catalogue.release(ONE, LocalBudget())).value.mbid == ONE


async def test_the_same_host_again_ends_nothing_and_another_soon_does_not_break_the_second(
    place: Place,
) -> None:
    place.hold()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.catalogue.release, ONE, LocalBudget())
        await place.heard()
        place.catalogue.set_host(f" {place.server.host}/")
        place.server.released.set()
    place.catalogue.set_host("")
    place.catalogue.set_host(place.server.host)
    await place.catalogue.release(mbid(1), LocalBudget())
    assert place.starts[1] - place.starts[0] >= INTERVAL


async def test_who_waits_for_the_old_host_is_told(place: Place) -> None:
    place.hold()
    told: list[CatalogueError] = []

    async def one(number: int) -> None:
        told.append(await failing(place, mbid(number)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, 1)
        nursery.start_soon(one, 2)
        await place.heard()
        await place.settled()
        place.catalogue.set_host("http://127.0.0.1:1")
    place.server.released.set()
    assert ["was changed" in str(error) for error in told] == [True, True]
    assert await place.catalogue.cached_release(mbid(1)) is None


async def test_a_full_queue_refuses_with_words_and_charges_nothing(place: Place) -> None:
    place.hold()
    pools = [Pool("everybody", 10_000, place.time)]

    async def quietly(number: int) -> None:
        await place.catalogue.release(mbid(number), RemoteBudget(pools))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(quietly, 0)
        await place.heard()
        for number in range(1, 51):
            nursery.start_soon(quietly, number)
        await place.settled()
        budget = RemoteBudget(pools)
        error = await failing(place, mbid(100), budget)
        assert error.trouble is Trouble.LIMITED and "already wait" in str(error) and budget.spent == 0
        nursery.cancel_scope.cancel()
    place.server.released.set()


async def test_a_remote_call_cannot_spend_more_than_it_has(place: Place) -> None:
    budget = RemoteBudget([Pool("peer", 50, place.time)], units=3)
    await place.catalogue.release(mbid(1), budget)
    await place.catalogue.release(mbid(1), budget)  # kept: free
    with pytest.raises(BudgetSpent):
        await place.catalogue.release(mbid(2), budget)
    assert len(place.server.log) == 1 and place.catalogue.status().waiting == 0


def groups(path: str, count: int, artist: Mbid) -> Reply:
    """A page of an artist's release groups, one of which is somebody else's."""
    offset = int(path.partition("offset=")[2].partition("&")[0] or 0)
    rows = "".join(
        f'<release-group id="{mbid(1000 + i)}"><title>Album {i}</title><first-release-date>{1990 + i % 30}'
        f'</first-release-date><artist-credit><name-credit><artist id="{artist if i != 7 else mbid(3)}"><name>X'
        f"</name></artist></name-credit></artist-credit></release-group>"
        for i in range(offset, min(count, offset + 100))
    )
    return Reply(
        body=xml(f'<release-group-list count="{count}" offset="{offset}">{rows}</release-group-list>')
    )


async def test_a_long_discography_comes_by_pages_a_second_apart(place: Place) -> None:
    place.server.reply = lambda path: groups(path, 250, ONE)
    budget = LocalBudget()
    answer = await place.catalogue.discography(ONE, budget)
    assert (
        len(answer.value) == 249 and len(place.server.log) == 3 and budget.spent == 3 * work.CATALOGUE_FETCH
    )
    assert mbid(1007) not in {group.mbid for group in answer.value}
    dates = [group.first_date for group in answer.value]
    assert dates == sorted(dates)
    assert all(later - earlier >= INTERVAL for earlier, later in itertools.pairwise(place.starts))


async def test_pages_that_came_are_kept_when_a_later_one_does_not(place: Place) -> None:
    place.server.reply = lambda path: Reply(500) if "offset=200" in path else groups(path, 250, ONE)
    with pytest.raises(CatalogueError, match="discography of artist"):
        await place.catalogue.discography(ONE, LocalBudget())
    place.time.now += 10
    place.server.reply = lambda path: groups(path, 250, ONE)
    assert len((await place.catalogue.discography(ONE, LocalBudget())).value) == 249
    assert [asked.path.partition("offset=")[2][:3] for asked in place.server.log] == ["", "100", "200", "200"]


async def test_a_list_that_has_no_end_does(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "DISCOGRAPHY_MAX", 300)
    place.server.reply = lambda path: groups(path, 10**6, ONE)
    assert len((await place.catalogue.discography(ONE, LocalBudget())).value) == 299
    assert len(place.server.log) == 3


async def test_a_label_is_asked_for_no_more_pages_than_its_albums_need(place: Place) -> None:
    def page(path: str) -> Reply:
        offset = int(path.partition("offset=")[2] or 0)
        rows = "".join(
            f'<release id="{mbid(i)}"><title>R</title><status>{"Official" if i % 2 else "Bootleg"}</status>'
            f'<release-group id="{mbid(10_000 + i // 2)}"/><date>20{i % 20:02d}</date></release>'
            for i in range(offset, offset + 100)
        )
        return Reply(body=xml(f'<release-list count="5000" offset="{offset}">{rows}</release-list>'))

    place.server.reply = page
    found = (await place.catalogue.label_releases(ONE, 60, LocalBudget())).value
    assert len(found) == 60 == len({one.group for one in found}) and {one.status for one in found} == {
        "Official"
    }
    assert len(place.server.log) == 2


async def test_pasted_rubbish_is_an_empty_answer_that_costs_nothing(place: Place) -> None:
    budget = LocalBudget()
    for text in ("", "  ", "!!!", "\x1b[", '"'):
        answer = await place.catalogue.find_releases(text, 10, budget)
        assert answer.value == () and answer.note
    assert budget.spent == 0 and place.server.log == []


async def test_a_search_is_good_for_a_day_and_a_release_for_thirty(place: Place) -> None:
    place.server.reply = lambda path: (
        any_release(path)
        if path.startswith("/ws/2/release/")
        else Reply(body=xml('<release-list count="0"/>'))
    )
    for wait, search, release in (
        (0, False, False),
        (0.9 * DAY, True, True),
        (0.2 * DAY, False, True),
        (29 * DAY, False, False),
    ):
        place.time.now += wait
        assert (await place.catalogue.find_releases("Lanterns", 5, LocalBudget())).cached is search
        assert (await place.catalogue.release(ONE, LocalBudget())).cached is release


async def test_an_answer_that_cannot_be_kept_is_still_given(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise StorageError("mesh.db: the disk is full")

    monkeypatch.setattr(cache, "save", full)
    answer = await place.catalogue.release(ONE, LocalBudget())
    assert answer.value.mbid == ONE and answer.note == "not kept for later: mesh.db: the disk is full"
    monkeypatch.setattr(cache, "load", full)
    assert not (await place.catalogue.release(ONE, LocalBudget())).cached


async def test_what_another_version_kept_is_asked_again(place: Place, store: Store) -> None:
    await place.catalogue.release(ONE, LocalBudget())
    query = queries.release(ONE)
    kept = cache.Kept(b"\x93\x01\x02\x03", place.time.now)
    await store.run(cache.save, place.server.host, query.kind, query.key, kept)
    assert not (await place.catalogue.release(ONE, LocalBudget())).cached


async def test_stopping_lets_the_waiting_go(store: Store, time: OwnTime) -> None:
    place = Place(store, time)
    place.hold()
    with place.server:
        async with trio.open_nursery() as waiting:
            async with trio.open_nursery() as running:
                await running.start(place.catalogue.run)
                waiting.start_soon(failing, place)
                await place.heard()
                running.cancel_scope.cancel()
