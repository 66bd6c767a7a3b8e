"""Private messages below /api/v0, by slskd-api: both ways, and those that waited for somebody."""

from __future__ import annotations

from pathlib import Path

from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.gateway.ground import ground
from tests.gateway.test_rooms import client_of, online, refused, until


def test_messages_go_both_ways_are_acknowledged_and_dropped(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann") as ann,
        ground(tmp_path, server=server.address) as me,
    ):
        ann.online()
        talks = client_of(online(me)).conversations
        assert talks.get_all() == [] and refused(lambda: talks.get("ann"))[0] == 404
        assert talks.send("ann", "hello")
        assert ann.wait("whispered", user="me")["whispered"] == "hello"
        for text in ("one", "two\tthree", "four"):
            ann.tell(whisper=text, to="me")
        talk = until(me, lambda: talks.get("ann"), lambda talk: len(talk["messages"]) == 4, "her messages")
        assert {key: talk[key] for key in talk if key != "messages"} == {
            "username": "ann",
            "isActive": True,
            "unAcknowledgedMessageCount": 3,
            "hasUnAcknowledgedMessages": True,
        }
        first, *came = talk["messages"]
        assert (first["direction"], first["message"], first["isAcknowledged"]) == ("Out", "hello", True)
        assert until(
            me, lambda: talks.get_messages("ann")[0], lambda one: one["delivery"] == "Sent", "the send"
        )
        assert [
            (one["direction"], one["message"], one["wasReplayed"], "delivery" in one) for one in came
        ] == [
            ("In", "one", False, False),
            ("In", "two three", False, False),
            ("In", "four", False, False),
        ]
        assert talks.acknowledge("ann", came[1]["id"])
        assert [one["message"] for one in talks.get_messages("ann", unAcknowledgedOnly=True)] == ["four"]
        assert [one["unAcknowledgedMessageCount"] for one in talks.get_all(unAcknowledgedOnly=True)] == [1]
        assert "messages" not in talks.get_all()[0] and "messages" not in talks.get("ann", False)
        assert refused(lambda: talks.acknowledge("ann", 999))[0] == 404
        assert refused(lambda: talks.acknowledge("ann", 10**30))[0] == 404
        assert refused(lambda: talks.acknowledge_all("bob"))[0] == 404
        assert talks.acknowledge_all("ann")
        assert talks.get_all(unAcknowledgedOnly=True) == [] != talks.get_all()
        assert refused(lambda: talks.send("ann", ""))[0] == 400
        assert talks.delete("ann")
        assert talks.get_all() == [] and refused(lambda: talks.delete("ann"))[0] == 404
        assert me.reader.get("/api/v0/conversations").status_code == 200
        assert me.reader.post("/api/v0/conversations/ann", json="hello").status_code == 403


def test_a_message_to_and_from_somebody_who_is_away_waits(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, LegacyUser(tmp_path, server.address, "ann") as ann:
        ann.online()
        with ground(tmp_path, server=server.address) as me:
            client = client_of(online(me))
            assert client.server.disconnect()
            ann.tell(whisper="are you there?", to="me")
            assert client.conversations.send("ann", "later")
            [waits] = client.conversations.get_messages("ann")
            assert (waits["delivery"], waits["direction"]) == ("Waiting", "Out")
            assert client.server.connect()
            assert ann.wait("whispered", user="me")["whispered"] == "later"
            found = until(
                me, lambda: client.conversations.get_messages("ann"), lambda found: len(found) == 2, "hers"
            )
            [came] = [one for one in found if one["direction"] == "In"]
            assert (came["message"], came["wasReplayed"], came["isAcknowledged"]) == (
                "are you there?",
                True,
                False,
            )
