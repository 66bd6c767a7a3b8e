"""A kill at any moment: what was told to be on disk is there, in order, and nothing of it twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import people_rows
from slskmesh.soulseek.letters import State
from slskmesh.soulseek.people_rows import KeptPeople
from slskmesh.store.database import open_store

# Tells ten messages and lines at a time, and says the last one's number once it is on disk.
CHILD = """
import sys
from pathlib import Path
import trio
from slskmesh.soulseek import keeping, people_rows
from slskmesh.soulseek.social import Social
from slskmesh.soulseek.values import RoomJoined, RoomSaid, Whispered
from slskmesh.store.database import open_store
from tests.soulseek.social_double import SocialDouble

keeping.PAUSE = 0.0

async def last(store):
    found = await store.run(people_rows.load_messages, "ann", 1 << 60, 1)
    return int(found[0].text) if found else -1

async def main():
    async with open_store(Path(sys.argv[1])) as store, trio.open_nursery() as nursery:
        client = SocialDouble()
        social = Social(
            store, client, people_rows.KeptPeople(), me=lambda: "me", parse=str, clock=trio.current_time
        )
        client.on_event(social.on_event)
        nursery.start_soon(social.run)
        client.tell(RoomJoined("jazz", ("ann",)))
        social.mail.send("bob", "waits")
        for number in range(100_000):
            client.tell(Whispered("ann", f"{number}", 1.0, live=False))
            client.tell(RoomSaid("jazz", "ann", f"{number}", 1.0))
            if number % 10 == 9:
                while await last(store) < number:
                    pass
                print(number, flush=True)

trio.run(main)
"""


async def on_disk(path: Path) -> tuple[KeptPeople, list[int]]:
    async with open_store(path) as store:
        kept = await store.run(people_rows.load_all)
        messages = await store.run(people_rows.load_messages, "ann", 1 << 60, 1000)
    return kept, [int(message.text) for message in messages]


@pytest.mark.parametrize("told", [1, 40])
def test_what_was_on_disk_outlives_a_kill(tmp_path: Path, told: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "a.db")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(told)]
    finally:
        child.kill()
        child.communicate()
    kept, messages = trio.run(on_disk, tmp_path / "a.db")
    assert messages == list(range(len(messages))) and messages[-1] >= said[-1]
    assert len(kept.digests) == len(messages)
    lines = [int(line.text) for room in kept.rooms for line in room.lines]
    assert lines == list(range(lines[0], lines[-1] + 1))
    (talk,) = [talk for talk in kept.conversations if talk.user == "bob"]
    assert [(message.text, message.state) for message in talk.messages] == [("waits", State.WAITING)]
