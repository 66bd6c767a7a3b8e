"""One hit: whose it is, which file it is a copy of, what filters, orders and lists may know of it.

Rules: what is not known is None for filters and UNKNOWN on the screen, never 0; a better source is one that gives (not
locked), gives now (a free slot; a peer needs none), is faster, has the shorter queue, is trusted.
"""

from __future__ import annotations

import re
from functools import lru_cache

from slskmesh.engine.hit_facts import extension, lossless
from slskmesh.engine.views import HitView
from tui.viewmodel.formats import clock
from tui.viewmodel.formats import rate as rate_text

UNKNOWN = "-"
MESH, SOULSEEK = "mesh", "soulseek"
LOSSLESS_QUALITY = 10_000_000
# "CD2", "Disc 1", "Side A"
_DISC = r"(?:cd|dis[ck]|disque|lp|side|vinyl)(?:[ _.-]*\d{1,2}(?!\d)|[ _.-]+[a-z](?![a-z]))"
_WHOLE = re.compile(_DISC + r"[^/\\]*", re.IGNORECASE)
_TAIL = re.compile(rf"(.*?[^\s._-])[\s._-]*[(\[]{_DISC}\s*[)\]]\s*", re.IGNORECASE)

Rank = tuple[bool, int, int, int, bool]


def is_legacy(hit: HitView) -> bool:
    """Whether a Soulseek user has it; else a peer."""
    return hit.via == SOULSEEK


def who(hit: HitView) -> str:
    """The one who has it: "slsk:name" or the peer's whole id."""
    return hit.short if is_legacy(hit) else hit.peer


def same_key(hit: HitView) -> str:
    """The key of the file it is a copy of."""
    return hit.same or hit.content or f"{who(hit)}\n{hit.folder}\n{hit.name}\n{hit.size}"


def source_rank(hit: HitView) -> Rank:
    """Smaller is the better source."""
    slot = 0 if hit.free_slot or not is_legacy(hit) else 1 if hit.free_slot is None else 2
    return hit.locked, slot, -(hit.speed or 0), hit.queue or 0, not hit.trusted


def pace(hit: HitView) -> int:
    """How fast a source is said to be, in five steps of half a MiB/s; a peer is thought to be in the middle."""
    return min(4, (hit.speed or 0) >> 19) if is_legacy(hit) else 2


# -- for filters and orders -------------------------------------------------------------------------------------------


def quality(hit: HitView) -> int:
    """A comparable number: lossless above lossy, then bits per second; 0 where nothing is known."""
    if lossless(hit):
        return LOSSLESS_QUALITY + hit.sample_rate * max(16, hit.bit_depth) // 100
    return hit.bitrate


@lru_cache(maxsize=4096)
def root_of(folder: str) -> str:
    """The folder of a release, without the one of a disc: "a/Album" of "a/Album/CD2" and of "a/Album (Disc 2)"."""
    parts = [part for part in re.split(r"[/\\]", folder) if part]
    while len(parts) > 1 and _WHOLE.fullmatch(parts[-1].strip()):
        parts.pop()
    if parts and (match := _TAIL.fullmatch(parts[-1])):
        parts[-1] = match[1]
    return "/".join(parts)


def last_part(folder: str) -> str:
    """What a folder is called."""
    return folder.rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def target_folder(hit: HitView) -> str:
    """Where a download goes below the downloads folder: "Artist/Album", else the last part of the peer's folder.

    Empty for a Soulseek user's file: the engine names it after the remote folder and keeps discs apart.
    """
    if is_legacy(hit):
        return ""
    if hit.artist and hit.album:
        return f"{hit.artist.replace('/', '_')}/{hit.album.replace('/', '_')}"
    return last_part(hit.folder)


# -- in few letters ----------------------------------------------------------------------------------------------------


def quality_text(hit: HitView) -> str:
    """Format and quality: "FLAC 16/44.1", "MP3 320", "MP3 v245" (of varying bitrate), "MP3 -"."""
    form = str(hit.format) or extension(hit).upper() or UNKNOWN
    if lossless(hit) and (hit.bit_depth or hit.sample_rate):
        depth = f"{hit.bit_depth}/" if hit.bit_depth else ""
        return f"{form} {depth}{hit.sample_rate / 1000:.3g}" if hit.sample_rate else f"{form} {hit.bit_depth}"
    if hit.bitrate:
        return f"{form} {'v' if hit.vbr else ''}{hit.bitrate // 1000}"
    return form if form == UNKNOWN or lossless(hit) or not hit.music else f"{form} {UNKNOWN}"


def short_quality(hit: HitView) -> str:
    """The same in at most ten letters as a rule: of lossless formats what is better than a CD only."""
    depth, rate = hit.bit_depth or 16, hit.sample_rate or 44_100
    if lossless(hit) and depth <= 16 and rate <= 48_000:
        return str(hit.format) or extension(hit).upper()
    return quality_text(hit)


def title_text(hit: HitView) -> str:
    """What a file is called: "07 Night Ferry", else its name."""
    if not hit.title:
        return str(hit.name)
    number = f"{hit.disc}.{hit.track:02} " if hit.disc > 1 else f"{hit.track:02} " if hit.track else ""
    return f"{number}{hit.title}"


def release_text(hit: HitView) -> str:
    """Whose it is: "Artist / Album", else what the release's folder is called."""
    tags = " / ".join(part for part in (hit.artist, hit.album) if part)
    return tags or str(hit.group_title) or last_part(root_of(hit.folder)) or UNKNOWN


def album_text(hit: HitView) -> str:
    """The album alone, else what the release's folder is called."""
    return str(hit.album) or release_text(hit)


def length_text(seconds: float) -> str:
    """A playing time, or that it is not known."""
    return clock(seconds) if seconds > 0 else UNKNOWN


def slot_text(hit: HitView) -> str:
    """ "free", "full", "lock" (the user gives it to some only), or that it is not known."""
    if hit.locked:
        return "lock"
    return UNKNOWN if hit.free_slot is None else "free" if hit.free_slot else "full"


def speed_text(hit: HitView) -> str:
    """Bytes per second by what the user's uploads were like, or that it is not known: the server says 0 of who never
    uploaded."""
    return rate_text(hit.speed) if hit.speed else UNKNOWN


def queue_text(hit: HitView) -> str:
    """How many wait there, or that it is not known."""
    return UNKNOWN if hit.queue is None else f"{hit.queue}" if hit.queue < 100_000 else "99999+"


def via_text(hit: HitView) -> str:
    """The network, in four letters."""
    return "slsk" if is_legacy(hit) else MESH


def source_name(hit: HitView) -> str:
    """Who has it, for a person: "slsk:vinyl_b", "k:7f3a..9c lena"."""
    if is_legacy(hit):
        return hit.short
    return f"{hit.short} {hit.peer_name}".rstrip()
