"""One conversation of private messages. Pure.

Rules:
- Messages are numbered; those in memory are the last ones and all that wait to be sent. What changed since it was last
  written is known by number, so that a write that failed is taken up again.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

MEMORY_MAX: Final = 100
UNWRITTEN_MAX: Final = 500  # in memory besides, while nothing can be written
MESSAGES_KEPT: Final = 1000  # on disk


class State(enum.Enum):
    """Where a message stands."""

    CAME = "came"
    KEPT = "kept"  # came, having waited on the server while we were away
    WAITING = "waiting"  # ours, not sent yet
    SENT = "sent"
    REFUSED = "refused"  # ours, cannot be sent


class Message(msgspec.Struct, frozen=True):
    """One message, as the network gave it. `at` is Unix seconds; `why` of a refused one."""

    number: int
    at: float
    text: str
    state: State
    why: str = ""

    @property
    def own(self) -> bool:
        """Whether we wrote it."""
        return self.state not in (State.CAME, State.KEPT)


class KeptConversation(msgspec.Struct, frozen=True):
    """A conversation as it is stored; of changes `messages` has what is new or changed, `gone` numbers taken out."""

    user: str
    unread: int = 0
    wrote: bool = False
    last: float = 0.0
    messages: tuple[Message, ...] = ()
    gone: tuple[int, ...] = ()
    newest: int = 0  # number of the last message ever


class ConversationStanding(msgspec.Struct, frozen=True):
    """A conversation for a list."""

    user: str
    unread: int
    waiting: int
    last: float
    text: str  # of the last message


class Conversation:
    """See the head of this file."""

    def __init__(self, kept: KeptConversation) -> None:
        self.user = kept.user
        self.unread = kept.unread
        self.wrote = kept.wrote
        self.last = kept.last
        self._messages = {message.number: message for message in kept.messages}
        self._number = max(kept.newest, kept.messages[-1].number if kept.messages else 0)
        self._dirty: set[int] = set()
        self._gone: set[int] = set()

    @property
    def messages(self) -> list[Message]:
        """In memory, oldest first."""
        return list(self._messages.values())

    def get(self, number: int) -> Message | None:
        """The message of that number, if it is in memory."""
        return self._messages.get(number)

    def add(self, at: float, text: str, state: State) -> Message:
        """One more."""
        self._number += 1
        message = Message(self._number, at, text, state)
        self._messages[self._number] = message
        self._dirty.add(self._number)
        self.last = max(self.last, at)
        self.wrote = self.wrote or message.own
        self._bound()
        return message

    def settle(self, number: int, state: State, why: str, at: float) -> None:
        """What became of one that waited; it stands where it was written."""
        if (message := self._messages.get(number)) is not None:
            self._messages[number] = msgspec.structs.replace(message, state=state, why=why, at=at)
            self._dirty.add(number)

    def remove(self, number: int) -> None:
        """Takes one out."""
        if self._messages.pop(number, None) is not None:
            self._dirty.discard(number)
            self._gone.add(number)

    def standing(self, waiting: int) -> ConversationStanding:
        """For a list; `waiting`: how many messages are not sent yet."""
        messages = self._messages
        text = messages[next(reversed(messages))].text if messages else ""
        return ConversationStanding(self.user, self.unread, waiting, self.last, text)

    def take(self) -> KeptConversation:
        """What is to be written."""
        fresh = tuple(self._messages[number] for number in sorted(self._dirty) if number in self._messages)
        gone = tuple(self._gone)
        self._dirty.clear()
        self._gone.clear()
        self._bound()
        return KeptConversation(self.user, self.unread, self.wrote, self.last, fresh, gone, self._number)

    def put_back(self, kept: KeptConversation) -> None:
        """What `take` gave could not be written."""
        for message in kept.messages:
            if message.number not in self._gone:
                self._messages.setdefault(message.number, message)
                self._dirty.add(message.number)
        self._gone.update(kept.gone)
        self._messages = dict(sorted(self._messages.items()))

    def _bound(self) -> None:
        """Drops the oldest from memory; those that wait stay, those not written yet to a bound of their own."""
        over = len(self._messages) - MEMORY_MAX
        if over <= 0:
            return
        for number, message in list(self._messages.items()):
            held = message.state is State.WAITING or (number in self._dirty and over <= UNWRITTEN_MAX)
            if not held:
                del self._messages[number]
                self._dirty.discard(number)
                over -= 1
            if over <= 0:
                return
