"""slskd-api, the Python client of slskd, against a daemon: each of its methods is tried here or named as missing."""

from __future__ import annotations

import contextlib
import inspect
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import slskd_api

from slskmesh.gateway.names import is_mesh_user
from tests.gateway.network import ALBUM, PATIENCE, SUCCEEDED, Network, sha256, until
from tests.gateway.network import net as net

MISSING = {
    "application": {"stop", "restart", "gc"},
    "conversations": set[str](),
    "events": {"get", "create"},
    "files": set[str](),
    "logs": {"get"},
    "options": set[str](),
    "relay": {"connect", "disconnect", "download_file", "upload_file", "upload_share_info"},
    "rooms": {"add_member"},
    "searches": set[str](),
    "server": set[str](),
    "session": set[str](),
    "shares": set[str](),
    "telemetry": {
        *("get_metrics", "get_kpis", "get_transfer_summary", "get_transfer_histogram"),
        *("get_transfer_leaderboard", "get_user_transfers", "get_transfer_exceptions"),
        *("get_transfer_exceptions_pareto", "get_most_dl_directories"),
    },
    "transfers": set[str](),
    "users": {"address"},
}
"""What the gateway does not serve, by part."""


@pytest.fixture
def slskd(net: Network) -> Iterator[slskd_api.SlskdClient]:
    """The client as its users make it."""
    with client(net, api_key=net.key) as one:
        yield one


@contextlib.contextmanager
def client(net: Network, **how: str) -> Iterator[slskd_api.SlskdClient]:
    """Another one; its connections are closed, which it leaves to the end of the program."""
    sessions = list[requests.Session]()
    plain = requests.Session.__init__

    def made(session: requests.Session) -> None:
        plain(session)
        sessions.append(session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "__init__", made)
        try:
            yield slskd_api.SlskdClient(net.base, timeout=PATIENCE, **how)
        finally:
            for session in sessions:
                session.close()


def methods(part: Any) -> set[str]:
    """Public methods of a part of the client."""
    return {name for name, _ in inspect.getmembers(part, inspect.ismethod) if not name.startswith("_")}


def refused(call: Callable[[], object]) -> int:
    """The status of an answer that the client raises."""
    with pytest.raises(requests.HTTPError) as told:
        call()
    answer = told.value.response
    assert answer is not None
    answer.close()  # the client leaves it open where it raises
    return answer.status_code


def searched(slskd: slskd_api.SlskdClient, text: str, wanted: Callable[[Any], bool]) -> Any:
    """Searches as its users do; the first response that is wanted."""
    begun = slskd.searches.search_text(text, searchTimeout=5_000)
    assert begun["searchText"] == text and begun["responses"] == []
    until(lambda: slskd.searches.state(begun["id"])["state"] != "InProgress", "the search's end")
    responses = slskd.searches.search_responses(begun["id"])
    state = slskd.searches.state(begun["id"], includeResponses=True)
    assert state["isComplete"] and state["responses"] == responses
    assert state["responseCount"] == len(responses)
    assert state["fileCount"] == sum(len(one["files"]) for one in responses)
    assert slskd.searches.delete(begun["id"])
    return next(one for one in responses if wanted(one))


def finished(slskd: slskd_api.SlskdClient, user: str, file: str) -> Any:
    """Polls the list as clients do until the file is there."""

    def over() -> Any:
        listed = [one for one in slskd.transfers.get_all_downloads() if one["username"] == user]
        files = [f for one in listed for folder in one["directories"] for f in folder["files"]]
        [found] = [one for one in files if one["filename"] == file]
        return found if found["state"].startswith("Completed") else None

    found = until(over, f"{file} to be over")
    assert found["state"] == found["stateDescription"] == SUCCEEDED, found
    return found


# -- all of it ---------------------------------------------------------------------------------------------------------


def test_each_method_is_tried_here_or_named_as_missing(net: Network, slskd: slskd_api.SlskdClient) -> None:
    source = Path(__file__).read_text()
    parts = {name: part for name, part in vars(slskd).items() if not name.startswith("_")}
    assert parts.keys() == MISSING.keys()
    for name, part in parts.items():
        assert MISSING[name] <= methods(part), name
        for method in methods(part) - MISSING[name]:
            assert f"slskd.{name}.{method}(" in source, f"{name}.{method} is not tried"


def test_what_is_missing_is_refused_and_ends_nothing(net: Network, slskd: slskd_api.SlskdClient) -> None:
    for name, missing in MISSING.items():
        for method in missing:
            call = getattr(getattr(slskd, name), method)
            needed = [
                one.name
                for one in inspect.signature(call).parameters.values()
                if one.default is inspect.Parameter.empty
            ]
            status = refused(lambda call=call, needed=needed: call(*("Download" for _ in needed)))  # type: ignore[misc]
            assert status in (404, 405), (name, method, status)
    assert net.daemon.process.poll() is None and slskd.application.state()["server"]["isLoggedIn"]


