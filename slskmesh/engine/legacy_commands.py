"""Commands of the Soulseek plane. Same rules as `engine/commands.py`.

`user`, `room` and `name` are names as views show them. `key` of a download is hex, of an upload a number. `query` is
the request number of a `Search`, `hits` are keys of its `HitView`s; the engine holds the latest queries with the
network's own words for each hit.
"""

from __future__ import annotations

from slskmesh.engine.commands import Change, Command

# -- server and mode -----------------------------------------------------------------------------------------------


class SetAccount(Command, frozen=True):
    """Sets name and password of the Soulseek account; the password goes to its own file, readable by its owner only.

    An empty name takes the account out of use.
    """

    username: str
    password: str

    def __repr__(self) -> str:
        return "SetAccount(...)"  # wherever it may be printed: neither name nor password


class RetryServer(Command, frozen=True):
    """Tries to connect to the server now."""


class RetakeName(Command, frozen=True):
    """Takes the name back from another login."""


class SetMode(Command, frozen=True):
    """Chooses "hybrid", "mesh-only" or "legacy-only", by the settings that say so."""

    mode: str


# -- downloads and uploads -------------------------------------------------------------------------------------------


class GetHits(Change, frozen=True):
    """Fetches hits of a query, each from where it was found: from legacy users or as a content from peers.

    `folder` below the downloads folder; empty: the name of the remote folder (album), so that a release stays together.
    """

    query: int
    hits: tuple[int, ...]
    folder: str = ""
    paused: bool = False


class GetFolder(Change, frozen=True):
    """Fetches the whole remote folder that a hit stands in, with what is below it (several discs)."""

    query: int
    hit: int
    paused: bool = False


class GetRemote(Change, frozen=True):
    """Fetches one file of a legacy user by its own words (scripts, the gateway)."""

    user: str
    path: str
    size: int
    folder: str = ""
    paused: bool = False


class PauseLegacy(Change, frozen=True):
    """Stops downloads from legacy users; what is there stays."""

    keys: tuple[str, ...]


class ResumeLegacy(Change, frozen=True):
    """Goes on with paused or failed ones; one that waits for its time is tried at once."""

    keys: tuple[str, ...]


class RemoveLegacy(Change, frozen=True):
    """Takes them off the list; partial files are deleted, finished files stay."""

    keys: tuple[str, ...]


class MoveLegacy(Change, frozen=True):
    """Moves one `by` places (negative: earlier)."""

    key: str
    by: int


class ClearLegacy(Change, frozen=True):
    """Takes all finished ones off the list."""


class SwitchSource(Change, frozen=True):
    """Fetches a download from the user of a hit instead; what is there is kept if it is the same file."""

    key: str
    query: int
    hit: int


class WatchLegacy(Command, frozen=True):
    """Streams the timeline of this download in its view (empty: none)."""

    key: str


class CancelUpload(Change, frozen=True):
    """Ends one upload; the user is told."""

    key: int


class CancelUploads(Change, frozen=True):
    """Ends all uploads to a user."""

    user: str


# -- rooms and messages ----------------------------------------------------------------------------------------------


class ListRooms(Command, frozen=True):
    """Asks the server for its rooms. Answered by one `RoomsShown` event."""


class JoinRoom(Change, frozen=True):
    """Joins a room, now or with the next login."""

    room: str


class LeaveRoom(Change, frozen=True):
    """Leaves a room; what was said stays on the screen. `forget`: that goes too."""

    room: str
    forget: bool = False


class Say(Command, frozen=True):
    """Says a line in a room we are in."""

    room: str
    text: str


class SetTicker(Command, frozen=True):
    """Sets our ticker in a room; empty takes it away."""

    room: str
    text: str


class Whisper(Command, frozen=True):
    """Writes a private message: sent now, or with the next login."""

    user: str
    text: str


class Withdraw(Command, frozen=True):
    """Takes a message back that was not sent yet."""

    user: str
    number: int


class ForgetConversation(Change, frozen=True):
    """Drops a conversation with all that was said in it."""

    user: str


class WatchChat(Command, frozen=True):
    """Streams one room (`room` True) or conversation: `ChatView` and `ChatLines`, beginning with what is kept of it.

    An empty name: none. Watching marks nothing as read.
    """

    name: str
    room: bool = True


class ShowChat(Command, frozen=True):
    """All of one room (`room` True) or conversation at once: the latest `limit` lines and who is there.

    Answered by one `ChatShown` event.
    """

    name: str
    room: bool = True
    limit: int = 1000


class MarkRead(Change, frozen=True):
    """The person saw what is new there; `upto` a number: of a conversation only that message and those before it."""

    name: str
    room: bool = True
    upto: int | None = None


