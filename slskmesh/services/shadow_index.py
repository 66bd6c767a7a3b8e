"""The service `shadow-index`: what peers may ask about our library by MusicBrainz id (003 synergy 1, 000 section 5.4).

Rules:
- Only what is offered; never a name or a path; counts are rounded, since exact ones identify a library.
- Every question costs the caller's budget and our database only: none makes us ask MusicBrainz or another peer.
- Who is blocked is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any, ClassVar, Final, Protocol

from slskmesh.errors import UserError
from slskmesh.fabric.port import Caller, Method
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import PeerId
from slskmesh.library.rows import LibraryStats
from slskmesh.library.variant import HeldTrack
from slskmesh.mbid import Mbid, mbid_bytes, mbid_of
from slskmesh.shadow.descriptors import (
    SERVICE,
    VARIANTS_MAX,
    AskMbid,
    AskMissing,
    AskRecording,
    AskRelease,
    AskStats,
    FingerprintBundleAdvert,
    Holding,
    MbidAnswer,
    MbidSwarmDescriptor,
    MissingTracks,
    StatsAnswer,
    VariantAdvert,
)
from slskmesh.shadow.holdings import to_advert
from slskmesh.shadow.port import Cached, Shelf
from slskmesh.work import LIBRARY_QUERY

PARTS_MAX: Final = 10  # of one descriptor: as many as callers read
_HOLDERS_MAX: Final = 64
_MISSING_MAX: Final = 1000
_KINDS: Final = ("release", "recording")


class Offers(Shelf, Protocol):
    """The library as this service needs it."""

    async def stats(self) -> LibraryStats:
        """What is offered now."""


class Shadow(Protocol):
    """The shadow index as this service needs it."""

    def wanted(self, kind: str, mbid: str) -> None:
        """A peer asked for what we hold."""

    def holders(self, kind: str, mbid: str) -> Collection[Holding]:
        """Peers that gave us verified data of it."""


class ShadowIndexService:
    """Answers peers. `policy` gives (free upload slots, bytes per second sent at most)."""

    name: ClassVar[str] = SERVICE
    version: ClassVar[int] = 1

    def __init__(
        self,
        library: Offers,
        cached: Cached,
        shadow: Shadow,
        *,
        me: PeerId,
        may_ask: Callable[[PeerId], bool],
        policy: Callable[[], tuple[int, int]],
        wall: Callable[[], float],
    ) -> None:
        self._library, self._cached, self._shadow = library, cached, shadow
        self._me, self._may_ask, self._policy, self._wall = me, may_ask, policy, wall

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        """By name, as callers write them."""
        return {
            "SwarmDescriptor": Method(AskRelease, MbidSwarmDescriptor, stream=self._descriptor),
            "FingerprintBundle": Method(AskRecording, FingerprintBundleAdvert, handler=self._bundle),
            "QueryByMbid": Method(AskMbid, MbidAnswer, handler=self._query),
            "GetMissingTracks": Method(AskMissing, MissingTracks, handler=self._missing),
            "GetLibraryStats": Method(AskStats, StatsAnswer, handler=self._stats),
        }

    async def _descriptor(self, caller: Caller, ask: AskRelease) -> AsyncIterator[MbidSwarmDescriptor]:
        self._admit(caller)
        mbid = mbid_of(ask.release)
        adverts = _adverts(await self._library.by_release(mbid))[: PARTS_MAX * VARIANTS_MAX]
        if adverts:
            self._shadow.wanted("release", mbid)
        slots, rate = self._policy()
        for start in range(0, max(1, len(adverts)), VARIANTS_MAX):
            part = tuple(adverts[start : start + VARIANTS_MAX])
            yield MbidSwarmDescriptor(
                ask.release, part, min(max(slots, 0), 0xFFFF), min(max(rate, 0), 2**32 - 1)
            )

    async def _bundle(self, caller: Caller, ask: AskRecording) -> FingerprintBundleAdvert:
        self._admit(caller)
        mbid = mbid_of(ask.recording)
        adverts = _adverts(await self._library.by_recording(mbid))[:VARIANTS_MAX]
        if adverts:
            self._shadow.wanted("recording", mbid)
        return FingerprintBundleAdvert(ask.recording, tuple(adverts))

    async def _query(self, caller: Caller, ask: AskMbid) -> MbidAnswer:
        self._admit(caller)
        if ask.kind not in _KINDS:
            raise UserError(f"“kind” is one of {', '.join(_KINDS)}")
        mbid = mbid_of(ask.mbid)
        held = bool(await self._held(ask.kind, mbid))
        known = [one for one in self._shadow.holders(ask.kind, mbid) if one.peer != caller.peer]
        known.sort(key=lambda one: -one.seen)
        if held:
            known.insert(0, Holding(self._me, max(0, int(self._wall()))))
            self._shadow.wanted(ask.kind, mbid)
        return MbidAnswer(held, tuple(known[:_HOLDERS_MAX]), len(known))

    async def _held(self, kind: str, mbid: Mbid) -> list[HeldTrack]:
        if kind == "release":
            return await self._library.by_release(mbid)
        return await self._library.by_recording(mbid)

    async def _missing(self, caller: Caller, ask: AskMissing) -> MissingTracks:
        """By files of this very release: the same recording on another one is another edition's."""
        self._admit(caller)
        mbid = mbid_of(ask.release)
        release = await self._cached.cached_release(mbid)
        if release is None:
            return MissingTracks(0, ())
        held = {one.file.mb_recording for one in await self._library.by_release(mbid)}
        wanted = dict.fromkeys(track.recording for track in release.tracks if track.recording not in held)
        missing = tuple(mbid_bytes(one) for one in wanted)[:_MISSING_MAX]
        return MissingTracks(min(len(release.tracks), 0xFFFF), missing)

    async def _stats(self, caller: Caller, ask: AskStats) -> StatsAnswer:
        self._admit(caller)
        stats = await self._library.stats()
        releases, recordings = await self._library.counts()
        return StatsAnswer(rounded(stats.files), rounded(stats.size), rounded(releases), rounded(recordings))

    def _admit(self, caller: Caller) -> None:
        if not self._may_ask(caller.peer):
            raise CallFailed(Status.FORBIDDEN, "not welcome")
        caller.budget.spend(LIBRARY_QUERY)


def _adverts(held: list[HeldTrack]) -> list[VariantAdvert]:
    """One advert a content: the same bytes may stand in several places."""
    return list({one.file.content: to_advert(one) for one in held}.values())


def rounded(number: int) -> int:
    """To two significant digits, downwards."""
    unit = int(10 ** max(0, len(str(number)) - 2))
    return number // unit * unit