# -- session, application, options, server -----------------------------------------------------------------------------


def test_the_key_opens_as_key_and_as_password(net: Network, slskd: slskd_api.SlskdClient) -> None:
    assert slskd.session.auth_valid() is True and slskd.session.security_enabled() is True
    told = slskd.session.login("anybody", net.key)
    assert told["tokenType"] == "Bearer" and told["name"] == "anybody"
    for how in ({"token": told["token"]}, {"username": "anybody", "password": net.key}):
        with client(net, **how) as one:
            assert one.session.auth_valid() and one.application.version() == slskd.application.version()
    with client(net, api_key="x" * 32) as wrong:
        assert refused(wrong.session.auth_valid) == 401
    assert refused(lambda: client(net, username="a", password="y" * 32).__enter__()) == 401


def test_the_read_only_key_reads_and_changes_nothing(net: Network) -> None:
    files: Any = [{"filename": "a\\b.flac", "size": 1}]
    with client(net, api_key=net.reader) as reader:
        assert reader.application.state()["server"]["isConnected"]
        assert refused(lambda: reader.searches.search_text("tide table")) == 403
        assert refused(lambda: reader.transfers.enqueue("ann", files)) == 403
        assert refused(reader.server.disconnect) == 403


def test_application_and_options(net: Network, slskd: slskd_api.SlskdClient) -> None:
    state = slskd.application.state()
    assert state["server"]["state"] == "Connected, LoggedIn" and state["user"]["username"] == "me"
    assert state["shares"]["files"] == 1
    version = slskd.application.version()
    assert tuple(map(int, version.split("."))) >= (0, 26, 0)
    assert slskd.application.check_updates(forceCheck=True)["current"] == version == state["version"]["full"]
    options = slskd.options.get()
    assert options["directories"]["downloads"] == str(net.downloads)
    assert options == slskd.options.get_startup()
    assert "secret" not in str(options) and net.key not in str(options)
    assert refused(lambda: slskd.options.debug()) == 403
    assert refused(lambda: slskd.options.yaml_location()) == 403
    assert refused(lambda: slskd.options.download_yaml()) == 403
    assert refused(lambda: slskd.options.upload_yaml("a: 1")) == 403
    assert refused(lambda: slskd.options.validate_yaml("a: 1")) == 403


def test_leaving_the_server_and_coming_back(net: Network, slskd: slskd_api.SlskdClient) -> None:
    assert slskd.server.state()["state"] == "Connected, LoggedIn"
    assert slskd.server.disconnect() is True
    assert slskd.server.state()["state"] == "Disconnected"
    assert slskd.server.connect() is True
    until(lambda: slskd.server.state()["isLoggedIn"], "the login")


# -- searches and downloads --------------------------------------------------------------------------------------------


def test_a_file_of_a_soulseek_user(net: Network, slskd: slskd_api.SlskdClient) -> None:
    found = searched(slskd, "slow ferries tide table", lambda one: one["username"] == "ann")
    [file] = found["files"]
    assert file["size"] == len(net.tape) and file["extension"] == "flac"
    [folder] = slskd.users.directory("ann", file["filename"].rpartition("\\")[0])
    names = {one["filename"] for one in folder["files"]}
    assert names == {"01 Tide Table.flac", "notes.txt"} and folder["fileCount"] == 2
    assert slskd.transfers.enqueue("ann", found["files"]) is True
    over = finished(slskd, "ann", file["filename"])
    assert over["percentComplete"] == 100 and over["bytesRemaining"] == 0
    assert sha256(net.got(file["filename"])) == sha256(net.tape)
    assert slskd.transfers.get_download("ann", over["id"]) == over
    assert over in slskd.transfers.get_downloads("ann")["directories"][0]["files"]


def test_files_of_a_peer(net: Network, slskd: slskd_api.SlskdClient) -> None:
    words = f"{ALBUM.tracks[1].title} {ALBUM.artist}"
    found = searched(slskd, words, lambda one: is_mesh_user(one["username"]))
    user, [file] = found["username"], found["files"]
    assert file["size"] == len(net.song(1))
    [folder] = slskd.users.directory(user, file["filename"].rpartition("\\")[0])
    assert file["filename"].rpartition("\\")[2] in {one["filename"] for one in folder["files"]}
    assert slskd.transfers.enqueue(user, found["files"]) is True
    finished(slskd, user, file["filename"])
    assert sha256(net.got(file["filename"])) == sha256(net.song(1))


