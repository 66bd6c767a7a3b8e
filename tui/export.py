"""Pictures of the running app, for the documentation: an SVG that names no font server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from slskmesh.paths import atomic_write
from tui.app import MeshApp

_FACES = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_NOTE = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family:\s*(?:Fira Code|[^;{}]*)[^;{}]*;")
MONOSPACE = "font-family: 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace;"


async def export(app: MeshApp, path: Path) -> None:
    """Writes the screen of now to `path` as SVG with a plain monospace font stack. UserError, StorageError of paths."""
    svg = app.export_screenshot(title="slskmesh")
    svg = _FAMILY.sub(MONOSPACE, _FACES.sub("", _NOTE.sub("", svg)))
    await asyncio.to_thread(atomic_write, path, svg.encode(), 0o644)
