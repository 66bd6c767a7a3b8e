"""Commands: what a front end may ask of the engine. Each is answered by exactly one `Reply` event.

`content`, `transfer` are content ids in hex; `peer` is the full text form of a peer id.
"""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Base of all commands."""


class Change(Command, frozen=True):
    """One that changes lists: its answer comes after the views that show it."""


class Search(Command, frozen=True):
    """Asks the networks that the mode allows; hits come as `Found` events with this command's request number as query.

    `where`: "all", "mesh" or "soulseek". With `user` or `room` only that Soulseek user, or the people in that room.
    `limit` is for each network. `quiet`: seconds without an answer of a Soulseek user after which it is over, 1 to 120;
    0: 15. With `program` it is a program that asks: it leaves some of the searches the server allows to the person, and
    where none is left for it now nobody is asked and `Reply.value` tells when it may be asked again.
    """

    text: str
    limit: int = 500
    where: str = "all"
    user: str = ""
    room: str = ""
    quiet: float = 0.0
    program: bool = False


class StopSearch(Command, frozen=True):
    """No more hits are wanted for query `query`."""

    query: int


class Download(Change, frozen=True):
    """Fetches one content from every connected peer that has it. Reply value: the transfer id.

    `name` is the file's name, `folder` the sub-folder below the downloads folder (may be empty); both are made safe.
    """

    content: str
    size: int
    name: str
    folder: str = ""


class Pause(Change, frozen=True):
    """Stops one download and keeps what is there."""

    transfer: str


class Resume(Change, frozen=True):
    """Goes on with a paused or failed download (failed: tries again)."""

    transfer: str


class Remove(Change, frozen=True):
    """Takes a download off the list; an unfinished one's partial file is deleted, a finished file never is."""

    transfer: str


class Move(Change, frozen=True):
    """Moves a queued download `by` places (negative: earlier)."""

    transfer: str
    by: int


class Watch(Command, frozen=True):
    """Streams the chunk map of this transfer (empty: none)."""

    transfer: str


class Connect(Change, frozen=True):
    """Dials a peer by invite text, or by `host:port` where the peer's key is not known beforehand."""

    invite: str


class MakeInvite(Command, frozen=True):
    """Reply value: a signed invite text naming this peer and where it listens."""

    valid_hours: int = 24 * 7


class Disconnect(Change, frozen=True):
    """Closes the session with a peer and does not redial it by itself."""

    peer: str


class Block(Change, frozen=True):
    """Refuses a peer from now on: sessions, searches, chunks."""

    peer: str


class Unblock(Change, frozen=True):
    """Takes a block back."""

    peer: str


class Trust(Change, frozen=True):
    """Marks a peer as trusted (or not): preferred for slots and sources."""

    peer: str
    trusted: bool


class Forget(Change, frozen=True):
    """Removes a peer that is not connected from the peer book."""

    peer: str


class Rescan(Command, frozen=True):
    """Scans the shares now."""


class CancelScan(Command, frozen=True):
    """Stops a running scan; what is already hashed stays. Reply value: "cancelled", empty where none runs."""


class ShowShares(Command, frozen=True):
    """The shares with what each offers. Answered by one `SharesShown` event."""


class ShowLibrary(Command, frozen=True):
    """A page of the files we share, by folder and name. Answered by one `LibraryShown` event.

    `after` is `next` of the page before, empty begins. `share` is the number of one share, 0: all. With `text` it is
    one page of the best that are found by it, wherever they are.
    """

    text: str = ""
    after: str = ""
    limit: int = 200
    share: int = 0


class ListDownloads(Command, frozen=True):
    """What lies in the downloads folder, or (`incomplete`) among what is not finished. Answered by `DownloadsListed`.

    `path` of a folder in there, as it is shown, empty: all of it; `recursive`: with what is below it.
    """

    path: str = ""
    incomplete: bool = False
    recursive: bool = False


class SetSetting(Command, frozen=True):
    """Sets one setting by its dotted key, text as in config.toml, and writes the file."""

    key: str
    value: str


class FinishSetup(Command, frozen=True):
    """The person answered the first-run questions; until then nothing listens and nothing is shared."""

    shares: tuple[str, ...]
    downloads: str
    listen: str = ""  # empty: the default
    name: str = ""


class LookUp(Command, frozen=True):
    """Text to MusicBrainz ids, or an id to what it is. Answered by one `LookedUp` event with this request as query.

    `kind`: "release", "artist", "label", or empty: by the pasted address or id, else releases.
    """

    text: str
    kind: str = ""
    limit: int = 25


class Resolve(Command, frozen=True):
    """Who has this release, and which variants? Answered by one `Resolved` event with this request as query."""

    release: str


class AddJob(Change, frozen=True):
    """Starts a job. Reply value: its number. Fields as `slskmesh.jobs.state.Spec` has them.

    `kind`: "mb_release", "discography", "label_crate"; `target`: the id of a release, artist or label, or its page's
    address as pasted. `tracks` empty: all. `releases`: the only ones a discography takes.
    """

    kind: str
    target: str
    title: str = ""
    target_dir: str = ""
    layout: str = ""
    tracks: tuple[int | str, ...] = ()
    profile: str = "core"
    limit: int = 20
    scene: str = ""
    preferred_codecs: tuple[str, ...] = ()
    allow_lossy: bool = True
    prefer_canonical: bool = True
    use_overlay: bool = True
    overlay_bandwidth_kbps: int = 0
    requested_by: str = ""
    releases: tuple[str, ...] = ()
    library_hint: str = ""


class ShowSpecs(Command, frozen=True):
    """What jobs were asked for, at most 100. Answered by one `SpecsShown` event without those that are not there."""

    jobs: tuple[int, ...]


class PauseJob(Change, frozen=True):
    """Stops a job and its transfers; what is there stays."""

    job: int


class ResumeJob(Change, frozen=True):
    """Goes on with a paused job (failed: tries again)."""

    job: int


class RetryJob(Change, frozen=True):
    """Tries everything of a job again that is not done: plans anew, now."""

    job: int


class CancelJob(Change, frozen=True):
    """Ends a job; finished files stay, unfinished ones are removed."""

    job: int


class RemoveJob(Change, frozen=True):
    """Takes a job that is over off the list. Files stay."""

    job: int


class MoveJob(Change, frozen=True):
    """Moves a job `by` places in the order of work (negative: earlier)."""

    job: int
    by: int


class WatchJob(Command, frozen=True):
    """Streams `JobView` of this job (0: none)."""

    job: int