def test_a_search_can_be_stopped_and_is_remembered_until_it_is_deleted(
    net: Network, slskd: slskd_api.SlskdClient
) -> None:
    mine = str(uuid.uuid4())
    begun = slskd.searches.search_text("nothing has this name", id=mine, searchTimeout=60_000)
    assert begun["id"] == mine and begun["state"] == "InProgress"
    assert slskd.searches.stop(mine) is True
    stopped = slskd.searches.state(mine)
    assert stopped["isComplete"] and stopped["state"].startswith("Completed, ")
    assert mine in {one["id"] for one in slskd.searches.get_all()}
    assert slskd.searches.search_responses(mine) == []
    assert slskd.searches.delete(mine) is True
    assert refused(lambda: slskd.searches.state(mine)) == 404


def test_a_place_in_a_queue_and_an_end_by_the_client(net: Network, slskd: slskd_api.SlskdClient) -> None:
    bob = net.soulseek.bob
    bob.tell(slots=0)
    try:
        found = searched(slskd, "copper wire", lambda one: one["username"] == "bob")
        [file] = found["files"]

        def queued() -> str:
            slskd.transfers.enqueue("bob", found["files"])
            [folder] = slskd.transfers.get_downloads("bob")["directories"]
            [row] = [one["id"] for one in folder["files"] if one["filename"] == file["filename"]]
            until(lambda: state(row)["state"] == "Queued, Remotely", "the queue")
            return str(row)

        def state(row: str) -> Any:
            return slskd.transfers.get_download("bob", row)

        gone = queued()
        net.soulseek.ann.tell(download=file["filename"], from_="bob")
        bob.wait(
            "upload", user="ann", state="QUEUED"
        )  # his client puts the last one first, and counts from 0
        assert slskd.transfers.cancel_download("bob", gone, remove=True) is True
        assert refused(lambda: state(gone)) == 404
        waits = queued()
        until(lambda: "placeInQueue" in state(waits), "a place in it")
        assert slskd.transfers.get_queue_position("bob", waits) == state(waits)["placeInQueue"] == 1
        assert slskd.transfers.cancel_download("bob", waits) is True
        assert state(waits)["state"] == "Completed, Cancelled"
        assert refused(lambda: slskd.transfers.get_queue_position("bob", waits)) == 404
        assert slskd.transfers.remove_completed_downloads() is True
        assert refused(lambda: state(waits)) == 404
        assert refused(lambda: slskd.transfers.get_downloads("bob")) == 404
    finally:
        bob.tell(slots=1)


def test_an_upload_is_shown_and_can_be_ended(net: Network, slskd: slskd_api.SlskdClient) -> None:
    [folder] = [one for one in slskd.shares.all_contents() if one["files"]]
    path = f"{folder['name']}\\{folder['files'][0]['filename']}"
    net.soulseek.ann.tell(download=path, from_="me")

    def running() -> Any:
        shown = [one for one in slskd.transfers.get_all_uploads() if one["username"] == "ann"]
        return next((f for one in shown for d in one["directories"] for f in d["files"]), None)

    found = until(running, "the upload")
    assert found["filename"] == path and found["direction"] == "Upload" and found["size"] == 400_000
    assert slskd.transfers.get_upload("ann", found["id"])["filename"] == path
    assert slskd.transfers.get_uploads("ann")["directories"][0]["files"][0]["id"] == found["id"]
    assert slskd.transfers.cancel_upload("ann", found["id"]) is True
    until(lambda: running() is None, "its end")
    assert slskd.transfers.remove_completed_uploads() is True


def test_an_unknown_file_and_an_absent_user_are_errors(net: Network, slskd: slskd_api.SlskdClient) -> None:
    wanted: Any = [{"filename": "@@nobody\\Album\\01.flac", "size": 1}]
    assert refused(lambda: slskd.transfers.enqueue("nobody", wanted)) == 404
    assert refused(lambda: slskd.transfers.enqueue("ann", [])) == 400
    assert refused(lambda: slskd.transfers.get_download("ann", str(uuid.uuid4()))) == 404
    assert refused(lambda: slskd.transfers.cancel_download("ann", "no id")) == 400


# -- people ------------------------------------------------------------------------------------------------------------


