"""From the Soulseek plane's values to views. Pure functions; every foreign text is sanitised here and nowhere else.

Names of users and rooms are shown as `shown` makes them; `raw_of` finds the name a shown one stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from slskmesh.acquire.rescue import RescueCounts
from slskmesh.engine.legacy_events import BrowseProgress, PublishedShown, UserShown
from slskmesh.engine.legacy_views import (
    BuddyView,
    CaptureView,
    ChatLineView,
    ConversationView,
    FolderView,
    HookRanView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadView,
    ListedFolderView,
    MemberView,
    OfferView,
    RemoteFileView,
    RescueView,
    RoomInfoView,
    RoomView,
    RuleView,
    SumsView,
    ToldFolderView,
    ToldView,
    UserSumsView,
    WishView,
)
from slskmesh.shadow.capture import CaptureStatus
from slskmesh.shadow.listing import Listing, Told
from slskmesh.soulseek.blocklist import Rule, Scope
from slskmesh.soulseek.browses import Progress
from slskmesh.soulseek.browses_rows import FileRow, FolderRow
from slskmesh.soulseek.chatter import RoomLine, RoomStanding
from slskmesh.soulseek.download_entry import LegacyDownload, LegacyLine
from slskmesh.soulseek.hooks import HookRan
from slskmesh.soulseek.letters import ConversationStanding, Message
from slskmesh.soulseek.offers import Offer, Source
from slskmesh.soulseek.people_lists import Buddy
from slskmesh.soulseek.speech import LINE_BYTES, TICKER_BYTES
from slskmesh.soulseek.tally import UserSums
from slskmesh.soulseek.transfer_rows import Sums
from slskmesh.soulseek.uploads import LegacyUpload
from slskmesh.soulseek.values import Listing as BrowsedListing
from slskmesh.soulseek.values import Member, RemoteFile, RoomInfo, UserInfo, UserState
from slskmesh.soulseek.wishes import Auto, Wish
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire import limits

SCOPES: Final = {"results": Scope.RESULTS, "chat": Scope.CHAT, "transfers": Scope.TRANSFERS}
_NAME: Final = 40  # as search hits show names
_TEXT: Final = 200
_ABOUT: Final = 1_000
_PATH: Final = 400


def shown(name: str) -> SafeStr:
    """The name of a user or room as views show it."""
    return sanitize(name, _NAME)


def raw_of(name: str, known: Iterable[str]) -> str:
    """The raw name among those known that is shown so; itself where there is none."""
    found = [raw for raw in known if raw == name or shown(raw) == name]
    return name if name in found or not found else found[0]


def _folder(path: str) -> SafeStr:
    return sanitize(path.replace("\\", "/"), limits.FOLDER_MAX)


# -- transfers ---------------------------------------------------------------------------------------------------


def download_view(
    state: LegacyDownload, lines: Sequence[LegacyLine] = (), content: bytes | None = None
) -> LegacyDownloadView:
    """One download; `lines` its timeline if it is watched, `content` what peers finish it with."""
    file = RemoteFile(state.path, state.size)
    return LegacyDownloadView(
        key=state.key.hex(),
        user=shown(state.user),
        name=sanitize(state.name or file.name, limits.FILE_NAME_MAX),
        remote=_folder(file.folder),
        folder=sanitize(state.folder, limits.FOLDER_MAX),
        size=state.size,
        done=state.done,
        phase=LegacyPhase(state.phase.value),
        reason=sanitize(state.reason),
        rate=round(state.rate),
        eta=None if state.eta is None else round(state.eta),
        place=state.place,
        next_try=None if state.next_try is None else round(state.next_try),
        elsewhere=state.elsewhere,
        tries=state.tries,
        rescued=content is not None,
        transfer="" if content is None else content.hex(),
        added=state.added,
        finished=state.finished,
        path=sanitize(state.local, _PATH),
        lines=tuple((line.when, sanitize(line.text, _PATH)) for line in lines),
    )


def upload_view(state: LegacyUpload) -> LegacyUploadView:
    """One upload."""
    file = RemoteFile(state.path, state.size)
    return LegacyUploadView(
        key=state.key,
        user=shown(state.user),
        name=sanitize(file.name, limits.FILE_NAME_MAX),
        folder=_folder(file.folder),
        group=state.group,
        phase=LegacyPhase(state.phase.value),
        size=state.size,
        done=state.done,
        rate=round(state.rate),
    )


def sums_view(sums: Sums) -> SumsView:
    """Bytes and files."""
    return SumsView(sums.received, sums.sent, sums.files_received, sums.files_sent)


def user_sums_view(one: UserSums) -> UserSumsView:
    """The same of one user."""
    return UserSumsView(shown(one.user), sums_view(one.sums))


def hook_view(ran: HookRan) -> HookRanView:
    """One run of a hook; the room that ran it made its texts harmless."""
    return HookRanView(
        ran.when, ran.event, ran.hook, ran.target, round(ran.seconds, 3), ran.code, ran.line, ran.good
    )


def rescue_view(counts: RescueCounts) -> RescueView:
    """Rescues since the start."""
    return RescueView(counts.begun, counts.rescued, counts.bytes, counts.refused)


def capture_view(status: CaptureStatus) -> CaptureView:
    """What is kept of searches and transfers."""
    held = status.held
    return CaptureView(
        seen=held.seen,
        recordings=held.recordings,
        users=held.users,
        tracks=status.tracks,
        dropped=status.dropped,
        trouble=sanitize(status.trouble),
    )


# -- rooms and messages ------------------------------------------------------------------------------------------


def room_view(room: RoomStanding) -> RoomView:
    """One room of ours."""
    return RoomView(
        name=shown(room.name),
        wanted=room.wanted,
        joined=room.joined,
        private=room.private,
        users=room.users,
        tickers=room.tickers,
        unread=room.unread,
        mentions=room.mentions,
        fault=sanitize(room.fault),
    )


def conversation_view(talk: ConversationStanding, state: UserState) -> ConversationView:
    """Messages with one user, who is in this state."""
    return ConversationView(
        user=shown(talk.user),
        unread=talk.unread,
        waiting=talk.waiting,
        last=talk.last,
        text=sanitize(talk.text, _TEXT),
        state=state.value,
    )


def room_line(line: RoomLine) -> ChatLineView:
    """One line of a room."""
    return ChatLineView(
        line.number, line.at, shown(line.user), sanitize(line.text, LINE_BYTES), line.kind.value
    )


def message_line(message: Message, user: str, me: str) -> ChatLineView:
    """One message with a user."""
    return ChatLineView(
        message.number,
        message.at,
        shown(me if message.own else user),
        sanitize(message.text, LINE_BYTES),
        message.state.value,
        sanitize(message.why),
    )


def tickers_shown(tickers: Iterable[tuple[str, str]]) -> tuple[tuple[SafeStr, SafeStr], ...]:
    """What hangs on a room's wall."""
    return tuple((shown(user), sanitize(text, TICKER_BYTES)) for user, text in tickers)


