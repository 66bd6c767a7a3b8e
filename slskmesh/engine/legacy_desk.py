"""The desk for transfers with legacy users, and for what is kept and told. Rules as in `engine/desk.py`.

What the person marks comes as keys: of hits of a query, of downloads, of uploads. An order for many goes on where one
of them cannot be done, and its reply says how many could, and why the first could not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as legacy
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.legacy_snapshots import published_shown, raw_of, shown
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.download_entry import key_of
from slskmesh.soulseek.folders import beside, is_disc, parts_of
from slskmesh.soulseek.results import Source
from slskmesh.soulseek.values import Listing, RemoteFile, TransferPhase
from slskmesh.wire.limits import FILE_MAX
from slskmesh.wire.messages import Hit
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

HITS_MAX: Final = 5_000  # in one order
DISCS_MAX: Final = 20  # of a release, asked for one by one
_AT_ONCE: Final = 50  # downloads that one order works on at a time
_TOO_OLD: Final = "this hit is of a search that is too old; search again"

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class Went:
    """How an order for many went."""

    def __init__(self) -> None:
        self.done = 0
        self.there = 0
        self.failed = 0
        self.why = ""

    def fail(self, why: str) -> None:
        """One could not be done."""
        self.failed += 1
        self.why = self.why or why

    def words(self, verb: str, what: str) -> str:
        """All of it in a sentence. UserError: nothing was done, and why."""
        if not self.done and not self.there and self.failed:
            more = f" ({self.failed} {what}s)" if self.failed > 1 else ""
            raise UserError(f"{self.why}{more}")
        parts = [f"{count_of(self.done, what)} {verb}"] if self.done or not self.there else []
        parts += [f"{self.there} there already"] if self.there else []
        parts += [f"{self.failed} not: {self.why}"] if self.failed else []
        return ", ".join(parts)


def count_of(number: int, what: str, many: str = "") -> str:
    """ "1 file", "2 files"."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


class LegacyDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            legacy.GetHits: self._get_hits,
            legacy.GetFolder: self._get_folder,
            legacy.GetRemote: self._get_remote,
            legacy.PauseLegacy: self._pause,
            legacy.ResumeLegacy: self._resume,
            legacy.RemoveLegacy: self._remove,
            legacy.MoveLegacy: self._move,
            legacy.ClearLegacy: self._clear,
            legacy.SwitchSource: self._switch,
            legacy.WatchLegacy: self._watch,
            legacy.CancelUpload: self._cancel_upload,
            legacy.CancelUploads: self._cancel_uploads,
            legacy.ShowPublished: self._show_published,
            legacy.ForgetCapture: self._forget_capture,
        }

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _get_hits(self, request: int, command: legacy.GetHits) -> tuple[str, str]:
        check_configured(self._engine)
        hits = list(dict.fromkeys(command.hits))
        if not hits:
            raise UserError("nothing is marked to be fetched")
        if len(hits) > HITS_MAX:
            raise UserError(f"{len(hits):,} hits are too many at once; {HITS_MAX:,} are taken by one order")
        went, value = Went(), ""
        for hit in hits:
            try:
                value = await self._get_hit(command, hit, went)
            except SlskmeshError as error:
                went.fail(str(error))
        return went.words("added", "file"), value if len(hits) == 1 else ""

    async def _get_hit(self, command: legacy.GetHits, hit: int, went: Went) -> str:
        """Fetches one; its key, the content's of a peer's."""
        queries = self._engine.legacy.queries
        if (source := queries.source(command.query, hit)) is not None:
            folder = folder_for(source.file, command.folder)
            return (await get_file(self._engine, source, folder, command.paused, went)).hex()
        if (found := queries.mesh(command.query, hit)) is not None:
            await self._get_content(found, command.folder or folder_of(found), command.paused, went)
            return found.content.hex()
        raise UserError(_TOO_OLD)

    async def _get_content(self, hit: Hit, folder: str, paused: bool, went: Went) -> None:
        downloads = self._engine.downloads
        known = downloads.state(hit.content)
        try:
            await downloads.add(hit.content, hit.size, hit.name, folder)
        except UserError:
            if known is None:
                raise
            went.there += 1
            return
        if paused:
            await downloads.pause(hit.content)
        went.done += 1

    async def _get_folder(self, request: int, command: legacy.GetFolder) -> str:
        check_configured(self._engine)
        source = self._source(command.query, command.hit)
        folders = self._engine.legacy.queries.folders(command.query, command.hit)[:DISCS_MAX]
        listing, folder = await self._release(source.user, folders)
        asked = await self._engine.legacy.downloads.add_listing(listing, folder, paused=command.paused)
        locked = f", {asked.locked} locked to us" if asked.locked else ""
        return f"{count_of(len(asked.keys), 'file')} of {shown(parts_of(folder)[-1])} in the list{locked}"

    async def _release(self, user: str, folders: Sequence[str]) -> tuple[Listing, str]:
        """What is in the first of a release's folders and below it; of a disc in its album's folder all discs.

        Not every client tells what is below a folder: then discs that a search showed are asked for by themselves, and
        those that would stand beside them.
        """
        client, (folder, *others) = self._engine.legacy.client, folders
        above, _, disc = folder.rpartition("\\")
        if not above or not is_disc(disc):
            return await client.folder(user, folder, LocalBudget()), folder
        told = dict(discs_of(await client.folder(user, above, LocalBudget()), above).folders)
        silent = all(parts_of(path) == parts_of(above) for path in told)
        for other in (folder, *others):
            if not told.get(other) and parts_of(other)[:-1] == parts_of(above):
                told |= dict((await client.folder(user, other, LocalBudget())).folders)
        if silent:
            await self._add_discs(user, folder, told)
        return Listing(user, tuple(told.items()), True), above

    async def _add_discs(self, user: str, folder: str, told: dict[str, tuple[RemoteFile, ...]]) -> None:
        """Adds the discs beside one to those that were told of: the first, the second, until one is not there."""
        above, _, disc = folder.rpartition("\\")
        for number in range(1, DISCS_MAX + 1):
            name = beside(disc, number)
            path = f"{above}\\{name}"
            if not name or path in told:
                continue
            try:
                found = dict((await self._engine.legacy.client.folder(user, path, LocalBudget())).folders)
            except SlskmeshError:
                return  # a guess that is not answered costs nothing of what is known
            if not found.get(path):
                return
            told[path] = found[path]

    async def _get_remote(self, request: int, command: legacy.GetRemote) -> tuple[str, str]:
        check_configured(self._engine)
        if not 0 <= command.size <= FILE_MAX:
            raise UserError(f"a file has from 0 to {FILE_MAX} bytes, not {command.size}")
        user, path = self._engine.legacy.told_names.raw(command.user, command.path)
        file = RemoteFile(path, command.size)
        key = await self._engine.legacy.downloads.add(
            user, file, command.folder or folder_for(file, ""), paused=command.paused
        )
        return f"in the list: {shown(file.name)}", key.hex()

    def _source(self, query: int, hit: int) -> Source:
        queries = self._engine.legacy.queries
        if (source := queries.source(query, hit)) is not None:
            return source
        if queries.mesh(query, hit) is not None:
            raise UserError(
                "this is a peer's file; peers are asked for files, not for folders or as a source here"
            )
        raise UserError(_TOO_OLD)

    # -- the list ------------------------------------------------------------------------------------------------

    async def _pause(self, request: int, command: legacy.PauseLegacy) -> str:
        return (await each(command.keys, self._engine.legacy.downloads.pause)).words("paused", "download")

    async def _resume(self, request: int, command: legacy.ResumeLegacy) -> str:
        return (await each(command.keys, self._engine.legacy.downloads.resume)).words("resumed", "download")

    async def _remove(self, request: int, command: legacy.RemoveLegacy) -> str:
        return (await each(command.keys, self._engine.legacy.downloads.remove)).words("removed", "download")

    async def _move(self, request: int, command: legacy.MoveLegacy) -> str:
        await self._engine.legacy.downloads.move(key_in(command.key), command.by)
        return "moved"

    async def _clear(self, request: int, command: legacy.ClearLegacy) -> str:
        return (
            f"{count_of(await self._engine.legacy.downloads.clear_done(), 'finished download')} off the list"
        )

    async def _switch(self, request: int, command: legacy.SwitchSource) -> str:
        source = self._source(command.query, command.hit)
        await self._engine.legacy.downloads.switch_source(key_in(command.key), source.user, source.file)
        return f"fetched from {shown(source.user)} from now on"

    async def _watch(self, request: int, command: legacy.WatchLegacy) -> str:
        key = key_in(command.key) if command.key else b""
        self._engine.legacy_pulse.watch(viewer_of(request), key)
        return ""

    # -- uploads -------------------------------------------------------------------------------------------------

    async def _cancel_upload(self, request: int, command: legacy.CancelUpload) -> str:
        uploads = self._engine.legacy.uploads
        if all(one.key != command.key for one in uploads.views()):
            raise UserError("this upload is over already")
        await uploads.cancel(command.key)
        return "upload ended"

    async def _cancel_uploads(self, request: int, command: legacy.CancelUploads) -> str:
        uploads = self._engine.legacy.uploads
        user = raw_of(command.user, (one.user for one in uploads.views()))
        return f"{count_of(await uploads.cancel_user(user), 'upload')} to {shown(user)} ended"

    # -- what is kept and told -----------------------------------------------------------------------------------

    async def _show_published(self, request: int, command: legacy.ShowPublished) -> str:
        listing = await self._engine.legacy.lister.listing()
        self._engine.hub.put_event(published_shown(request, listing))
        return listing.lines[0]

    async def _forget_capture(self, request: int, command: legacy.ForgetCapture) -> str:
        await self._engine.legacy.capture.forget()
        self._engine.legacy_pulse.forgot_capture()
        return "forgotten: everything that searches and transfers showed of others"


