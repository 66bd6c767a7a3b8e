"""Foreign text made harmless: the one door from a peer, a tag or a file system to a screen, a log, a name.

Rules:
- `sanitize` is the only maker of `SafeStr`; type checking forces the path (design.md 2.11).
- What is hidden (bidi controls, zero width, tags, variation selectors) is removed; what would act on a
  terminal (C0, C1, DEL) or cannot be encoded (surrogates) becomes U+FFFD, so that it is seen.
- Both functions are idempotent, and total: any text gives an answer.
- Width is asked of rich, which draws the cells; anything else would drift from what is on the screen.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

SafeStr = NewType("SafeStr", str)

REPLACEMENT: Final = "\ufffd"
ELLIPSIS: Final = "…"
COMBINING_MAX: Final = 4
NAME_BYTES: Final = 255
_SUFFIX_BYTES: Final = 16

_BREAKS = re.compile("[\t\n\r\u2028\u2029]+")
# Unicode's Default_Ignorable_Code_Point; format characters (category Cf) are found by category.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile('[/\\\\:*?"<>|\ufffd]')
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)


def sanitize(raw: str | bytes, limit: int = 200) -> SafeStr:
    """Plain text of at most `limit` code points; what was cut is told by a final "…". Bytes are UTF-8."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    window = 8 * limit + 8  # a long hostile text is cut before the work
    cut = len(text) > window
    if not (text.isascii() and text.isprintable()):
        text = _clean(text[:window])
    if cut or len(text) > limit:
        text = text[: max(0, limit - 1)] + ELLIPSIS if limit > 0 else ""
    return SafeStr(text)


def _clean(text: str) -> str:
    text = _BREAKS.sub(" ", text)
    text = _UNSAFE.sub(REPLACEMENT, text)
    text = _IGNORABLE.sub("", text)
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
        text = _cap_marks(unicodedata.normalize("NFC", text))
    return text


def _cap_marks(text: str) -> str:
    """Drops marks beyond COMBINING_MAX in a run, and those with nothing before them to stand on."""
    run = COMBINING_MAX
    kept = []
    for char in text:
        run = run + 1 if unicodedata.category(char)[0] == "M" else 0
        if run <= COMBINING_MAX:
            kept.append(char)
    return "".join(kept)


def cell_width(text: str) -> int:
    """Terminal cells `text` takes, as the renderer counts them."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # here, so that engines without a screen never load rich

    return cell_len(text)


def safe_name(raw: str) -> str:
    """One file-name component that is safe on disk here and on Windows shares.

    Never empty, at most 255 bytes of UTF-8 with its extension kept, no separators, no controls, no leading
    dot or dash, no device names.
    """
    name = _NOT_IN_NAMES.sub("_", _clean(raw[: 4 * NAME_BYTES] + raw[4 * NAME_BYTES :][-_SUFFIX_BYTES:]))
    name = name.strip(" ").rstrip(". ")
    if not name:
        return "_"
    if name[0] in ".-" or name.partition(".")[0].rstrip(" ").lower() in _RESERVED:
        name = "_" + name
    return _shorten(name)


def _shorten(name: str) -> str:
    """Cuts the stem, not the extension, at a code point's edge."""
    if len(name.encode()) <= NAME_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or not suffix or len(suffix.encode()) >= _SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    tail = dot + suffix
    head = stem.encode()[: NAME_BYTES - len(tail.encode())].decode("utf-8", "ignore")
    return (head + tail).rstrip(". ")
