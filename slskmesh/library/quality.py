"""How good a variant is, 0 to 1, with the reasons in words. Pure.

Source: research features 2.8, with its defects mended:
- The codec counts by what it is: ALAC and AAC share a container and nothing else; a WAVE file may hold ADPCM.
- A lossless file is not judged by its bit rate: how well it packs is the music's doing.
- Lossy bit rates are held against the rate at which that codec is commonly taken to be transparent, so Opus at 128
  is not called worse than MP3 at 160; and Opus always works at 48 kHz, so its sampling rate tells nothing.
- Nothing here looks at the sound itself: a lossless file made from a lossy one scores as lossless.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from slskmesh.text import sanitize

# Bit/s of stereo from where a codec is commonly taken to be transparent
_TRANSPARENT: Final = {
    "Opus": 160_000, "AAC": 224_000, "Vorbis": 192_000, "Musepack": 190_000, "MP3": 256_000, "WMA": 288_000,
    "MP2": 320_000, "AC-3": 384_000, "E-AC-3": 256_000, "WavPack hybrid": 384_000, "Speex": 256_000,
    "MP1": 448_000,
}  # fmt: skip
_BEST_LOSSY: Final = 0.8  # just above the transparent rate
_AT_TRANSPARENT: Final = 0.78
_CD: Final = 0.95
_BEYOND_CD: Final = 1.0
_UNKNOWN: Final = 0.3
_MONO: Final = 0.6  # of the stereo rate


class Sound(NamedTuple):
    """What a judgement needs. Hz, bits, bit/s; zero means unknown."""

    codec: str
    lossless: bool
    sample_rate: int = 0
    bit_depth: int = 0
    channels: int = 0
    bitrate: int = 0
    readable: bool = True  # its own headers could be read


def judge(sound: Sound) -> tuple[float, tuple[str, ...]]:
    """(quality, reasons) of a variant."""
    if not sound.readable:
        return 0.1, ("its audio headers cannot be read",)
    score, reasons = _lossless(sound) if sound.lossless else _lossy(sound)
    if sound.channels == 1:
        reasons.append("mono")
    elif sound.channels > 2:
        reasons.append(f"{sound.channels} channels")
    return round(min(1.0, max(0.0, score)), 3), tuple(reasons)


def _lossless(sound: Sound) -> tuple[float, list[str]]:
    reasons = [f"lossless ({_name(sound)})"]
    if sound.codec == "DSD":
        return _BEYOND_CD, [*reasons, f"{sound.sample_rate / 1e6:.1f} MHz"] if sound.sample_rate else reasons
    score = _CD
    depth = sound.bit_depth
    if depth > 16 or sound.sample_rate > 48_000:
        score = _BEYOND_CD
    if depth:
        reasons.append(f"{depth} bit")
    if 0 < depth < 16:
        score *= 0.5
        reasons[-1] += ", coarser than a CD"
    return _by_sample_rate(sound, score, reasons)


def _lossy(sound: Sound) -> tuple[float, list[str]]:
    transparent = _TRANSPARENT.get(sound.codec, 0)
    if not transparent:
        return _UNKNOWN, [f"{_name(sound)}: nothing is known of this coding"]
    if not sound.bitrate:
        return _UNKNOWN, [f"{_name(sound)}, bit rate not known"]
    if sound.channels == 1:
        transparent = int(transparent * _MONO)
    ratio = sound.bitrate / transparent
    rate = f"{sound.codec} at {round(sound.bitrate / 1000)} kbit/s"
    if ratio >= 1:
        score = _AT_TRANSPARENT + min(ratio - 1, 0.25) / 0.25 * (_BEST_LOSSY - _AT_TRANSPARENT)
        reasons = [f"{rate}, rich for this coding"]
    else:
        score = _AT_TRANSPARENT * ratio**0.6
        reasons = [f"{rate}, below the {transparent // 1000} that are rich for it"]
    if sound.codec == "Opus":
        return score, reasons
    return _by_sample_rate(sound, score, reasons)


def _by_sample_rate(sound: Sound, score: float, reasons: list[str]) -> tuple[float, list[str]]:
    rate = sound.sample_rate
    if not rate:
        return score, reasons
    reasons.append(f"{rate / 1000:g} kHz")
    if rate < 44_100:
        score *= 0.9 if rate >= 32_000 else 0.6 if rate >= 22_050 else 0.35
        reasons[-1] += ", treble is missing"
    return score, reasons


def _name(sound: Sound) -> str:
    return sanitize(sound.codec, 16) or "unknown"
