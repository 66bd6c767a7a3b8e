"""The crawl in virtual time: it finds the nearest, waits for nobody alone, and is bounded whatever it is told."""

import random

import pytest
import trio
import trio.testing

from slskmesh.dht.lookup import ASKED_MAX, Shortlist, crawl
from slskmesh.dht.table import Contact, NetworkRule

TARGET = bytes(20)


def contacts(count: int, seed: int = 1) -> list[Contact]:
    rng = random.Random(seed)
    return [Contact(rng.randbytes(20), (f"20.{i // 250}.{i % 250}.1", 7000)) for i in range(count)]


def nearest(found: list[Contact], k: int) -> list[Contact]:
    return sorted(found, key=lambda one: one.long_id)[:k]


class Crowd:
    """Answers with the eight nearest each knows; `dead` never answer, after two seconds."""

    def __init__(self, count: int, knows: int) -> None:
        self.everyone = contacts(count)
        rng = random.Random(2)
        self.known = {one.id: rng.sample(self.everyone, knows) for one in self.everyone}
        self.dead: set[bytes] = set()
        self.asked: list[Contact] = []

    async def ask(self, contact: Contact) -> list[Contact] | None:
        self.asked.append(contact)
        await trio.sleep(2.0 if contact.id in self.dead else 0.05)
        return None if contact.id in self.dead else nearest(self.known[contact.id], 8)

    async def crawl(self) -> tuple[Shortlist, list[Contact]]:
        shortlist = Shortlist(TARGET, 8, NetworkRule(False))
        shortlist.offer(self.everyone[:8])
        return shortlist, await crawl(shortlist, self.ask, 3, 0.3)


async def test_the_nearest_are_found_in_few_questions(autojump_clock: trio.testing.MockClock) -> None:
    crowd = Crowd(300, 40)
    _, found = await crowd.crawl()
    best = nearest(crowd.everyone, 8)
    assert len(found) == 8
    assert len({one.id for one in best} & {one.id for one in found}) >= 7
    assert len(crowd.asked) == len({one.id for one in crowd.asked}) <= 30


async def test_dead_nodes_cost_one_silence_not_one_each(autojump_clock: trio.testing.MockClock) -> None:
    crowd = Crowd(300, 40)
    dead = nearest(crowd.everyone, 6)
    crowd.dead = {one.id for one in dead}
    began = trio.current_time()
    shortlist, found = await crowd.crawl()
    assert trio.current_time() - began < 3.5
    assert not crowd.dead & {one.id for one in found}
    silent = shortlist.silent(found)
    assert {one.id for one in silent} == crowd.dead & {one.id for one in crowd.asked}
    assert silent == nearest(silent, 8)


async def test_a_late_answer_still_counts(autojump_clock: trio.testing.MockClock) -> None:
    everyone = contacts(20)
    first = nearest(everyone, 1)[0]

    async def ask(contact: Contact) -> list[Contact] | None:
        await trio.sleep(1.5 if contact is first else 0.05)
        return []

    shortlist = Shortlist(TARGET, 8, NetworkRule(False))
    shortlist.offer(everyone)
    found = await crawl(shortlist, ask, 3, 0.3)
    assert found == nearest(everyone, 8)
    assert shortlist.late == set()


@pytest.mark.parametrize("dead", [True, False])
async def test_endless_hints_end(dead: bool, autojump_clock: trio.testing.MockClock) -> None:
    number = 2**159

    async def ask(contact: Contact) -> list[Contact] | None:
        nonlocal number
        await trio.sleep(0.05)
        if dead and contact.long_id % 2:
            return None
        hints = []
        for _ in range(8):
            number -= 1
            hints.append(
                Contact(number.to_bytes(20, "big"), (f"30.{number % 250}.{number // 250 % 250}.1", 1))
            )
        return hints

    shortlist = Shortlist(TARGET, 8, NetworkRule(False))
    shortlist.offer(contacts(8))
    await crawl(shortlist, ask, 3, 0.3)
    assert len(shortlist.contacted) <= ASKED_MAX + 3
    assert len(shortlist.heap) <= 600


@pytest.mark.parametrize("enough", [True, False])
async def test_who_was_silent_before_is_asked_last_or_not_at_all(
    enough: bool, autojump_clock: trio.testing.MockClock
) -> None:
    everyone = nearest(contacts(40), 40)
    silent = {one.id for one in everyone[:5]}
    revived = everyone[2]
    asked: list[bytes] = []

    async def ask(contact: Contact) -> list[Contact] | None:
        asked.append(contact.id)
        dead = contact.id in silent and contact is not revived
        await trio.sleep(0.5 if dead else 0.05)
        return None if dead else everyone

    shortlist = Shortlist(TARGET, 8, NetworkRule(False), lambda contact: contact.id in silent)
    shortlist.offer(everyone[:12])
    began = trio.current_time()
    found = await crawl(shortlist, ask, 3, 0.3, lambda: enough)
    assert trio.current_time() - began < 1
    assert not silent & set(asked[:8])
    assert len(asked) == len(set(asked))
    assert silent & set(asked) == (set() if enough else silent)
    assert found == (everyone[5:13] if enough else [revived, *everyone[5:12]])
