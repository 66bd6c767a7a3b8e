"""Views of rooms, messages, people and wishes for tests. Synthetic data, all fixed."""

from __future__ import annotations

from slskmesh.engine.events import Event
from slskmesh.engine.legacy_events import ChatLines, OffersShown, RoomsShown, UserShown
from slskmesh.engine.legacy_views import (
    BuddyView,
    ChatLineView,
    ChatsView,
    ChatView,
    ConversationView,
    ModeView,
    OfferView,
    PeopleView,
    RoomInfoView,
    RoomView,
    RuleView,
    WishesView,
    WishView,
)
from slskmesh.engine.views import View
from tests.tui.fake import NOW, everything, s

MIB = 1024**2
USERS = ("kessel", "lowpass", "dubmaster", "tape_hiss", "dj shadow", "vinyl_b", "Lennart", "me_myself")
WORDS = (
    "morning",
    "re-rip done, log scores 100",
    "anyone have the 2013 promo of this? mine has clipping on B2, and the other copy I found is a transcode",
    "yes, look at https://example.org/releases/2013 (second pressing)",
    "/me puts the kettle on",
    "lena: can you share the crate again? your folder was empty this morning",
    "[b]bold?[/b] no, plain",
)


def mode(**changes: object) -> ModeView:
    values: dict[str, object] = {
        "mode": "hybrid",
        "health": "healthy",
        "since": NOW - 600,
        "reason": s("the server answers"),
        "phase": "online",
        "username": s("lena"),
        "chat": s("rooms and private messages"),
        "rooms": True,
    }
    values.update(changes)
    return ModeView(**values)  # type: ignore[arg-type]


def lost() -> ModeView:
    return mode(
        health="degraded",
        phase="waiting",
        what=s("the line to the server was lost"),
        chat=s("rooms while the server is there; messages wait to be sent"),
    )


def disaster() -> ModeView:
    return mode(
        mode="disaster",
        health="unavailable",
        phase="waiting",
        rooms=False,
        reason=s("nothing was heard of the server for 10 minutes"),
        what=s("the server cannot be reached"),
        chat=s("Soulseek rooms are away until the server is back; you stay a member of them"),
    )


def room(name: str = "ambient", **changes: object) -> RoomView:
    values: dict[str, object] = {"wanted": True, "joined": True, "users": len(USERS), "tickers": 2}
    values.update(changes)
    return RoomView(s(name), **values)  # type: ignore[arg-type]


def talk(name: str = "kessel", **changes: object) -> ConversationView:
    values: dict[str, object] = {"last": NOW - 60, "text": s("see you"), "state": "online"}
    values.update(changes)
    return ConversationView(s(name), **values)  # type: ignore[arg-type]


def chats(**changes: object) -> ChatsView:
    values: dict[str, object] = {
        "rooms": (
            room("ambient", unread=3, mentions=1),
            room("Dub Techno"),
            room("vinyl & rips", joined=False, unread=14),
            room("secret", joined=False, wanted=False, fault=s("the room is private")),
        ),
        "conversations": (talk("kessel", unread=1), talk("dj shadow", state="offline", waiting=1)),
    }
    values.update(changes)
    return ChatsView(**values)  # type: ignore[arg-type]


def people_in(name: str = "ambient", **changes: object) -> ChatView:
    values: dict[str, object] = {
        "joined": True,
        "users": (*map(s, USERS), s("lena")),
        "tickers": ((s("kessel"), s("new rips every sunday")), (s("vinyl_b"), s("looking for Pole - 1"))),
    }
    values.update(changes)
    return ChatView(True, s(name), **values)  # type: ignore[arg-type]


def said(number: int, kind: str = "", text: str = "", user: str = "", **changes: object) -> ChatLineView:
    """Line `number`, two minutes after the one before."""
    words = text or WORDS[number % len(WORDS)]
    values: dict[str, object] = {
        "number": number,
        "at": NOW - 3000 + 120 * number,
        "user": s(user or USERS[number % 4]),
        "text": s(words),
        "kind": kind or ("mention" if words.startswith("lena:") else "said"),
    }
    values.update(changes)
    return ChatLineView(**values)  # type: ignore[arg-type]


def lines(count: int = 20, name: str = "ambient", first: int = 1) -> ChatLines:
    return ChatLines(True, s(name), tuple(said(n) for n in range(first, first + count)))


