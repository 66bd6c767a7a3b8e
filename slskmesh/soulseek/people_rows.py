"""People, wishes and words on disk. Functions for the database thread: they take and return values, never models.

Rules: tables are cut to their bounds as they are written; rows that no longer read are left out, never guessed at.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from slskmesh.soulseek import blocklist, chatter, letters, mail
from slskmesh.soulseek.blocklist import Rule, Scope
from slskmesh.soulseek.chatter import KeptRoom, RoomLine
from slskmesh.soulseek.letters import KeptConversation, Message, State
from slskmesh.soulseek.mail import MailChanges
from slskmesh.soulseek.people import PeopleChanges
from slskmesh.soulseek.people_lists import BUDDIES_MAX, Buddy
from slskmesh.soulseek.rooms import ROOMS_MAX, RoomChanges
from slskmesh.soulseek.wishes import WISHES_MAX, Auto, Phase, Wish, WishChanges
from slskmesh.store.models.legacy_people import (
    LegacyBlock,
    LegacyBuddy,
    LegacyConversation,
    LegacyMessage,
    LegacyRoom,
    LegacyRoomLine,
    LegacyWish,
)

_NUMBER_MAX: Final = 2**63 - 1  # what a column of whole numbers holds
_DIGEST: Final = 8


class KeptPeople(msgspec.Struct, frozen=True):
    """All of it, as it was when the engine ended."""

    rooms: tuple[KeptRoom, ...] = ()
    conversations: tuple[KeptConversation, ...] = ()
    digests: tuple[bytes, ...] = ()  # of messages that came, for `mail`
    buddies: tuple[Buddy, ...] = ()
    rules: tuple[Rule, ...] = ()
    wishes: tuple[Wish, ...] = ()


def load_all() -> KeptPeople:
    """What `soulseek.social.Social` begins with."""
    return KeptPeople(
        tuple(load_rooms()),
        tuple(load_conversations()),
        tuple(load_digests()),
        tuple(load_buddies()),
        tuple(load_rules()),
        tuple(load_wishes()),
    )


# -- rooms ------------------------------------------------------------------------------------------------------------


def load_rooms() -> list[KeptRoom]:
    """All rooms in the order they were joined, each with its last lines."""
    rows: Any = (
        LegacyRoom.select().order_by(LegacyRoom.wanted.desc(), LegacyRoom.added).limit(ROOMS_MAX).tuples()
    )
    return [
        KeptRoom(name, bool(wanted), bool(private), unread, mentions, added, _lines(name))
        for name, wanted, private, unread, mentions, added in rows
    ]


def _lines(room: str) -> tuple[RoomLine, ...]:
    table: Any = LegacyRoomLine
    query = table.select(table.number, table.at, table.user, table.text, table.kind)
    rows = query.where(table.room == room).order_by(table.number.desc()).limit(chatter.LINES_KEPT).tuples()
    kinds = {kind.value: kind for kind in chatter.Kind}
    found = [
        RoomLine(number, at, user, text, kinds[kind])
        for number, at, user, text, kind in rows
        if kind in kinds
    ]
    return tuple(reversed(found))


def save_rooms(changes: RoomChanges) -> None:
    """Writes rooms with their new lines, and cuts each to its last ones."""
    room_table: Any = LegacyRoom  # peewee's query builders are not annotated
    line_table: Any = LegacyRoomLine
    for name in changes.removed:
        LegacyRoom.delete().where(LegacyRoom.name == name).execute()
        LegacyRoomLine.delete().where(LegacyRoomLine.room == name).execute()
    for room in changes.rooms:
        room_table.replace(
            name=room.name,
            wanted=room.wanted,
            private=room.private,
            unread=room.unread,
            mentions=room.mentions,
            added=room.added,
        ).execute()
        for said in room.lines:
            line_table.replace(
                room=room.name,
                number=said.number,
                at=said.at,
                user=said.user,
                text=said.text,
                kind=said.kind.value,
            ).execute()
        if room.lines:
            oldest = room.lines[-1].number - chatter.LINES_KEPT
            line_table.delete().where(line_table.room == room.name, line_table.number <= oldest).execute()


# -- messages ---------------------------------------------------------------------------------------------------------


def load_conversations() -> list[KeptConversation]:
    """All conversations, each with its last messages and those that wait to be sent."""
    rows: Any = LegacyConversation.select().order_by(LegacyConversation.last.desc())
    return [
        KeptConversation(
            user, unread, bool(wrote), last, messages, (), messages[-1].number if messages else 0
        )
        for user, unread, wrote, last in rows.limit(mail.CONVERSATIONS_MAX).tuples()
        for messages in [_last_messages(user)]
    ]


def _last_messages(user: str) -> tuple[Message, ...]:
    table: Any = LegacyMessage
    query = _messages_of(user)
    found = {message.number: message for message in _read(query.limit(letters.MEMORY_MAX))}
    waiting = query.where(table.state == State.WAITING.value).limit(mail.WAITING_MAX)
    found |= {message.number: message for message in _read(waiting)}
    return tuple(found[number] for number in sorted(found))


def load_messages(user: str, before: int, limit: int) -> list[Message]:
    """Earlier messages with a user, with numbers less than `before`; oldest first."""
    before = max(0, min(before, _NUMBER_MAX))
    query = _messages_of(user).where(LegacyMessage.number < before)
    return list(reversed(_read(query.limit(min(limit, letters.MESSAGES_KEPT)))))


def load_digests() -> list[bytes]:
    """Of the last messages that came, oldest first."""
    table: Any = LegacyMessage
    came = (State.CAME.value, State.KEPT.value)
    rows = table.select(table.user, table.at, table.text).where(table.state.in_(came))
    latest = rows.order_by(table.at.desc()).limit(mail.DIGESTS_MAX).tuples()
    return [mail.digest_of(user, at, text) for user, at, text in latest][::-1]


def _messages_of(user: str) -> Any:
    table: Any = LegacyMessage
    query = table.select(table.number, table.at, table.text, table.state, table.why)
    return query.where(table.user == user).order_by(table.number.desc())


def _read(query: Any) -> list[Message]:
    states = {state.value: state for state in State}
    return [
        Message(number, at, text, states[state], why)
        for number, at, text, state, why in query.tuples()
        if state in states
    ]


def save_mail(changes: MailChanges) -> None:
    """Writes conversations with what is new in them, and cuts each to its bound; what waits is never cut."""
    talk_table: Any = LegacyConversation
    table: Any = LegacyMessage
    for user in changes.removed:
        LegacyConversation.delete().where(LegacyConversation.user == user).execute()
        LegacyMessage.delete().where(LegacyMessage.user == user).execute()
    for talk in changes.conversations:
        talk_table.replace(user=talk.user, unread=talk.unread, wrote=talk.wrote, last=talk.last).execute()
        for number in talk.gone:
            table.delete().where(table.user == talk.user, table.number == number).execute()
        for message in talk.messages:
            table.replace(
                user=talk.user,
                number=message.number,
                at=message.at,
                text=message.text,
                state=message.state.value,
                why=message.why,
            ).execute()
        old = table.number <= talk.newest - letters.MESSAGES_KEPT
        table.delete().where(table.user == talk.user, old, table.state != State.WAITING.value).execute()


# -- people -----------------------------------------------------------------------------------------------------------


def load_buddies() -> list[Buddy]:
    """The buddy list."""
    rows: Any = LegacyBuddy.select().order_by(LegacyBuddy.added).limit(BUDDIES_MAX).tuples()
    return [
        Buddy(name, note, bool(trusted), bool(notify), added, seen)
        for name, note, trusted, notify, added, seen in rows
    ]


def load_rules() -> list[Rule]:
    """Bans and ignores, oldest first; networks that no longer read are left out."""
    rows: Any = LegacyBlock.select().order_by(LegacyBlock.added.desc()).limit(blocklist.RULES_MAX).tuples()
    rules = [
        Rule(target, Scope(scope & 7), bool(address), note, added)
        for address, target, scope, note, added in rows
        if not address or blocklist.network_of(target) is not None
    ]
    return rules[::-1]


def save_people(changes: PeopleChanges) -> None:
    """Writes buddies and rules, and takes others out."""
    buddy_table: Any = LegacyBuddy
    block_table: Any = LegacyBlock
    for name in changes.buddies_gone:
        LegacyBuddy.delete().where(LegacyBuddy.name == name).execute()
    for address, target in changes.rules_gone:
        block_table.delete().where(block_table.address == address, block_table.target == target).execute()
    for one in changes.buddies:
        buddy_table.replace(**msgspec.structs.asdict(one)).execute()
    for rule in changes.rules:
        block_table.replace(
            address=rule.address,
            target=rule.target,
            scope=int(rule.scope),
            note=rule.note,
            added=rule.added,
        ).execute()


# -- wishes -----------------------------------------------------------------------------------------------------------


def load_wishes() -> list[Wish]:
    """All wishes, the oldest first."""
    rows: Any = LegacyWish.select().order_by(LegacyWish.id).limit(WISHES_MAX).dicts()
    autos = {auto.value: auto for auto in Auto}
    phases = {phase.value: phase for phase in Phase}
    return [
        Wish(
            **{
                **{field: value for field, value in row.items() if field != "sieve"},
                "filter": row["sieve"],
                "auto": autos.get(row["auto"], Auto.OFF),
                "phase": phases.get(row["phase"], Phase.PAUSED),
                "took": bytes(row["took"]),
                "seen": _parted(row["seen"]),
                "tried": _parted(row["tried"]),
            }
        )
        for row in rows
    ]


def _parted(raw: bytes) -> tuple[bytes, ...]:
    raw = bytes(raw)
    return tuple(raw[at : at + _DIGEST] for at in range(0, len(raw), _DIGEST))


def save_wishes(changes: WishChanges) -> None:
    """Writes wishes, and takes others out."""
    table: Any = LegacyWish
    for id in changes.gone:
        LegacyWish.delete().where(LegacyWish.id == id).execute()
    for wish in changes.wishes:
        row = msgspec.structs.asdict(wish)
        row["sieve"] = row.pop("filter")
        row.update(
            auto=wish.auto.value,
            phase=wish.phase.value,
            seen=b"".join(wish.seen),
            tried=b"".join(wish.tried),
        )
        table.replace(**row).execute()
