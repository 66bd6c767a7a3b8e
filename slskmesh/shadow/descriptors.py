"""Descriptors: what a peer says over the overlay of what it holds (000 section 5.4: mbid_swarm_descriptor,
fingerprint_bundle_advert), and the other requests of the shadow-index service.

Rules:
- The table tells who; these tell what and how. They come from the holder itself over its authenticated session.
- Never a name or a path: content ids, sizes, codecs, durations, MusicBrainz ids.
- Every field is bounded; what is outside is the sender's fault. Durations in ms, bit rates in bit/s.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from slskmesh.wire import limits
from slskmesh.wire.messages import U16, U32, Hash, MaybeMbid, Mbid, Size

SERVICE: Final = "shadow-index"
VARIANTS_MAX: Final = 200  # of one descriptor part
CODEC_MAX: Final = 16


class VariantAdvert(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One file its holder offers for a recording. Zero or empty means unknown."""

    content: Hash
    size: Size
    recording: MaybeMbid
    disc: U16 = 0
    track: U16 = 0  # position on its disc
    codec: Annotated[str, Meta(max_length=CODEC_MAX)] = ""
    lossless: bool = False
    sample_rate: U32 = 0
    bit_depth: U16 = 0
    channels: U16 = 0
    duration: U32 = 0
    bitrate: U32 = 0
    stream: Annotated[bytes, Meta(max_length=limits.HASH_BYTES)] = b""  # SHA-256 of the audio without tags
    quality: Annotated[int, Meta(ge=0, le=100)] = 0  # the holder's own opinion


Variants = Annotated[tuple[VariantAdvert, ...], Meta(max_length=VARIANTS_MAX)]


class AskRelease(msgspec.Struct, frozen=True, array_like=True):
    """SwarmDescriptor: what do you hold of this release?"""

    release: Mbid


class MbidSwarmDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """Release-level availability and policy of one holder (mbid_swarm_descriptor)."""

    release: Mbid
    variants: Variants
    upload_slots: U16 = 0  # free now
    max_rate: U32 = 0  # bytes per second it will send in all, 0 unlimited


class AskRecording(msgspec.Struct, frozen=True, array_like=True):
    """FingerprintBundle: which variants of this recording do you hold?"""

    recording: Mbid


class FingerprintBundleAdvert(msgspec.Struct, frozen=True, array_like=True):
    """Recording-level variants of one holder (fingerprint_bundle_advert)."""

    recording: Mbid
    variants: Variants


class AskMbid(msgspec.Struct, frozen=True, array_like=True):
    """QueryByMbid: what does your own index know of who holds this? `kind` is "release" or "recording"."""

    kind: Annotated[str, Meta(max_length=16)]
    mbid: Mbid


class Holding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One holder the answering peer knows at first hand: it verified data from it or is it."""

    peer: Annotated[bytes, Meta(min_length=limits.KEY_BYTES, max_length=limits.KEY_BYTES)]
    seen: U32  # Unix seconds


class MbidAnswer(msgspec.Struct, frozen=True, array_like=True):
    """`holders` at first hand; `estimate` is the lossy count of its own sketch."""

    held: bool
    holders: Annotated[tuple[Holding, ...], Meta(max_length=64)]
    estimate: U32


class AskMissing(msgspec.Struct, frozen=True, array_like=True):
    """GetMissingTracks: which recordings of this release does your library lack?"""

    release: Mbid


class MissingTracks(msgspec.Struct, frozen=True, array_like=True):
    """`total` 0: the release is not known there. `missing` are recordings."""

    total: U16
    missing: Annotated[tuple[Mbid, ...], Meta(max_length=1000)]


class AskStats(msgspec.Struct, frozen=True, array_like=True):
    """GetLibraryStats."""


class StatsAnswer(msgspec.Struct, frozen=True, array_like=True):
    """Rounded: counts to two significant digits, since exact ones identify a library."""

    files: U32
    size: Size
    releases: U32
    recordings: U32