def letters(name: str = "kessel", first: int = 101, count: int = 6, earlier: bool = False) -> ChatLines:
    """Messages with a user: every third is ours, the last two wait and were refused."""
    kinds = ("came", "sent", "came")
    newest = first + count + 1
    begin = NOW - 90_000 if earlier else NOW
    made = [said(n, kinds[n % 3], user=name, at=begin - 90 * (newest - n)) for n in range(first, newest - 1)]
    if not earlier:
        made.append(said(newest - 1, "waiting", "are you there?", name, at=NOW - 90))
        why = s("this user does not exist")
        made.append(said(newest, "refused", "x", name, at=NOW - 30, why=why))
    return ChatLines(False, s(name), tuple(made), earlier)


def rooms_shown(query: int, count: int = 40, **changes: object) -> RoomsShown:
    found = tuple(
        RoomInfoView(s(f"room {n:02}" if n else "ambient"), 900 - 20 * n, n % 7 == 3, n == 0)
        for n in range(count)
    )
    values: dict[str, object] = {"rooms": found, "total": 3124}
    values.update(changes)
    return RoomsShown(query, **values)  # type: ignore[arg-type]


def buddy(name: str, **changes: object) -> BuddyView:
    return BuddyView(s(name), **({"state": "offline", "last_seen": NOW - 90_000} | changes))  # type: ignore[arg-type]


def people(**changes: object) -> PeopleView:
    values: dict[str, object] = {
        "buddies": (
            buddy("dj shadow", note=s("records from the shop"), notify=True),
            buddy("kessel", state="online", trusted=True, note=s("lossless only")),
            buddy("Lennart", state="away"),
            buddy("nobody_yet", last_seen=0.0, state="unknown"),
        ),
        "rules": (
            RuleView(s("spam*"), False, ("results", "chat", "transfers"), s("the usual"), NOW - 3600),
            RuleView(s("192.0.2.0/24"), True, ("transfers",), s(""), NOW - 90_000),
            RuleView(s("loudmouth"), False, ("results", "chat"), s(""), NOW - 900_000),
        ),
    }
    values.update(changes)
    return PeopleView(**values)  # type: ignore[arg-type]


def user_shown(query: int, name: str = "kessel", **changes: object) -> UserShown:
    values: dict[str, object] = {
        "user": s(name),
        "text": s("Lossless rips of my own records. Ask before you take more than 20 GB."),
        "slots": 3,
        "queue": 12,
        "free_slot": True,
        "picture": 40_000,
        "state": "online",
        "received": 8 * 1024**3,
        "sent": 512 * MIB,
    }
    values.update(changes)
    return UserShown(query, **values)  # type: ignore[arg-type]


def wish(number: int, **changes: object) -> WishView:
    texts = ("marit holm harbour lights", "oskar vind", "the lanterns paper moons", "pole 1 flac")
    phases = ("looking", "looking", "taking", "paused")
    values: dict[str, object] = {
        "wish": number + 1,
        "text": s(texts[number % 4]),
        "filter": s("lossless" if number % 2 else ""),
        "auto": number % 2 == 0,
        "phase": phases[number % 4],
        "runs": number * 3,
        "hits": number * 2,
        "fresh": number if number < 3 else 0,
        "ran_at": NOW - 700 * number if number else 0.0,
        "note": s("takes 9 files from kessel" if number % 4 == 2 else ""),
    }
    values.update(changes)
    return WishView(**values)  # type: ignore[arg-type]


def wishes(count: int = 4, **changes: object) -> WishesView:
    values: dict[str, object] = {"wishes": tuple(wish(n) for n in range(count)), "next_in": 250.0}
    values.update(changes)
    return WishesView(**values)  # type: ignore[arg-type]


def offer(number: int, **changes: object) -> OfferView:
    values: dict[str, object] = {
        "offer": f"{number:016x}",
        "via": "mesh" if number % 3 == 2 else "soulseek",
        "user": s(USERS[number % len(USERS)]),
        "folder": s(f"Music/Marit Holm/Harbour Lights ({1998 + number})"),
        "files": 9 + number,
        "size": (210 + 31 * number) * MIB,
        "lossless": number % 2 == 0,
        "free_slot": number % 2 == 0,
        "speed": 800_000 * number,
        "queue": 3 * number,
    }
    values.update(changes)
    return OfferView(**values)  # type: ignore[arg-type]


def offers_shown(query: int, wish: int = 2, count: int = 5) -> OffersShown:
    return OffersShown(query, wish, tuple(offer(n) for n in range(count)))


def talking() -> tuple[View | Event, ...]:
    """A server that is there, two rooms and two conversations."""
    return (*everything(), mode(), chats(), people(), wishes())