async def get_file(engine: Engine, source: Source, folder: str, paused: bool, went: Went) -> bytes:
    """Queues one user's file; its key. SlskmeshError: it cannot be."""
    user, file, downloads = source.user, source.file, engine.legacy.downloads
    if file.locked:
        raise UserError(f"{shown(file.name)} is locked: {shown(user)} gives it to people of his choice only")
    key = key_of(user, file.path, file.size)
    known = downloads.state(key)
    try:
        await downloads.add(user, file, folder, paused=paused)
    except UserError:
        if known is None or known.phase is not TransferPhase.DONE:
            raise
        went.there += 1
        return key
    if known is None or known.phase in (TransferPhase.DONE, TransferPhase.FAILED):
        went.done += 1
    else:
        went.there += 1
    return key


def check_configured(engine: Engine) -> None:
    """UserError before there is a folder for downloads."""
    if not engine.settings.configured:
        raise UserError("choose a downloads folder first (pane Settings)")


def folder_for(file: RemoteFile, wanted: str) -> str:
    """Where a user's file goes: below `wanted`, else below its album's name; discs in folders of their own."""
    parts = parts_of(file.folder)
    disc = parts.pop() if len(parts) > 1 and is_disc(parts[-1]) else ""
    folder = wanted or (parts[-1] if parts else "")
    return f"{folder}/{disc}" if disc else folder


def folder_of(hit: Hit) -> str:
    """Where a peer's file goes: "Artist/Album" by its tags, else the last part of the peer's folder."""
    if hit.artist and hit.album:
        return f"{hit.artist.replace('/', '_')}/{hit.album.replace('/', '_')}"
    parts = parts_of(hit.folder)
    return parts[-1] if parts else ""


def discs_of(listing: Listing, folder: str) -> Listing:
    """Of a folder's listing itself and its discs, without what else is below it."""
    above = parts_of(folder)

    def belongs(path: str) -> bool:
        parts = parts_of(path)
        beyond = parts[len(above) :]
        return parts[: len(above)] == above and (not beyond or is_disc(beyond[0]))

    return Listing(listing.user, tuple(one for one in listing.folders if belongs(one[0])), listing.done)


def content_in(text: str) -> bytes:
    """The content id in a command. UserError: it is none."""
    try:
        content = bytes.fromhex(text)
    except ValueError:
        content = b""
    if len(content) != 32:
        raise UserError("a content id is 64 hexadecimal digits")
    return content


def key_in(text: str) -> bytes:
    """The key of a download. UserError: it is none."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise UserError("the key of a download from a Soulseek user is 32 hexadecimal digits")
    return key


async def each(keys: Sequence[str], work: Callable[[bytes], Awaitable[None]]) -> Went:
    """Does it to every download of these keys, some at a time."""
    wanted = list(dict.fromkeys(keys))
    failed: dict[int, str] = {}
    limit = trio.CapacityLimiter(_AT_ONCE)

    async def one(place: int, key: str) -> None:
        async with limit:
            try:
                await work(key_in(key))
            except SlskmeshError as error:
                failed[place] = str(error)

    async with trio.open_nursery() as nursery:
        for place, key in enumerate(wanted):
            nursery.start_soon(one, place, key)
    went = Went()
    went.done = len(wanted) - len(failed)
    for place in sorted(failed):
        went.fail(failed[place])
    return went