def member_view(user: str, member: Member | None) -> MemberView:
    """Somebody in a room."""
    if member is None:
        return MemberView(shown(user))
    return MemberView(
        shown(user),
        member.state.value,
        member.speed,
        member.uploads,
        member.files,
        member.folders,
        member.slots,
        sanitize(member.country, 2),
    )


def room_info(room: RoomInfo, joined: bool) -> RoomInfoView:
    """One room of the server's list."""
    return RoomInfoView(shown(room.name), room.users, room.private, joined, room.owned, room.moderated)


# -- people and wishes -------------------------------------------------------------------------------------------


def buddy_view(one: Buddy, state: UserState) -> BuddyView:
    """Somebody on the buddy list."""
    return BuddyView(shown(one.name), state.value, sanitize(one.note), one.trusted, one.notify, one.last_seen)


def rule_view(rule: Rule) -> RuleView:
    """One ban or ignore."""
    scope = tuple(word for word, flag in SCOPES.items() if flag in rule.scope)
    return RuleView(sanitize(rule.target, 60), rule.address, scope, sanitize(rule.note), rule.added)


def user_shown(
    query: int, user: str, info: UserInfo | None, state: UserState, sums: Sums, note: str
) -> UserShown:
    """What is known of a user; `info` None where he did not say."""
    return UserShown(
        query=query,
        user=shown(user),
        text=sanitize(info.text, _ABOUT) if info else SafeStr(""),
        slots=info.slots if info else 0,
        queue=info.queue if info else 0,
        free_slot=info.free_slot if info else False,
        picture=info.picture if info else 0,
        state=state.value,
        received=sums.received,
        sent=sums.sent,
        note=sanitize(note),
    )


