"""What this peer holds, as it tells others: adverts over a session, hints and shards in the table. Pure.

Rules:
- Content ids, codecs, numbers and MusicBrainz ids; never a name or a path.
- A shard says "checked" only where every file of it was held against the catalogue: its recording is on the release
  and its length is within two seconds.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from slskmesh.catalogue.objects import Release, Track
from slskmesh.library.variant import HeldTrack
from slskmesh.mbid import is_mbid, mbid_bytes
from slskmesh.shadow import shard as shards
from slskmesh.shadow.descriptors import CODEC_MAX, VariantAdvert
from slskmesh.shadow.shard import CHECKED, TAGS, Hint, Shard
from slskmesh.wire import limits

LENGTH_SLACK: Final = 2000  # ms between a file and what the catalogue says
_LOSSLESS: Final = frozenset({"flac", "alac", "wav", "aiff", "pcm", "wavpack", "ape", "tta"})
_U16, _U32 = 0xFFFF, 0xFFFF_FFFF


def to_advert(held: HeldTrack) -> VariantAdvert:
    """One file as peers are told of it."""
    file, variant = held.file, held.variant
    codec = (variant.codec if variant else file.format)[:CODEC_MAX]
    source = variant or file
    return VariantAdvert(
        content=file.content,
        size=file.size,
        recording=mbid_bytes(file.mb_recording) if is_mbid(file.mb_recording) else b"",
        disc=min(file.disc, _U16),
        track=min(file.track, _U16),
        codec=codec,
        lossless=variant.lossless if variant else codec.lower() in _LOSSLESS,
        sample_rate=min(source.sample_rate, _U32),
        bit_depth=min(source.bit_depth, _U16),
        channels=min(source.channels, _U16),
        duration=min(source.duration, _U32),
        bitrate=min(source.bitrate, _U32),
        stream=variant.stream if variant and len(variant.stream) == limits.HASH_BYTES else b"",
        quality=round(100 * variant.quality) if variant else 0,
    )


def grade(advert: VariantAdvert) -> int:
    """A coarse class: 0 unknown, 1 to 3 lossy below 192, below 256, from 256 kbit/s, 4 lossless, 5 beyond 16/48."""
    if advert.lossless:
        return 5 if advert.bit_depth > 16 or advert.sample_rate > 48_000 else 4
    if not advert.bitrate:
        return 0
    return 1 + (advert.bitrate >= 191_000) + (advert.bitrate >= 255_000)


def hints(adverts: Iterable[VariantAdvert]) -> tuple[Hint, ...]:
    """Variants by codec and grade, those of most tracks first where there are too many."""
    groups: dict[tuple[str, int], dict[bytes, bytes]] = defaultdict(dict)
    for advert in adverts:
        codec = "".join(c for c in advert.codec if c.isascii() and (c.isalnum() or c in "+.-"))
        place = advert.recording or advert.content
        audio = advert.stream or advert.content
        tracks = groups[codec[: shards.CODEC_MAX], grade(advert)]
        tracks[place] = min(audio, tracks.get(place, audio))
    found = [
        Hint(codec, level, _prefix(tracks.values()), min(len(tracks), _U16))
        for (codec, level), tracks in groups.items()
    ]
    found.sort(key=lambda hint: (-hint.tracks, -hint.grade, hint))
    return tuple(sorted(found[: shards.HINTS_MAX]))


def _prefix(audio: Iterable[bytes]) -> bytes:
    body = b"slskmesh/variant-set/1\0" + b"".join(sorted(set(audio)))
    return hashlib.sha256(body).digest()[: shards.PREFIX_BYTES]


def shard_of(held: Sequence[HeldTrack], release: Release | None, day: int, sketch: bytes) -> Shard | None:
    """The shard of what is held of one release or recording; None where nothing is."""
    if not held:
        return None
    adverts = [to_advert(one) for one in held]
    tracks = {(one.file.mb_recording or one.file.content, one.file.disc, one.file.track) for one in held}
    level, places, total = TAGS, set[int](), 0
    count = len(tracks)
    if release is not None and release.tracks:
        total = len(release.tracks)
        places, known = _on_release(held, release)
        count = min(max(len(places), 1), total) if places else min(count, total)
        level = CHECKED if known and places else TAGS
    return Shard(
        level, min(count, _U16), min(total, _U16), day, shards.bitmap(places), hints(adverts), sketch
    )


def _on_release(held: Sequence[HeldTrack], release: Release) -> tuple[set[int], bool]:
    """(places held, whether every file is on the release with its length)."""
    by_recording: dict[str, list[tuple[int, Track]]] = defaultdict(list)
    for place, track in enumerate(release.tracks, 1):
        by_recording[track.recording].append((place, track))
    places, known = set[int](), True
    for one in held:
        duration = one.variant.duration if one.variant else one.file.duration
        on = [
            place
            for place, track in by_recording.get(one.file.mb_recording, ())
            if not (track.length and duration) or abs(track.length - duration) <= LENGTH_SLACK
        ]
        places.update(on)
        known = known and bool(on)
    return places, known
