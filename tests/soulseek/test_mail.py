"""Private messages: kept once, sent in order when there is a session, never lost by a lost line or a full disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from slskmesh.errors import UserError
from slskmesh.soulseek import letters, mail, people_rows
from slskmesh.soulseek.letters import Conversation, KeptConversation, Message, State
from slskmesh.soulseek.mail import Mail, digest_of
from slskmesh.soulseek.speech import LIMITS, FloodGuard
from slskmesh.soulseek.values import Whispered
from slskmesh.store.database import open_store

from .social_double import SocialDouble


class Post:
    """Mail on a double."""

    def __init__(
        self,
        restored: list[KeptConversation] | None = None,
        digests: list[bytes] | None = None,
        clock: Callable[[], float] = lambda: 1000.0,
    ) -> None:
        self.client = SocialDouble()
        self.came: list[tuple[str, str]] = []
        self.mail = Mail(
            self.client,
            clock,
            FloodGuard(clock),
            mutes=lambda user: user == "spam",
            on_message=lambda user, message: self.came.append((user, message.text)),
            restored=restored or (),
            digests=digests or (),
        )
        self.client.on_event(self.mail.on_event)

    def states(self, user: str) -> list[State]:
        return [message.state for message in self.mail.messages(user)]


def virtual(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_what_is_written_offline_waits_and_goes_out_in_order_after_the_login() -> None:
    async def main() -> None:
        post = Post(clock=trio.current_time)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(post.mail.run)
            texts = [f"message {count}" for count in range(12)]
            for text in texts:
                post.mail.send("ann", text)
            await trio.sleep(100)
            assert post.client.whispered == [] and set(post.states("ann")) == {State.WAITING}
            assert post.mail.standings()[0].waiting == 12
            began = trio.current_time()
            post.client.log_in()
            await post.client.until(lambda: len(post.client.whispered) == 12)
            assert post.client.whispered == [("ann", text) for text in texts]
            most, span = LIMITS[0]
            assert trio.current_time() - began >= span * (11 // most)  # the flood guard holds for these too
            await trio.sleep(1)
            assert set(post.states("ann")) == {State.SENT}
            nursery.cancel_scope.cancel()

    virtual(main)


def test_a_line_lost_while_sending_keeps_the_message_and_what_cannot_be_sent_says_why() -> None:
    async def main() -> None:
        post = Post(clock=trio.current_time)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(post.mail.run)
            post.client.log_in()
            post.client.refused_texts.add("bad")
            post.mail.send("ann", "bad")
            await trio.sleep(1)
            assert post.states("ann") == [State.REFUSED]
            assert post.mail.messages("ann")[0].why == "this cannot be sent"
            post.client.lose()
            post.mail.send("ann", "good")
            await trio.sleep(1)
            post.client.log_in()
            await trio.sleep(1)
            assert post.client.whispered == [("ann", "good")]
            nursery.cancel_scope.cancel()

    virtual(main)


async def test_a_waiting_message_can_be_taken_back() -> None:
    post = Post()
    first, second = post.mail.send("ann", "one"), post.mail.send("ann", "two")
    assert post.mail.withdraw("ann", first.number)
    assert not post.mail.withdraw("ann", first.number) and not post.mail.withdraw("bob", 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(post.mail.run)
        post.client.log_in()
        await wait_all_tasks_blocked()
        assert post.client.whispered == [("ann", "two")]
        assert not post.mail.withdraw("ann", second.number)
        nursery.cancel_scope.cancel()


async def test_offline_messages_are_kept_once_however_often_they_are_delivered() -> None:
    post = Post()
    for _ in range(3):
        post.client.tell(Whispered("ann", "while you were away", 50.0, live=False))
    post.client.tell(Whispered("ann", "while you were away", 51.0, live=False))
    post.client.tell(Whispered("ann", "ok", 60.0))
    post.client.tell(Whispered("ann", "ok", 60.0))  # said twice in a second: two messages
    post.client.tell(Whispered("ann", "ok", 60.0, live=False))  # the same again: not acknowledged in time
    assert post.states("ann") == [State.KEPT, State.KEPT, State.CAME, State.CAME]
    assert post.mail.standings()[0].unread == 4 == len(post.came)
    post.mail.read("ann")
    assert post.mail.standings()[0].unread == 0


async def test_they_are_known_again_after_a_restart(tmp_path: Path) -> None:
    post = Post()
    post.client.tell(Whispered("ann", "hello", 50.9, live=False))
    post.mail.send("bob", "waits")
    changes = post.mail.take_changes()
    assert changes is not None
    async with open_store(tmp_path / "a.db") as store:
        await store.run(people_rows.save_mail, changes)
        restored = await store.run(people_rows.load_conversations)
        digests = await store.run(people_rows.load_digests)
    again = Post(restored, digests)
    again.client.tell(Whispered("ann", "hello", 50.0, live=False))
    assert again.states("ann") == [State.KEPT] and again.came == []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(again.mail.run)
        again.client.log_in()
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert again.client.whispered == [("bob", "waits")]


def test_the_server_may_forget_a_message_once_it_is_written() -> None:
    post = Post()
    post.client.log_in()
    post.client.tell(Whispered("ann", "hello", 50.0, number=3))
    post.client.tell(Whispered("spam", "buy", 50.0, number=4))  # nothing is kept of it
    assert post.client.acknowledged == [4]
    changes = post.mail.take_changes()
    assert changes is not None and changes.numbers == (3,)
    post.mail.put_back(changes)  # a full disk
    post.client.tell(Whispered("ann", "hello", 50.0, live=False, number=5))  # known, and not on disk either
    assert post.client.acknowledged == [4]
    again = post.mail.take_changes()
    assert again is not None and set(again.numbers) == {3, 5}
    assert [talk.user for talk in again.conversations] == ["ann"] and post.mail.take_changes() is None
    post.mail.written(again)
    assert sorted(post.client.acknowledged) == [3, 4, 5]
    post.client.tell(Whispered("ann", "hello", 50.0, live=False, number=6))
    known = post.mail.take_changes()
    assert known is not None and not known.conversations and known.numbers == (6,)


def test_what_is_not_acknowledged_is_left_to_the_next_session() -> None:
    post = Post()
    post.client.log_in()
    post.client.tell(Whispered("ann", "hello", 50.0, number=3))
    post.client.lose()
    post.client.log_in()  # perhaps another server, whose numbers are others
    changes = post.mail.take_changes()
    assert changes is not None and changes.conversations and changes.numbers == ()


async def test_muted_users_and_lines_that_cannot_be_sent() -> None:
    post = Post()
    post.client.tell(Whispered("spam", "buy", 1.0))
    assert post.mail.standings() == []
    for user, text in (("", "x"), ("x" * 31, "x"), ("ann", ""), ("ann", "a\nb"), ("ann", "x" * 2049)):
        with pytest.raises(UserError):
            post.mail.send(user, text)
    for count in range(mail.WAITING_MAX):
        post.mail.send("ann", f"{count}")
    with pytest.raises(UserError, match="take some back"):
        post.mail.send("ann", "one more")
    assert len(post.mail.messages("ann")) == mail.WAITING_MAX  # none of them went from memory


async def test_strangers_push_out_strangers_and_not_those_we_wrote_to() -> None:
    post = Post()
    post.mail.send("friend", "hello")
    post.client.tell(Whispered("friend", "hello", 1.0))
    for count in range(mail.CONVERSATIONS_MAX + 20):
        post.client.tell(Whispered(f"stranger {count}", "x" * 9000, 10.0 + count))
    users = {one.user for one in post.mail.standings()}
    assert len(users) == mail.CONVERSATIONS_MAX and "friend" in users
    assert "stranger 0" not in users and "stranger 519" in users
    assert all(len(one.text) <= 2048 for one in post.mail.standings())
    changes = post.mail.take_changes()
    assert changes is not None and "stranger 0" in changes.removed


async def test_on_disk_each_conversation_has_its_bound_and_waiting_ones_stay(tmp_path: Path) -> None:
    post = Post()
    waiting = post.mail.send("ann", "waits")
    async with open_store(tmp_path / "a.db") as store:
        for part in range(6):
            for count in range(200):
                post.client.tell(Whispered("ann", f"{part} {count}", 1.0))
            changes = post.mail.take_changes()
            assert changes is not None
            await store.run(people_rows.save_mail, changes)
        assert len(post.mail.messages("ann")) <= letters.MEMORY_MAX + 1
        (talk,) = await store.run(people_rows.load_conversations)
        assert talk.messages[0] == waiting and len(talk.messages) == letters.MEMORY_MAX + 1
        earlier = await store.run(people_rows.load_messages, "ann", talk.messages[1].number, 5000)
        assert len(await store.run(people_rows.load_messages, "ann", 2**70, 5)) == 5
        assert await store.run(people_rows.load_messages, "ann", -(2**70), 5) == []
    assert len(earlier) == letters.MESSAGES_KEPT - letters.MEMORY_MAX + 1
    assert [one.number for one in earlier] == sorted(one.number for one in earlier)


@given(st.lists(st.sampled_from(["came", "own", "settle", "remove", "take", "fail"]), max_size=300))
def test_no_message_is_lost_by_writes_that_fail(steps: list[str]) -> None:
    talk, disk = Conversation(KeptConversation("ann")), dict[int, Message]()
    written: list[int] = []
    for step in steps:
        if step == "came":
            written.append(talk.add(1.0, "x", State.CAME).number)
        elif step == "own":
            written.append(talk.add(1.0, "x", State.WAITING).number)
        elif step == "settle" and written:
            talk.settle(written[-1], State.SENT, "", 2.0)
        elif step == "remove" and written:
            talk.remove(written.pop())
        elif step in ("take", "fail"):
            kept = talk.take()
            if step == "fail":
                talk.put_back(kept)
            else:
                _write(disk, kept)
    _write(disk, talk.take())
    assert sorted(disk) == written
    assert all(disk[message.number] == message for message in talk.messages)
    assert len(talk.messages) <= max(letters.MEMORY_MAX + letters.UNWRITTEN_MAX, len(written))


def _write(disk: dict[int, Message], kept: KeptConversation) -> None:
    for number in kept.gone:
        disk.pop(number, None)
    disk.update({message.number: message for message in kept.messages})


def test_a_digest_is_of_user_time_and_words() -> None:
    digests = {
        digest_of("a", 1.0, "b"),
        digest_of("a", 2.0, "b"),
        digest_of("ab", 1.0, ""),
        digest_of("a", 1.9, "b"),
    }
    assert len(digests) == 3