def wish_view(wish: Wish) -> WishView:
    """One wish."""
    return WishView(
        wish=wish.id,
        text=sanitize(wish.text),
        filter=sanitize(wish.filter),
        auto=wish.auto is Auto.FOLDER,
        phase=wish.phase.value,
        runs=wish.runs,
        hits=wish.hits,
        fresh=wish.fresh,
        ran_at=wish.ran_at,
        note=sanitize(wish.note, 300),
    )


def offer_view(offer: Offer) -> OfferView:
    """One folder that a wish found."""
    mesh = offer.source is Source.MESH
    return OfferView(
        offer=offer.digest.hex(),
        via=offer.source.value,
        user=shown(offer.user),
        folder=_folder(offer.folder),
        files=len(offer.files),
        size=sum(file.size for file in offer.files),
        lossless=offer.lossless,
        free_slot=offer.free_slot or mesh,
        speed=offer.speed,
        queue=offer.queue,
    )


# -- browsed lists -----------------------------------------------------------------------------------------------


def browse_progress(progress: Progress) -> BrowseProgress:
    """How far a list is."""
    return BrowseProgress(
        shown(progress.user),
        progress.folders,
        progress.files,
        progress.size,
        progress.done,
        sanitize(progress.note),
    )


def folder_view(row: FolderRow) -> FolderView:
    """One folder of a list."""
    return FolderView(row.row, _folder(row.path), row.files, row.size)


def file_view(row: FileRow) -> RemoteFileView:
    """One file of a list."""
    file, said = row.file, row.file.attributes
    return RemoteFileView(
        row=row.row,
        name=sanitize(file.name, limits.FILE_NAME_MAX),
        size=file.size,
        bitrate=said.bitrate,
        duration=said.duration,
        vbr=said.vbr,
        sample_rate=said.sample_rate,
        bit_depth=said.bit_depth,
        locked=file.locked,
    )


def listed_folder(row: FolderRow, files: Iterable[FileRow], more: bool) -> ListedFolderView:
    """One folder with its files."""
    return ListedFolderView(folder_view(row), tuple(map(file_view, files)), more)


def told_folders(listing: BrowsedListing, folder: str, most: int) -> tuple[ToldFolderView, ...]:
    """What a user told of `folder`, which comes first, and below it: its first `most` files."""
    found = []
    for path, files in sorted(listing.folders, key=lambda one: one[0] != folder):
        shown_files = tuple(file_view(FileRow(0, file)) for file in files[:most])
        most -= len(shown_files)
        found.append(ToldFolderView(_folder(path), shown_files))
    return tuple(found)


# -- what is published -------------------------------------------------------------------------------------------


def published_shown(query: int, listing: Listing) -> PublishedShown:
    """What this peer tells the mesh."""
    return PublishedShown(
        query,
        out=tuple(map(told_view, listing.out)),
        next=tuple(map(told_view, listing.next)),
        leaving=tuple(sanitize(name) for name in listing.leaving),
        lines=tuple(sanitize(line, 300) for line in listing.lines),
    )


def told_view(told: Told) -> ToldView:
    """One record."""
    return ToldView(
        told.kind,
        sanitize(told.name),
        sanitize(told.title),
        len(told.payload),
        told.life,
        tuple(sanitize(line, 600) for line in told.says),
    )
