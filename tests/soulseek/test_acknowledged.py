"""A private message is on our disk or on the server, whenever we are killed: the demo's server, a real client."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import trio
from aioslsk.protocol import messages as m
from trio.testing import wait_all_tasks_blocked

from slskmesh.soulseek import people_rows
from slskmesh.soulseek.letters import State
from slskmesh.soulseek.social import Social
from slskmesh.soulseek.values import LegacyEvent, Outcome, Whispered
from slskmesh.store.database import open_store
from tests.demo.soulseek_line import ServerProcess

from .scripted import Person

# Takes messages in, and says so when the first one is about to be written; the write never ends.
KILLED = """
import sys, time
from pathlib import Path
import trio
from slskmesh.soulseek import people_rows
from tests.soulseek.test_acknowledged import session

def stuck(changes):
    print("writing", flush=True)
    time.sleep(600)

people_rows.save_mail = stuck
trio.run(session, Path(sys.argv[1]), int(sys.argv[2]))
"""


async def session(path: Path, port: int, until: int = 1 << 30) -> None:
    """Anna is on the server until so many messages are on her disk and the server was told."""
    anna = Person("anna")
    async with open_store(path) as store, trio.open_nursery() as nursery:
        kept = await store.run(people_rows.load_all)
        social = Social(store, anna.client, kept, me=lambda: "anna", parse=str, clock=time.time)

        def hear(event: LegacyEvent) -> None:
            social.on_event(event)
            anna._hear(event)

        anna.client.on_event(hear)
        await nursery.start(anna.client.run)
        nursery.start_soon(social.run)
        assert await anna.client.connect(anna.line(port)) is Outcome.ONLINE
        with trio.fail_after(120):
            await anna.hears(lambda event: isinstance(event, Whispered), 120)
            while len(await store.run(people_rows.load_messages, "bob", 1 << 60, 100)) < until:  # noqa: ASYNC110
                await trio.sleep(0.02)  # the server sends the rest
            await wait_all_tasks_blocked()
        await anna.client.disconnect()
        nursery.cancel_scope.cancel()


async def on_disk(path: Path) -> list[tuple[str, State]]:
    async with open_store(path) as store:
        found = await store.run(people_rows.load_messages, "bob", 1 << 60, 100)
    return [(message.text, message.state) for message in found]


def waiting(server: ServerProcess) -> list[str]:
    """What the server still keeps for Anna."""
    with server.line() as line:
        assert line.login("anna", "secret word").success
        line.send(m.CheckPrivileges.Request())
        found = []
        while not isinstance(message := line.next(), m.CheckPrivileges.Response):
            assert message is not None
            if isinstance(message, m.PrivateChatMessage.Response):
                found.append(message.message)
        return found


def test_a_kill_before_the_write_leaves_it_on_the_server(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with ServerProcess(tmp_path) as server:
        port = int(server.address.rpartition(":")[2])
        assert waiting(server) == []  # now the server knows her
        with server.line() as bob:
            assert bob.login("bob").success
            bob.send(*(m.PrivateChatMessage.Request("anna", f"letter {number}") for number in range(3)))
            bob.send(m.CheckPrivileges.Request())
            bob.expect(m.CheckPrivileges.Response)  # of three before it
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), str(port)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "writing\n"
        finally:
            child.kill()
            child.communicate()
        texts = [f"letter {number}" for number in range(3)]
        assert waiting(server) == texts
        assert trio.run(on_disk, path) == []
        trio.run(session, path, port, 3)
        assert trio.run(on_disk, path) == [(text, State.KEPT) for text in texts]
        assert waiting(server) == []