def test_rooms(net: Network, slskd: slskd_api.SlskdClient) -> None:
    assert "harbour" in {room["name"] for room in slskd.rooms.get_all()}
    joined = slskd.rooms.join("harbour")
    assert joined["name"] == "harbour" and {"ann", "bob", "me"} <= {
        user["username"] for user in joined["users"]
    }
    assert "harbour" in slskd.rooms.get_all_joined()
    assert slskd.rooms.send("harbour", "good evening") is True
    net.soulseek.ann.tell(say="good evening to you", room="harbour")

    def answered() -> bool:
        said = [(one["username"], one["message"]) for one in slskd.rooms.get_messages("harbour")]
        return ("me", "good evening") in said and ("ann", "good evening to you") in said

    until(answered, "the words")
    assert slskd.rooms.set_ticker("harbour", "here") is True
    assert {"ann", "bob", "me"} <= {user["username"] for user in slskd.rooms.get_users("harbour")}
    assert slskd.rooms.get_joined("harbour")["messages"]
    assert slskd.rooms.leave("harbour") is True
    until(lambda: "harbour" not in slskd.rooms.get_all_joined(), "us to be out")
    assert refused(lambda: slskd.rooms.get_joined("harbour")) == 404


def test_conversations(net: Network, slskd: slskd_api.SlskdClient) -> None:
    assert slskd.conversations.send("ann", "hello ann") is True
    net.soulseek.ann.wait("whispered")
    net.soulseek.ann.tell(whisper="hello yourself", to="me")
    net.soulseek.ann.tell(whisper="and again", to="me")
    until(
        lambda: (
            [one["message"] for one in slskd.conversations.get_messages("ann", unAcknowledgedOnly=True)][-1:]
            == ["and again"]
        ),
        "the answers",
    )

    def unread() -> list[int]:
        talks = slskd.conversations.get_all(unAcknowledgedOnly=True)
        return [one["unAcknowledgedMessageCount"] for one in talks if one["username"] == "ann"]

    until(lambda: unread() == [2], "the list to have them")
    whole = slskd.conversations.get("ann")
    assert [(one["direction"], one["message"]) for one in whole["messages"]] == [
        ("Out", "hello ann"),
        ("In", "hello yourself"),
        ("In", "and again"),
    ]
    assert slskd.conversations.acknowledge("ann", whole["messages"][1]["id"]) is True
    assert [one["message"] for one in slskd.conversations.get_messages("ann", True)] == ["and again"]
    assert slskd.conversations.acknowledge_all("ann") is True
    assert not slskd.conversations.get("ann", includeMessages=False)["hasUnAcknowledgedMessages"]
    assert slskd.conversations.delete("ann") is True
    assert refused(lambda: slskd.conversations.get("ann")) == 404


def test_users(net: Network, slskd: slskd_api.SlskdClient) -> None:
    assert slskd.users.status("ann")["presence"] == "Online"
    assert slskd.users.info("ann")["uploadSlots"] >= 1
    listed = slskd.users.browse("ann")
    files = [one["filename"] for folder in listed["directories"] for one in folder["files"]]
    assert sorted(files) == ["01 Tide Table.flac", "notes.txt"]
    assert refused(lambda: slskd.users.browsing_status("ann")) == 404  # it is over
    assert refused(lambda: slskd.users.info("nobody at all")) == 404


# -- shares and files --------------------------------------------------------------------------------------------------


def test_shares(net: Network, slskd: slskd_api.SlskdClient) -> None:
    [share] = slskd.shares.get_all()["local"]
    assert share["files"] == 1 and slskd.shares.get(share["id"]) == share
    assert slskd.shares.contents(share["id"]) == slskd.shares.all_contents()
    assert slskd.shares.start_scan() is True
    until(lambda: _cancels_nothing(slskd), "a time when no scan runs")
    until(lambda: slskd.application.state()["shares"]["ready"], "the scan's end")
    assert str(net.home) not in str(slskd.shares.get_all())


def _cancels_nothing(slskd: slskd_api.SlskdClient) -> bool:
    """Whether no scan was there to be cancelled: one that was just asked for may begin a moment later."""
    try:
        assert slskd.shares.cancel_scan() is True
    except requests.HTTPError as error:
        return error.response is not None and error.response.status_code == 404
    return False


def test_files(net: Network, slskd: slskd_api.SlskdClient) -> None:
    folder = net.downloads / "Put There"
    folder.mkdir()
    (folder / "by hand.txt").write_text("hello")
    listed = slskd.files.get_downloads_dir(recursive=True)
    assert "Put There" in {one["name"] for one in listed["directories"]}
    [file] = slskd.files.get_downloaded_directory("Put There")["files"]
    assert file["name"] == "by hand.txt" and file["length"] == 5
    assert refused(lambda: slskd.files.delete_downloaded_file("Put There/by hand.txt")) == 403
    assert refused(lambda: slskd.files.delete_downloaded_directory("Put There")) == 403
    assert (folder / "by hand.txt").exists()
    assert slskd.files.get_incomplete_dir()["name"]
    assert refused(lambda: slskd.files.get_incomplete_directory("none such")) == 404
    assert refused(lambda: slskd.files.delete_incomplete_directory("none such")) == 403
    assert refused(lambda: slskd.files.delete_incomplete_file("none such")) == 403