class Earlier(Command, frozen=True):
    """Messages with a user before this number. Answered by one `ChatLines` event with `earlier` set."""

    user: str
    before: int
    limit: int = 200


# -- people ------------------------------------------------------------------------------------------------------------


class AskUser(Command, frozen=True):
    """Asks a user who he is. Answered by one `UserShown` event."""

    user: str


class AskPresence(Command, frozen=True):
    """Asks the server alone how a user is, which costs him nothing. Answered by one `PresenceShown` event."""

    user: str


class AddBuddy(Change, frozen=True):
    """Puts somebody on the buddy list, or changes his entry."""

    user: str
    note: str = ""
    trusted: bool = False
    notify: bool = False


class RemoveBuddy(Change, frozen=True):
    """Takes somebody off the list."""

    user: str


class AddRule(Change, frozen=True):
    """Bans or ignores a name, a pattern with *, or (`address`) an address or network. `scope` of "results", "chat",
    "transfers"; a ban is all three, an ignore the first two. Uploads to who gets none any more are ended.
    """

    target: str
    scope: tuple[str, ...]
    address: bool = False
    note: str = ""


class RemoveRule(Change, frozen=True):
    """Takes a rule away."""

    target: str
    address: bool = False


class ImportPeople(Change, frozen=True):
    """Adds the buddies and rules of a file (`soulseek.people_lists`). All of it or nothing."""

    path: str


class ExportPeople(Command, frozen=True):
    """Writes both lists to a file; an existing one is not overwritten."""

    path: str


class BrowseUser(Command, frozen=True):
    """Fetches the list of a user's shares. `BrowseProgress` events tell how far it is; pages may be asked meanwhile."""

    user: str


class StopBrowse(Command, frozen=True):
    """Stops fetching a list; what came of it stays."""

    user: str


class BrowseFolders(Command, frozen=True):
    """A page of the folders of a browsed user, sorted, `text` in their path or in a file's name.

    Answered by one `FoldersShown` event.
    """

    user: str
    text: str = ""
    offset: int = 0
    limit: int = 200


class BrowseFiles(Command, frozen=True):
    """The files of one folder (`FolderView.row`). Answered by one `FilesShown` event."""

    user: str
    folder: int


class ShowBrowse(Command, frozen=True):
    """Whether a user's list is kept or on its way, and how far. Answered by one `BrowseStanding` event."""

    user: str


class BrowseListing(Command, frozen=True):
    """A piece of a browsed user's whole list, folders in order with their files. Answered by one `ListingShown` event.

    The first piece is asked for by the user alone. The next goes on with `number` of the former, at the `offset` of the
    folders already told; where the last of them had `more` files, with its own offset and `after` the row of its last
    file. It is refused where the list was fetched anew meanwhile.
    """

    user: str
    number: int = 0
    offset: int = 0
    after: int = 0


class ShowFolder(Command, frozen=True):
    """Asks a user what is in one of his folders; its `path` with backslashes. Answered by one `FolderTold` event.

    With `query` and `hit`, a hit that stands in that folder, it is asked for by the network's own words.
    """

    user: str
    path: str
    query: int = 0
    hit: int = 0


class GetBrowsed(Change, frozen=True):
    """Fetches files of a browsed user by their rows, or whole folders with what is below them."""

    user: str
    files: tuple[int, ...] = ()
    folders: tuple[int, ...] = ()
    paused: bool = False


# -- wishes ------------------------------------------------------------------------------------------------------------


class AddWish(Change, frozen=True):
    """A search that is repeated until it finds something. Reply value: its number."""

    text: str
    filter: str = ""
    auto: bool = False


class ChangeWish(Change, frozen=True):
    """Other words or rules of a wish."""

    wish: int
    text: str
    filter: str = ""
    auto: bool = False


class PauseWish(Change, frozen=True):
    """Lets a wish rest, or look again."""

    wish: int
    paused: bool


class RemoveWish(Change, frozen=True):
    """Takes a wish away; what it fetches goes on."""

    wish: int


class ShowOffers(Command, frozen=True):
    """What a wish found; marks it as seen. Answered by one `OffersShown` event."""

    wish: int


class TakeOffer(Change, frozen=True):
    """Fetches a folder that a wish found."""

    wish: int
    offer: str


# -- what is kept and told ---------------------------------------------------------------------------------------------


class ShowPublished(Command, frozen=True):
    """Every record this peer publishes now, and what comes next. Answered by one `PublishedShown` event."""


class ForgetCapture(Command, frozen=True):
    """Forgets everything that own searches and transfers showed of others."""
