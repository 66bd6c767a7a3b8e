"""Private messages: conversations by user, what waits to be sent, what was not read.

Rules:
- A message written while there is no session is kept, shown as waiting and sent in order after the next login; the
  person may take it back until then. It counts as sent when the client had taken it; after a kill in just that moment
  it is sent once more rather than not at all.
- A message that waited on the server for us is kept once, however often it is delivered (same user, time and words).
- The server is told to forget a message once it is written, or known not to be wanted; never before.
- At most 500 conversations and 1,000 messages in each (the last 100 in memory). A new stranger's takes the place of
  the oldest one with a stranger; those we wrote in go last, those with messages waiting never.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import trio

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek import speech
from slskmesh.soulseek.letters import (
    Conversation,
    ConversationStanding,
    KeptConversation,
    Message,
    State,
)
from slskmesh.soulseek.port import Client, Offline
from slskmesh.soulseek.speech import FloodGuard, bounded
from slskmesh.soulseek.values import LegacyEvent, Outcome, ServerChanged, Whispered
from slskmesh.work import LocalBudget

CONVERSATIONS_MAX: Final = 500
WAITING_MAX: Final = 200
DIGESTS_MAX: Final = 20_000
NAME_MAX: Final = 64
AGAIN: Final = 30.0  # seconds after a send that failed without saying why

Heard = Callable[[str, Message], None]


class MailChanges(msgspec.Struct, frozen=True):
    """What is to be written."""

    conversations: tuple[KeptConversation, ...]
    removed: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()  # by which the server is told, once it is


class Mail:
    """All conversations. `mutes`: whose messages are left out; `on_message` hears of each new one that came."""

    def __init__(
        self,
        client: Client,
        clock: Callable[[], float],
        guard: FloodGuard,
        *,
        mutes: Callable[[str], bool] = lambda user: False,
        on_message: Heard = lambda user, message: None,
        on_change: Callable[[], None] = lambda: None,
        restored: Iterable[KeptConversation] = (),
        digests: Iterable[bytes] = (),
    ) -> None:
        self._client = client
        self._clock = clock
        self._guard = guard
        self._mutes = mutes
        self._on_message = on_message
        self._on_change = on_change
        self._talks = {kept.user: Conversation(kept) for kept in restored}
        self._seen = dict.fromkeys(digests)
        waiting = [
            (message.at, user, message.number)
            for user, talk in self._talks.items()
            for message in talk.messages
            if message.state is State.WAITING
        ]
        self._waiting = deque((user, number) for _, user, number in sorted(waiting))
        self._dirty: set[str] = set()
        self._removed: set[str] = set()
        self._came: dict[int, None] = {}  # the server's numbers of what it is to be told of at the next write
        self._sending: tuple[str, int] | None = None
        self._wake = trio.Event()

    # -- what the person does ----------------------------------------------------------------------------------

    def send(self, user: str, text: str) -> Message:
        """Writes a message; it goes out at once, or with the next login. UserError: it does not."""
        speech.line(text)
        speech.user_name(user)
        if len(self._waiting) >= WAITING_MAX:
            raise UserError(f"{WAITING_MAX} messages wait to be sent already; take some back first")
        talk = self._talk(user)
        message = talk.add(self._clock(), text, State.WAITING)
        self._waiting.append((user, message.number))
        self._changed(talk)
        self._wake.set()
        return message

    def withdraw(self, user: str, number: int) -> bool:
        """Takes a message back that was not sent yet; False: it is on its way."""
        talk = self._talks.get(user)
        if talk is None or (user, number) not in self._waiting or (user, number) == self._sending:
            return False
        self._waiting.remove((user, number))
        talk.remove(number)
        self._changed(talk)
        return True

    def read(self, user: str, left: int = 0) -> None:
        """The person saw what is new, but for the last `left` messages."""
        talk = self._talks.get(user)
        if talk is not None and talk.unread > left:
            talk.unread = left
            self._changed(talk)

    def forget(self, user: str) -> None:
        """Drops a conversation with all that was said and waits in it."""
        if user in self._talks:
            self._drop(user)
            self._on_change()

    # -- what comes --------------------------------------------------------------------------------------------

    def on_event(self, event: LegacyEvent) -> bool:
        """Takes an event in; False: it is no message."""
        if isinstance(event, ServerChanged):
            self._came.clear()  # what is not acknowledged by now comes again
            if event.outcome is Outcome.ONLINE:
                self._wake.set()
        if not isinstance(event, Whispered):
            return False
        user = bounded(event.user, NAME_MAX)
        if self._mutes(event.user):
            self._client.acknowledge(event.number)
            return True
        self._came[event.number] = None
        if len(self._came) > DIGESTS_MAX:  # the server delivers it again
            del self._came[next(iter(self._came))]
        text = bounded(event.text)
        digest = digest_of(user, event.when, text)
        if not event.live and digest in self._seen:
            self._on_change()  # it may not be on disk yet: the next write says
            return True
        self._remember(digest)
        talk = self._talk(user)
        message = talk.add(event.when, text, State.CAME if event.live else State.KEPT)
        talk.unread += 1
        self._changed(talk)
        self._on_message(user, message)
        return True

    async def run(self) -> None:
        """Sends what waits, in order, until cancelled."""
        while True:
            self._wake = trio.Event()
            if not self._waiting or not self._client.online:
                await self._wake.wait()
                continue
            user, number = self._waiting[0]
            message = self._talks[user].get(number)
            if message is None:
                self._waiting.popleft()
            elif wait := self._guard.wait(f"@{user}", message.text):
                with trio.move_on_after(wait):
                    await self._wake.wait()
            elif pause := await self._send(user, message):
                with trio.move_on_after(pause):
                    await self._wake.wait()

    async def _send(self, user: str, message: Message) -> float:
        """Sends one; seconds to wait before the next try, 0: go on."""
        self._guard.take(f"@{user}", message.text)
        self._sending = (user, message.number)
        state, why = State.SENT, ""
        try:
            await self._client.whisper(user, message.text, LocalBudget())
        except Offline:
            return AGAIN
        except UserError as error:
            state, why = State.REFUSED, str(error)
        except SlskmeshError:
            return AGAIN
        finally:
            self._sending = None
        if (user, message.number) in self._waiting:
            self._waiting.remove((user, message.number))
        talk = self._talks.get(user)
        if talk is not None:
            talk.settle(message.number, state, why, self._clock())
            self._changed(talk)
        return 0.0

    # -- how it stands -----------------------------------------------------------------------------------------

    def standings(self) -> list[ConversationStanding]:
        """All conversations, the latest first."""
        waiting = Counter(user for user, _ in self._waiting)
        found = (talk.standing(waiting[user]) for user, talk in self._talks.items())
        return sorted(found, key=lambda one: -one.last)

    def messages(self, user: str, after: int = 0) -> Sequence[Message]:
        """Messages in memory with greater numbers than `after`, oldest first; earlier ones are in the store."""
        talk = self._talks.get(user)
        return [message for message in talk.messages if message.number > after] if talk is not None else []

    def take_changes(self) -> MailChanges | None:
        """What changed since the last call."""
        if not self._dirty and not self._removed and not self._came:
            return None
        talks = tuple(self._talks[user].take() for user in self._dirty if user in self._talks)
        changes = MailChanges(talks, tuple(self._removed), tuple(self._came))
        self._dirty.clear()
        self._removed.clear()
        self._came.clear()
        return changes

    def written(self, changes: MailChanges) -> None:
        """What `take_changes` gave is on disk: the server may forget the messages in it."""
        for number in changes.numbers:
            self._client.acknowledge(number)

    def put_back(self, changes: MailChanges) -> None:
        """What `take_changes` gave could not be written."""
        for kept in changes.conversations:
            if (talk := self._talks.get(kept.user)) is not None:
                talk.put_back(kept)
                self._dirty.add(kept.user)
        self._removed.update(changes.removed)
        self._came.update(dict.fromkeys(changes.numbers))

    # -- inside ------------------------------------------------------------------------------------------------

    def _talk(self, user: str) -> Conversation:
        if user not in self._talks:
            if len(self._talks) >= CONVERSATIONS_MAX:
                self._drop(self._least())
            self._talks[user] = Conversation(KeptConversation(user))
        return self._talks[user]

    def _least(self) -> str:
        """Whose conversation is missed least. Not all can have messages waiting: fewer may wait than there are."""
        busy = {user for user, _ in self._waiting}
        idle = [talk for user, talk in self._talks.items() if user not in busy]
        return min(idle, key=lambda talk: (talk.wrote, talk.last)).user

    def _drop(self, user: str) -> None:
        del self._talks[user]
        self._waiting = deque(place for place in self._waiting if place[0] != user)
        self._dirty.discard(user)
        self._removed.add(user)

    def _remember(self, digest: bytes) -> None:
        self._seen[digest] = None
        if len(self._seen) > DIGESTS_MAX:
            del self._seen[next(iter(self._seen))]

    def _changed(self, talk: Conversation) -> None:
        self._dirty.add(talk.user)
        self._on_change()


def digest_of(user: str, when: float, text: str) -> bytes:
    """By what a message is known again."""
    words = f"{user}\0{int(when)}\0{text}".encode("utf-8", "replace")
    return hashlib.blake2b(words, digest_size=8).digest()
