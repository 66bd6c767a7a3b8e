"""What the filter language may ask of a hit of either network; for every front end alike. Pure.

Rules: what is not known is None, never 0; words are sought in all that is shown of a hit.
"""

from __future__ import annotations

from slskmesh.engine.views import HitView
from slskmesh.filters import Facts, is_lossless


def extension(hit: HitView) -> str:
    """The format in small letters, by its name where nobody says it."""
    if hit.format:
        return hit.format.lower()
    stem, dot, last = hit.name.rpartition(".")
    return last.lower() if dot and stem and len(last) <= 8 else ""


def lossless(hit: HitView) -> bool | None:
    """Whether its format loses nothing; None: it does not say."""
    return is_lossless(extension(hit), hit.bitrate // 1000 or None, hit.bit_depth or None)


def remote_path(hit: HitView) -> str:
    """Its folder and name with backslashes between the parts, whichever network it is of."""
    return "\\".join(part for part in (hit.folder.replace("/", "\\"), str(hit.name)) if part)


def path_of(hit: HitView) -> str:
    """The remote path of a Soulseek user's hit, as `download --path` takes it; empty for a peer's."""
    return remote_path(hit) if hit.via == "soulseek" else ""


def facts_of(hit: HitView) -> Facts:
    """What the filter language may ask of it."""
    parts = (hit.artist, hit.album, hit.title, hit.name, hit.folder, hit.format, hit.peer_name, hit.short)
    form, kbit, depth = extension(hit), hit.bitrate // 1000 or None, hit.bit_depth or None
    return Facts(
        words=" ".join(parts).casefold(),
        format=form,
        size=hit.size,
        bitrate=kbit,
        length=round(hit.duration) or None,
        lossless=is_lossless(form, kbit, depth),
        depth=depth,
        rate=hit.sample_rate or None,
        vbr=hit.vbr,
        free=hit.free_slot,
        queue=hit.queue,
        speed=hit.speed or None,
    )
