"""From the rooms' own states to views. Pure functions; every foreign text is sanitised here and nowhere else."""

from __future__ import annotations

from slskmesh.engine.views import (
    HitView,
    LibraryView,
    PeerState,
    PeerView,
    ScanPhase,
    SourceView,
    TransferState,
    TransferView,
    UploadView,
)
from slskmesh.governance.standing import Record
from slskmesh.identity.peerid import PeerId, peer_short, peer_text
from slskmesh.mbid import mbid_of
from slskmesh.overlay.book import Entry as BookEntry
from slskmesh.overlay.port import Session
from slskmesh.soulseek.offers import AUDIO
from slskmesh.soulseek.results import Entry, Release, Source
from slskmesh.swarm.state import DownloadState, SourceState, UploadState
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire import limits
from slskmesh.wire.messages import Hit

_NAME = 40
_PROBLEMS_SHOWN = 20


def peer_view(
    peer: PeerId,
    entry: BookEntry | None,
    record: Record,
    session: Session | None,
    *,
    dialling: bool,
    now: float,
) -> PeerView:
    """One row of the Peers pane from all that is known of a peer."""
    name = session.remote.name if session is not None else entry.name if entry else ""
    waiting = entry is not None and entry.dial and bool(entry.addresses)
    if record.blocked:
        state = PeerState.BLOCKED
    elif session is not None:
        state = PeerState.CONNECTED
    elif dialling:
        state = PeerState.DIALLING
    else:
        state = PeerState.WAITING if waiting else PeerState.KNOWN
    note = entry.error if entry is not None and session is None else ""
    if record.no_data_until > now:
        note = "sent bad chunks twice in a day: no data is taken from it for a day"
    address = (
        session.address if session is not None else entry.addresses[0] if entry and entry.addresses else ""
    )
    return PeerView(
        peer=peer_text(peer),
        short=peer_short(peer),
        name=sanitize(name, _NAME),
        state=state,
        trusted=record.trusted,
        address=sanitize(address, 80),
        outbound=session is not None and session.outbound,
        since=session.since if session is not None else None,
        rtt=session.rtt if session is not None else None,
        down_total=record.received,
        up_total=record.sent,
        good_chunks=record.good_chunks,
        bad_chunks=record.bad_chunks,
        score=record.score,
        next_try=entry.next_try if state is PeerState.WAITING and entry is not None else None,
        note=sanitize(note, 160),
    )


def hit_view(hit: Hit, key: int, peer: PeerId, peer_name: str, *, trusted: bool, have: bool) -> HitView:
    """One search hit."""
    return HitView(
        key=key,
        content=hit.content.hex(),
        size=hit.size,
        name=sanitize(hit.name, limits.FILE_NAME_MAX),
        folder=sanitize(hit.folder, limits.FOLDER_MAX),
        peer=peer_text(peer),
        short=peer_short(peer),
        peer_name=sanitize(peer_name, _NAME),
        music=hit.domain == 1,
        format=sanitize(hit.format, 16),
        artist=sanitize(hit.artist),
        album=sanitize(hit.album),
        title=sanitize(hit.title),
        track=hit.track,
        disc=hit.disc,
        year=hit.year,
        duration=hit.duration / 1000,
        bitrate=hit.bitrate,
        sample_rate=hit.sample_rate,
        bit_depth=hit.bit_depth,
        channels=hit.channels,
        trusted=trusted,
        have=have,
        recording=mbid_of(hit.recording) if hit.recording else "",
        release=mbid_of(hit.release) if hit.release else "",
    )


def legacy_hit_view(
    key: int, source: Source, entry: Entry, release: Release | None, *, have: bool
) -> HitView:
    """One legacy user's copy of a file, as a search showed it; what he does not say is unknown, never 0."""
    file, said, user = source.file, source.file.attributes, sanitize(source.user, _NAME)
    return HitView(
        key=key,
        content="",
        size=file.size,
        name=sanitize(file.name, limits.FILE_NAME_MAX),
        folder=sanitize(file.folder.replace("\\", "/"), limits.FOLDER_MAX),
        peer="",
        short=f"slsk:{user}",
        peer_name=user,
        music=entry.extension in AUDIO,
        format=sanitize(entry.extension.upper(), 16),
        track=entry.track,
        disc=entry.disc,
        duration=float(said.duration or 0),
        bitrate=(said.bitrate or 0) * 1000,
        sample_rate=said.sample_rate or 0,
        bit_depth=said.bit_depth or 0,
        have=have,
        via="soulseek",
        user=user,
        same=entry.key,
        group=release.key if release is not None else "",
        group_title=sanitize(release.title, 160) if release is not None else SafeStr(""),
        vbr=said.vbr,
        free_slot=source.free_slot,
        speed=source.speed,
        queue=source.queue,
        locked=file.locked,
    )


def transfer_view(state: DownloadState, names: dict[PeerId, str]) -> TransferView:
    """One download; `names` are what connected peers call themselves."""
    return TransferView(
        transfer=state.content.hex(),
        name=sanitize(state.name, limits.FILE_NAME_MAX),
        folder=sanitize(state.folder, limits.FOLDER_MAX),
        size=state.size,
        done=state.done,
        state=TransferState(state.phase.value),
        reason=sanitize(state.reason),
        rate=state.rate,
        eta=state.eta,
        chunk_size=state.chunk_size,
        chunks=state.chunks,
        chunks_done=state.chunks_done,
        endgame=state.endgame,
        wasted=state.wasted,
        bad_chunks=state.bad_chunks,
        sources=tuple(_source_view(source, names) for source in state.sources),
        added=state.added,
        finished=state.finished,
        path=sanitize(state.path, 400),
    )


def _source_view(source: SourceState, names: dict[PeerId, str]) -> SourceView:
    user = f"slsk:{sanitize(source.user, _NAME)}" if source.user else ""
    return SourceView(
        letter=source.letter,
        peer="" if user else peer_text(source.peer),
        short=user or peer_short(source.peer),
        name=SafeStr("") if user else sanitize(names.get(source.peer, ""), _NAME),
        state=sanitize(source.state, 80),
        rate=source.rate,
        received=source.received,
        chunks=source.chunks,
        bad=source.bad,
        rtt=source.rtt,
        in_flight=source.in_flight,
        has=source.has,
    )


def upload_view(state: UploadState) -> UploadView:
    """One stream a peer opened on us."""
    return UploadView(
        peer=peer_text(state.peer),
        short=peer_short(state.peer),
        name=sanitize(state.name, limits.FILE_NAME_MAX),
        state=sanitize(state.state, 40),
        rate=state.rate,
        sent=state.sent,
        size=state.size,
    )


def library_view(
    phase: ScanPhase,
    roots: tuple[str, ...],
    files: int,
    size: int,
    problems: tuple[SafeStr, ...],
    problem_count: int,
) -> LibraryView:
    """The shares while no scan runs."""
    return LibraryView(
        phase=phase,
        roots=tuple(sanitize(root, 200) for root in roots),
        files=files,
        size=size,
        problems=problems[:_PROBLEMS_SHOWN],
        problem_count=problem_count,
    )
