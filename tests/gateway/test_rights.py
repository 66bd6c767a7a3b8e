"""Who may use which route: the table below names every one, and each is really called without the right it asks for.

A new route makes the first test fail until it stands in the table: `python -m tests.gateway.test_rights --write` puts
it there, and whoever does that reads what it says.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.gateway import app as gateway_app
from slskmesh.gateway.answers import nothing
from slskmesh.gateway.app import build_app, check_rights, rights
from slskmesh.gateway.rights import CHECKS, Right, Routes
from tests.gateway.ground import Ground, ground

# fmt: off
TABLE = """
READ   GET    /api/downloads
WRITE  POST   /api/downloads
READ   GET    /api/downloads/{id}
READ   GET    /api/info
READ   GET    /api/jobs
WRITE  POST   /api/jobs/discography
WRITE  POST   /api/jobs/label-crate
WRITE  POST   /api/jobs/mb-release
WRITE  DELETE /api/jobs/{id}
READ   GET    /api/jobs/{id}
WRITE  POST   /api/jobs/{id}/cancel
WRITE  POST   /api/jobs/{id}/pause
WRITE  POST   /api/jobs/{id}/resume
WRITE  POST   /api/jobs/{id}/retry
READ   GET    /api/musicbrainz/albums/completion
WRITE  POST   /api/search
READ   GET    /api/slskdn/capabilities
WRITE  POST   /api/slskmesh/commands/AddBuddy
WRITE  POST   /api/slskmesh/commands/AddJob
WRITE  POST   /api/slskmesh/commands/AddRule
WRITE  POST   /api/slskmesh/commands/AddWish
WRITE  POST   /api/slskmesh/commands/AskPresence
WRITE  POST   /api/slskmesh/commands/AskUser
WRITE  POST   /api/slskmesh/commands/Block
READ   POST   /api/slskmesh/commands/BrowseFiles
READ   POST   /api/slskmesh/commands/BrowseFolders
READ   POST   /api/slskmesh/commands/BrowseListing
WRITE  POST   /api/slskmesh/commands/BrowseUser
WRITE  POST   /api/slskmesh/commands/CancelJob
WRITE  POST   /api/slskmesh/commands/CancelOrder
WRITE  POST   /api/slskmesh/commands/CancelScan
WRITE  POST   /api/slskmesh/commands/CancelUpload
WRITE  POST   /api/slskmesh/commands/CancelUploads
WRITE  POST   /api/slskmesh/commands/ChangeWish
WRITE  POST   /api/slskmesh/commands/ClearLegacy
WRITE  POST   /api/slskmesh/commands/Connect
WRITE  POST   /api/slskmesh/commands/Disconnect
WRITE  POST   /api/slskmesh/commands/Download
READ   POST   /api/slskmesh/commands/Earlier
WRITE  POST   /api/slskmesh/commands/Forget
WRITE  POST   /api/slskmesh/commands/ForgetCapture
WRITE  POST   /api/slskmesh/commands/ForgetConversation
WRITE  POST   /api/slskmesh/commands/GetBrowsed
WRITE  POST   /api/slskmesh/commands/GetFolder
WRITE  POST   /api/slskmesh/commands/GetHits
WRITE  POST   /api/slskmesh/commands/GetRemote
WRITE  POST   /api/slskmesh/commands/JoinRoom
WRITE  POST   /api/slskmesh/commands/LeaveRoom
READ   POST   /api/slskmesh/commands/ListDownloads
WRITE  POST   /api/slskmesh/commands/ListRooms
WRITE  POST   /api/slskmesh/commands/LookUp
WRITE  POST   /api/slskmesh/commands/MakeInvite
WRITE  POST   /api/slskmesh/commands/MarkRead
WRITE  POST   /api/slskmesh/commands/Move
WRITE  POST   /api/slskmesh/commands/MoveJob
WRITE  POST   /api/slskmesh/commands/MoveLegacy
WRITE  POST   /api/slskmesh/commands/OrderFiles
WRITE  POST   /api/slskmesh/commands/Pause
WRITE  POST   /api/slskmesh/commands/PauseJob
WRITE  POST   /api/slskmesh/commands/PauseLegacy
WRITE  POST   /api/slskmesh/commands/PauseWish
WRITE  POST   /api/slskmesh/commands/Remove
WRITE  POST   /api/slskmesh/commands/RemoveBuddy
WRITE  POST   /api/slskmesh/commands/RemoveJob
WRITE  POST   /api/slskmesh/commands/RemoveLegacy
WRITE  POST   /api/slskmesh/commands/RemoveOrders
WRITE  POST   /api/slskmesh/commands/RemoveRule
WRITE  POST   /api/slskmesh/commands/RemoveWish
WRITE  POST   /api/slskmesh/commands/Rescan
WRITE  POST   /api/slskmesh/commands/Resolve
WRITE  POST   /api/slskmesh/commands/Resume
WRITE  POST   /api/slskmesh/commands/ResumeJob
WRITE  POST   /api/slskmesh/commands/ResumeLegacy
WRITE  POST   /api/slskmesh/commands/RetakeName
WRITE  POST   /api/slskmesh/commands/RetryJob
WRITE  POST   /api/slskmesh/commands/RetryServer
WRITE  POST   /api/slskmesh/commands/Say
WRITE  POST   /api/slskmesh/commands/SetAccount
WRITE  POST   /api/slskmesh/commands/SetMode
WRITE  POST   /api/slskmesh/commands/SetSetting
WRITE  POST   /api/slskmesh/commands/SetTicker
READ   POST   /api/slskmesh/commands/ShowAlbums
READ   POST   /api/slskmesh/commands/ShowBrowse
READ   POST   /api/slskmesh/commands/ShowChat
WRITE  POST   /api/slskmesh/commands/ShowFolder
READ   POST   /api/slskmesh/commands/ShowJob
READ   POST   /api/slskmesh/commands/ShowLegacy
READ   POST   /api/slskmesh/commands/ShowLibrary
READ   POST   /api/slskmesh/commands/ShowMap
WRITE  POST   /api/slskmesh/commands/ShowOffers
READ   POST   /api/slskmesh/commands/ShowPublished
READ   POST   /api/slskmesh/commands/ShowServices
READ   POST   /api/slskmesh/commands/ShowShares
READ   POST   /api/slskmesh/commands/ShowSpecs
WRITE  POST   /api/slskmesh/commands/StopBrowse
WRITE  POST   /api/slskmesh/commands/SwitchSource
WRITE  POST   /api/slskmesh/commands/TakeOffer
WRITE  POST   /api/slskmesh/commands/Trust
WRITE  POST   /api/slskmesh/commands/Unblock
WRITE  POST   /api/slskmesh/commands/Whisper
WRITE  POST   /api/slskmesh/commands/Withdraw
READ   GET    /api/slskmesh/events
WRITE  POST   /api/slskmesh/invites
READ   GET    /api/slskmesh/openapi.json
READ   GET    /api/slskmesh/peers
WRITE  POST   /api/slskmesh/peers
WRITE  DELETE /api/slskmesh/peers/{peer}
WRITE  GET    /api/slskmesh/search
WRITE  POST   /api/slskmesh/search
READ   GET    /api/slskmesh/settings
WRITE  PUT    /api/slskmesh/settings/{key}
READ   GET    /api/slskmesh/status
READ   GET    /api/slskmesh/transfers
READ   GET    /api/slskmesh/transfers/{transfer}/map
READ   GET    /api/slskmesh/views/ChatsView
READ   GET    /api/slskmesh/views/DoorView
READ   GET    /api/slskmesh/views/JobsView
READ   GET    /api/slskmesh/views/LegacyDownloadsView
READ   GET    /api/slskmesh/views/LegacyUploadsView
READ   GET    /api/slskmesh/views/LibraryView
READ   GET    /api/slskmesh/views/MeshView
READ   GET    /api/slskmesh/views/ModeView
READ   GET    /api/slskmesh/views/OrdersView
READ   GET    /api/slskmesh/views/PeersView
READ   GET    /api/slskmesh/views/PeopleView
READ   GET    /api/slskmesh/views/SettingsView
READ   GET    /api/slskmesh/views/StatisticsView
READ   GET    /api/slskmesh/views/StatusView
READ   GET    /api/slskmesh/views/TransfersView
READ   GET    /api/slskmesh/views/UploadsView
READ   GET    /api/slskmesh/views/WishesView
READ   GET    /api/v0/application
READ   GET    /api/v0/application/version
READ   GET    /api/v0/application/version/latest
READ   GET    /api/v0/conversations
WRITE  DELETE /api/v0/conversations/{username:path}
READ   GET    /api/v0/conversations/{username:path}
WRITE  POST   /api/v0/conversations/{username:path}
WRITE  PUT    /api/v0/conversations/{username:path}
READ   GET    /api/v0/conversations/{username:path}/messages
WRITE  PUT    /api/v0/conversations/{username:path}/{id}
READ   GET    /api/v0/fairness/summary
READ   GET    /api/v0/files/{place}/directories
WRITE  DELETE /api/v0/files/{place}/directories/{name:base64}
READ   GET    /api/v0/files/{place}/directories/{name:base64}
WRITE  DELETE /api/v0/files/{place}/files/{name:base64}
READ   GET    /api/v0/jobs
WRITE  POST   /api/v0/jobs/discography
WRITE  POST   /api/v0/jobs/label-crate
WRITE  POST   /api/v0/jobs/mb-release
WRITE  DELETE /api/v0/jobs/{id}
READ   GET    /api/v0/jobs/{id}
WRITE  POST   /api/v0/jobs/{id}/cancel
WRITE  POST   /api/v0/jobs/{id}/pause
WRITE  POST   /api/v0/jobs/{id}/resume
WRITE  POST   /api/v0/jobs/{id}/retry
READ   GET    /api/v0/options
READ   GET    /api/v0/options/debug
READ   GET    /api/v0/options/startup
READ   GET    /api/v0/options/yaml
WRITE  POST   /api/v0/options/yaml
WRITE  PUT    /api/v0/options/yaml
READ   GET    /api/v0/options/yaml/location
WRITE  POST   /api/v0/options/yaml/validate
READ   GET    /api/v0/rooms/available
READ   GET    /api/v0/rooms/joined
WRITE  POST   /api/v0/rooms/joined
WRITE  DELETE /api/v0/rooms/joined/{room:path}
READ   GET    /api/v0/rooms/joined/{room:path}
READ   GET    /api/v0/rooms/joined/{room:path}/messages
WRITE  POST   /api/v0/rooms/joined/{room:path}/messages
WRITE  POST   /api/v0/rooms/joined/{room:path}/ticker
READ   GET    /api/v0/rooms/joined/{room:path}/users
READ   GET    /api/v0/searches
WRITE  POST   /api/v0/searches
WRITE  DELETE /api/v0/searches/{id}
READ   GET    /api/v0/searches/{id}
WRITE  PUT    /api/v0/searches/{id}
READ   GET    /api/v0/searches/{id}/responses
WRITE  DELETE /api/v0/server
READ   GET    /api/v0/server
WRITE  PUT    /api/v0/server
READ   GET    /api/v0/session
OPEN   POST   /api/v0/session
OPEN   GET    /api/v0/session/enabled
WRITE  DELETE /api/v0/shares
READ   GET    /api/v0/shares
WRITE  PUT    /api/v0/shares
READ   GET    /api/v0/shares/contents
READ   GET    /api/v0/shares/{id}
READ   GET    /api/v0/shares/{id}/contents
READ   GET    /api/v0/transfers/downloads
WRITE  DELETE /api/v0/transfers/downloads/all/completed
READ   GET    /api/v0/transfers/downloads/batches
WRITE  POST   /api/v0/transfers/downloads/batches
READ   GET    /api/v0/transfers/downloads/batches/{id}
READ   GET    /api/v0/transfers/downloads/{username:path}
WRITE  POST   /api/v0/transfers/downloads/{username:path}
WRITE  DELETE /api/v0/transfers/downloads/{username:path}/{id}
READ   GET    /api/v0/transfers/downloads/{username:path}/{id}
READ   GET    /api/v0/transfers/downloads/{username:path}/{id}/position
READ   GET    /api/v0/transfers/uploads
WRITE  DELETE /api/v0/transfers/uploads/all/completed
READ   GET    /api/v0/transfers/uploads/{username:path}
WRITE  DELETE /api/v0/transfers/uploads/{username:path}/{id}
READ   GET    /api/v0/transfers/uploads/{username:path}/{id}
READ   GET    /api/v0/users/{username:path}/browse
READ   GET    /api/v0/users/{username:path}/browse/status
WRITE  POST   /api/v0/users/{username:path}/directory
READ   GET    /api/v0/users/{username:path}/info
READ   GET    /api/v0/users/{username:path}/status
READ   GET    /api/virtualsoulfind/disaster-mode/status
WRITE  GET    /api/virtualsoulfind/shadow-index/{mbid}
READ   GET    /mesh/http/services
WRITE  GET    /mesh/http/{service}/{method}
WRITE  POST   /mesh/http/{service}/{method}
"""
# fmt: on


def rows() -> Iterator[str]:
    """The table as the code has it, by path."""
    for (method, path), right in sorted(rights().items(), key=lambda item: (item[0][1], item[0][0])):
        yield f"{right.name:6} {method:6} {path}"


def listed() -> list[tuple[Right, str, str]]:
    found = [line.split() for line in TABLE.strip().splitlines()]
    return [(Right[right], method, path) for right, method, path in found]


def test_every_route_stands_in_the_table() -> None:
    assert TABLE.strip().splitlines() == list(rows()), "see the head of this file"


def test_what_changes_something_needs_the_key_that_may() -> None:
    """Whatever is not read by GET needs the read-write key, but for what is named here, with the reason."""
    allowed = {
        ("POST", "/api/v0/session"),  # shows a key and gets it back as a token
        ("POST", "/api/v0/users/{username}/directory"),  # reads a folder; slskd has it as POST
    }
    commands = "/api/slskmesh/commands/"  # all are POST; these show what is there and leave it so
    looking = ("Show", "Browse", "List", "Earlier")
    for right, method, path in listed():
        if right is not Right.WRITE and path.startswith(commands):
            assert path.removeprefix(commands).startswith(looking), path
        else:
            assert right is Right.WRITE or method == "GET" or (method, path) in allowed, (method, path)
    opened = {path for right, _, path in listed() if right is Right.OPEN}
    assert opened <= {"/api/v0/session", "/api/v0/session/enabled"}


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("rights")) as one:
        yield one


@pytest.mark.parametrize(
    ("right", "method", "path"), listed(), ids=lambda value: str(getattr(value, "name", value))
)
def test_nobody_gets_in_without_the_right(me: Ground, right: Right, method: str, path: str) -> None:
    """No key and a wrong one, then the one that only reads; before any of it looks at parameters or a body."""
    place = re.sub(r"\{[^}]+\}", "x", path)
    stranger = me.stranger.request(method, place)
    while stranger.status_code == 429:  # this machine is faster than strangers may be
        time.sleep(int(stranger.headers["retry-after"]))
        stranger = me.stranger.request(method, place)
    wrong = me.stranger.request(method, place, headers={"X-API-Key": "wrong key of sixteen"})
    assert wrong.status_code == 401
    if right is Right.OPEN:
        assert stranger.status_code not in (401, 403) or path == "/api/v0/session"
        return
    assert stranger.status_code == 401 and stranger.headers["www-authenticate"] == "Bearer"
    if right is Right.WRITE:
        reader = me.reader.request(method, place)
        assert reader.status_code == 403 and "only reads" in reader.text


def test_methods_and_addresses_that_are_not_served(me: Ground) -> None:
    other = me.http.request("DELETE", "/api/slskmesh/openapi.json")
    assert (other.status_code, other.headers["allow"]) == (405, "GET")
    nowhere = me.http.get("/api/slskmesh/nothing/here")
    assert nowhere.status_code == 404 and "detail" not in nowhere.json()
    for place in ("/", "/docs", "/redoc", "/openapi.json", "/api", "/../../etc/passwd", "/%2e%2e/api.key"):
        assert me.http.get(place).status_code == 404, place


async def _handler(request: Request) -> Response:
    """Does nothing."""
    return nothing()


def test_a_route_without_a_right_is_not_built() -> None:
    part = Routes("/x", "x")
    part.get("/y")(_handler)
    build_app([part])
    bare, unchecked = FastAPI(openapi_url=None), FastAPI(openapi_url=None)
    bare.add_api_route("/z", _handler)
    with pytest.raises(AssertionError, match="not added by Routes"):
        check_rights(FastAPI(), {})
    with pytest.raises(AssertionError, match="no right"):
        _check(bare, {("GET", "/x/y"): Right.READ})
    unchecked.add_api_route("/x/y", _handler, dependencies=[Depends(CHECKS[Right.OPEN])])
    with pytest.raises(AssertionError, match="not checked"):
        _check(unchecked, {("GET", "/x/y"): Right.READ})
    with pytest.raises(AssertionError, match="added twice"):
        rights([part, part])


def _check(app: FastAPI, known: dict[tuple[str, str], Right]) -> None:
    app.router.routes = [route for route in app.routes if hasattr(route, "dependencies")]
    check_rights(app, known)


def write() -> None:
    """Puts the table of now into this file."""
    path = Path(__file__)
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition('TABLE = """\n')
    _, _, tail = rest.partition('"""\n')
    path.write_text(
        head + 'TABLE = """\n' + "".join(f"{row}\n" for row in rows()) + '"""\n' + tail, encoding="utf-8"
    )


if __name__ == "__main__":
    assert sys.argv[1:] == ["--write"] and gateway_app.ALL, (
        "usage: python -m tests.gateway.test_rights --write"
    )
    write()
