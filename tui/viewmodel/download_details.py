"""Everything about one download, for the box that enter opens."""

from __future__ import annotations

from tui.viewmodel.download import File, Stand
from tui.viewmodel.download_words import again, reason, via
from tui.viewmodel.formats import ago, plural, size, wall
from tui.viewmodel.spans import Line


def details(file: File, now: float) -> list[Line]:
    """Why it stands where it stands, where the file is, its facts, its sources and its story."""
    rows = [("file", file.path)] if file.stand is Stand.DONE and file.path else []
    rows += [("name", file.name), ("folder", file.folder or "(downloads)"), ("via", via(file))]
    rows += _mesh_rows(file) if file.mesh is not None else [("size", f"{file.size:,} bytes")]
    rows += _legacy_rows(file, now)
    if file.stand is not Stand.DONE:
        rows.append(("file", "not finished"))
    lines: list[Line] = [reason(file, now), []]
    lines += [[(f"{label:<9}", "dim"), (text, "text")] for label, text in rows]
    if file.mesh is not None and file.mesh.sources:
        lines.append([])
        for source in file.mesh.sources:
            lines.append(
                [
                    (f"{source.letter} ", "accent"),
                    (f"{source.short} {source.name}  ", "text"),
                    (source.state, "dim"),
                ]
            )
    if file.legacy is not None and file.legacy.lines:
        lines.append([])
        for when, text in reversed(file.legacy.lines):
            lines.append([(f"{wall(when, seconds=True)} ", "dim"), (str(text), "text")])
    return lines


def _mesh_rows(file: File) -> list[tuple[str, str]]:
    t = file.mesh
    assert t is not None
    return [
        ("size", f"{t.size:,} bytes, {plural(t.chunks, 'chunk')} of {size(t.chunk_size)}"),
        ("have", f"{t.done:,} bytes, {plural(t.chunks_done, 'chunk')}"),
        ("wasted", size(t.wasted)),
        ("content", t.transfer),
    ]


def _legacy_rows(file: File, now: float) -> list[tuple[str, str]]:
    d = file.legacy
    if d is None:
        return []
    there = "\\" if "\\" in d.remote else "/"
    rows = [("user", str(d.user)), ("there", f"{d.remote}{there}{d.name}" if d.remote else str(d.name))]
    if file.mesh is None:
        rows.append(("have", f"{d.done:,} bytes"))
    if d.place is not None and file.stand is Stand.WAITING:
        rows.append(("place", f"{d.place} in the user's queue"))
    if d.tries:
        rows.append(("tries", f"{d.tries}{', ' + w if (w := again(d.next_try, now)) else ''}"))
    if d.added:
        rows.append(("added", f"{ago(d.added, now)} ago"))
    return rows
