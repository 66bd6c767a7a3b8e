"""The list of rooms and conversations: order, numbers, signs, what comes next, why nothing can be said."""

from __future__ import annotations

from slskmesh.engine.legacy_views import ChatsView, ConversationView, RoomView
from tests.tui.fake import s
from tests.tui.viewmodel.test_chat import DISASTER, LOST, mode
from tui.viewmodel.buffers import Buffers, columns, standing, title, trouble
from tui.viewmodel.chat import Place
from tui.viewmodel.columns import layout
from tui.viewmodel.glyphs import UTF8
from tui.viewmodel.spans import text_of


def room(name: str, **changes: object) -> RoomView:
    return RoomView(s(name), **({"wanted": True, "joined": True, "users": 41} | changes))  # type: ignore[arg-type]


def talk(name: str, **changes: object) -> ConversationView:
    return ConversationView(s(name), **changes)  # type: ignore[arg-type]


def filled() -> Buffers:
    buffers = Buffers()
    buffers.update(
        ChatsView(
            (room("ambient", unread=14, mentions=2), room("idm"), room("secret", joined=False, unread=3)),
            (talk("kessel", unread=1, state="online"), talk("lena", state="offline", waiting=2)),
        )
    )
    return buffers


def shown(buffers: Buffers, cells: int = 24) -> list[str]:
    return [text_of(layout(columns(), row, cells, UTF8)).rstrip() for row in buffers.rows]


def test_rooms_stand_before_conversations_with_their_signs_and_numbers() -> None:
    assert shown(filled()) == [
        "     rooms",
        " 1 # ambient          2!",
        " 2 # idm",
        " 3 ~ secret            3",
        "     messages",
        " 4 + kessel           1!",
        " 5   lena             2w",
    ]


def test_numbers_stay_while_conversations_move_and_others_come() -> None:
    buffers = filled()
    moved = ChatsView((room("idm"), room("ambient")), (talk("new"), talk("lena"), talk("kessel")))
    gone = buffers.update(moved)
    assert gone == [Place(True, "secret")]
    names = [row.place.name for row in buffers.rows if row.number]
    assert names == ["ambient", "idm", "kessel", "lena", "new"]
    assert buffers.numbered(5) == Place(False, "new") and buffers.numbered(6) is None
    assert buffers.update(None) == [
        Place(True, "ambient"),
        Place(True, "idm"),
        Place(False, "kessel"),
        Place(False, "lena"),
        Place(False, "new"),
    ]
    assert not buffers.rows


def test_a_conversation_just_begun_stands_there_until_it_is_one() -> None:
    buffers = filled()
    buffers.open("stranger")
    buffers.open("other")
    buffers.close("other")
    view = ChatsView((), (talk("lena"),))
    buffers.update(view)
    assert [row.place.name for row in buffers.rows] == ["messages", "lena", "stranger"]
    buffers.update(ChatsView((), (talk("stranger", unread=1), talk("lena"))))
    assert [row.place.name for row in buffers.rows] == ["messages", "lena", "stranger"]
    buffers.update(view)
    assert [row.place.name for row in buffers.rows] == ["messages", "lena"], "the engine forgot it"


def test_the_next_active_is_first_what_is_for_the_person() -> None:
    buffers = filled()
    assert buffers.active(None) == Place(True, "ambient")
    assert buffers.active(Place(True, "ambient")) == Place(False, "kessel")
    assert buffers.active(Place(False, "kessel")) == Place(True, "ambient")
    buffers.update(ChatsView((room("ambient", unread=1), room("idm")), ()))
    assert buffers.active(Place(True, "idm")) == Place(True, "ambient")
    assert buffers.active(Place(True, "ambient")) is None, "it is there already"


def test_stepping_goes_round_and_over_headings() -> None:
    buffers = filled()
    assert buffers.step(Place(True, "secret"), 1) == Place(False, "kessel")
    assert buffers.step(Place(False, "lena"), 1) == Place(True, "ambient")
    assert buffers.step(None, -1) == Place(True, "ambient")
    assert Buffers().step(None, 1) is None


def test_words_narrow_the_list_and_keep_numbers() -> None:
    buffers = filled()
    buffers.update(ChatsView((room("ambient"), room("idm")), (talk("kessel"),)), "e")
    assert [row.place.name for row in buffers.rows] == ["rooms", "ambient", "messages", "kessel"]
    assert buffers.find(Place(False, "kessel")) is buffers.rows[-1] and buffers.rows[-1].number == 3


def test_what_stands_in_the_border() -> None:
    buffers = filled()
    rows = {row.place.name: row for row in buffers.rows}
    assert title(rows["ambient"].place) == "#ambient" and title(rows["lena"].place) == "lena"
    assert standing(rows["ambient"]) == "41 users" and standing(rows["secret"]) == "not in it"
    assert standing(rows["kessel"]) == "online" and title(None) == "nothing open"


def test_why_nothing_can_be_said_there() -> None:
    rows = {row.place.name: row for row in filled().rows}
    assert trouble(rows["ambient"], mode()) == "" and trouble(rows["kessel"], mode()) == ""
    assert trouble(rows["secret"], mode()) == "joining"
    assert trouble(rows["secret"], LOST) == "the line was lost; messages wait"
    assert trouble(rows["secret"], DISASTER) == "rooms are away"
    assert trouble(rows["kessel"], LOST) == "the line was lost; what you write waits to be sent"
    assert trouble(rows["kessel"], DISASTER).startswith("the Soulseek server is away; what you write")
    assert trouble(rows["lena"], mode()).startswith("lena is offline; the server keeps")
    buffers = Buffers()
    buffers.update(
        ChatsView(
            (room("a", joined=False, fault=s("the room is private")), room("b", joined=False, wanted=False))
        )
    )
    assert trouble(buffers.rows[1], LOST) == "the room is private"
    assert "/join brings you back" in trouble(buffers.rows[2], LOST)
