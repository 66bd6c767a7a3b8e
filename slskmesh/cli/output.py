"""How commands print: for people, or one JSON object a line with stable field names.

Results go to standard output, progress and errors to standard error. What came from peers is sanitised text already
(SafeStr in views); JSON escapes the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


class Output:
    """Prints the results of one command."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._live = sys.stderr.isatty() and not as_json
        self._open_line = False

    def row(self, fields: Mapping[str, Any], text: str) -> None:
        """One result: `fields` as JSON, or `text`."""
        self._end_line()
        sys.stdout.write((json.dumps(fields, ensure_ascii=False) if self.as_json else text) + "\n")
        sys.stdout.flush()

    def progress(self, fields: Mapping[str, Any], text: str) -> None:
        """Progress: a JSON line, or one line on a terminal's standard error that is overwritten."""
        if self.as_json:
            self.row(fields, text)
        elif self._live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._open_line = True

    def say(self, text: str) -> None:
        """A remark for people, on standard error; nothing with --json."""
        if not self.as_json:
            self._end_line()
            print(text, file=sys.stderr, flush=True)

    def _end_line(self) -> None:
        if self._open_line:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._open_line = False


def size_text(size: float) -> str:
    """Bytes for people, decimal units: 34.1 MB."""
    index = 0
    while size >= 999.5 and index < len(_UNITS) - 1:
        size /= 1000
        index += 1
    return f"{size:.0f} {_UNITS[index]}" if index == 0 or size >= 99.95 else f"{size:.1f} {_UNITS[index]}"
