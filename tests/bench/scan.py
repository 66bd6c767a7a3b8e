"""How fast a scan is beside the plain loops it must not fall behind.

    python tests/bench/scan.py [--files 5000] [--rescan 100000] [--runs 5] [--warm] [--dir DIR]

Makes real files (FLAC, Ogg Vorbis, MP3 of about 60 to 300 KB, each with its own tags), then measures in turns, so that
what else the machine does hits all alike:
- cold: a scan into an empty database, beside `os.walk` + `os.stat` + `mutagen.File` + one SHA-256 over each file
  done plainly in one thread. Files are put out of the page cache before each run, unless `--warm`.
- rescan: an unchanged scan of many files, beside `os.walk` + `os.stat` over them.
Prints one JSON line; `cold_ratio` is plain time / scan time (more is better), `rescan_ratio` scan time / plain time
(less is better). Times are medians in seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mutagen
import mutagen.flac
import mutagen.mp3
import mutagen.oggvorbis
import numpy as np
import soundfile
import trio
from mutagen.id3 import TALB, TIT2, TPE1, TRCK

from slskmesh.library.library import Library
from slskmesh.settings import Settings
from slskmesh.store.database import open_store

FORMATS = (("flac", "FLAC", "PCM_16"), ("ogg", "OGG", "VORBIS"), ("mp3", "MP3", "MPEG_LAYER_III"))


def templates(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    """Suffix and bytes of a few encoded pieces of each format."""
    made = []
    for suffix, container, coding in FORMATS:
        for seconds in (1.5, 2.5, 4.0) if suffix == "flac" else (5, 8, 12):
            noise = rng.standard_normal((int(44100 * seconds), 2)) * 0.05
            tone = np.sin(np.arange(len(noise)) * rng.uniform(0.02, 0.2))[:, None] * 0.4
            file = io.BytesIO()
            soundfile.write(file, (noise + tone).astype(np.float32), 44100, format=container, subtype=coding)
            made.append((suffix, file.getvalue()))
    return made


def tagged(suffix: str, data: bytes, number: int) -> bytes:
    """The same piece with tags of its own, written by mutagen."""
    file = io.BytesIO(data)
    texts = {
        "artist": f"Artist {number // 12 % 97}",
        "album": f"Album {number // 12}",
        "title": f"Song {number}",
    }
    if suffix == "mp3":
        audio = mutagen.mp3.MP3(file)
        audio.add_tags()
        for frame, text in (
            (TPE1, texts["artist"]),
            (TALB, texts["album"]),
            (TIT2, texts["title"]),
            (TRCK, "3/12"),
        ):
            audio.tags.add(frame(encoding=3, text=text))
    else:
        audio = (mutagen.flac.FLAC if suffix == "flac" else mutagen.oggvorbis.OggVorbis)(file)
        audio.update(texts, tracknumber="3")
    file.seek(0)
    audio.save(file)
    return file.getvalue()


def make_music(root: Path, count: int) -> int:
    """Writes `count` files in folders of twelve; returns their bytes."""
    pieces = templates(np.random.default_rng(7))
    size = 0
    for number in range(count):
        suffix, data = pieces[number % len(pieces)]
        folder = root / f"Artist {number // 12 % 97}" / f"Album {number // 12}"
        folder.mkdir(parents=True, exist_ok=True)
        whole = tagged(suffix, data, number)
        (folder / f"{number:05} Song.{suffix}").write_bytes(whole)
        size += len(whole)
    return size


def make_many(root: Path, count: int) -> None:
    """Writes `count` tiny files, a hundred a folder."""
    rng = random.Random(11)
    for number in range(count):
        folder = root / f"{number // 10_000:02}" / f"{number // 100:05}"
        if not number % 100:
            folder.mkdir(parents=True)
        (folder / f"{number:06} some song of the evening.txt").write_bytes(rng.randbytes(24))


def evict(root: Path) -> None:
    """Puts every file out of the page cache."""
    for folder, _, names in os.walk(root):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def plain_walk(root: Path) -> int:
    """os.walk and os.stat alone."""
    count = 0
    for folder, _, names in os.walk(root):
        for name in names:
            os.stat(os.path.join(folder, name))
            count += 1
    return count


def plain_tags(root: Path, *, hashed: bool) -> int:
    """os.walk, os.stat, mutagen, and one SHA-256 where `hashed`."""
    count = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            os.stat(path)
            mutagen.File(path)
            count += 1
            if hashed:
                with open(path, "rb") as file:
                    hashlib.file_digest(file, "sha256").digest()
    return count


async def scan(root: Path, database: Path) -> tuple[float, int]:
    """Seconds of one scan into `database`, and the files that are offered then."""
    async with open_store(database) as store:
        library = Library(store, Settings())
        started = time.perf_counter()
        summary = await library.scan([root], lambda _: None)
        spent = time.perf_counter() - started
        assert summary.problem_count == 0, summary.problems[:3]
        return spent, (await library.stats()).files


def timed(work: Callable[[], object]) -> float:
    """Seconds `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cold(base: Path, count: int, runs: int, warm: bool) -> dict[str, float]:
    """Empty database against the plain loops."""
    root = base / "Music"
    size = make_music(root, count)
    ready = (lambda: None) if warm else (lambda: evict(root))
    times: dict[str, list[float]] = {"walk": [], "tags": [], "plain": [], "scan": []}
    for run in range(runs):
        for name in sorted(times, key=lambda name: hash((name, run))):
            ready()
            if name == "scan":
                spent, files = trio.run(scan, root, base / f"cold{run}.sqlite")
                assert files == count
            elif name == "walk":
                spent = timed(lambda: plain_walk(root))
            else:
                spent = timed(lambda hashed=(name == "plain"): plain_tags(root, hashed=hashed))
            times[name].append(spent)
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "cold_ratio": round(middle["plain"] / middle["scan"], 3),
        "cold_files": count,
        "cold_bytes": size,
        "cold_scan_s": round(middle["scan"], 3),
        "cold_plain_s": round(middle["plain"], 3),
        "cold_plain_without_hash_s": round(middle["tags"], 3),
        "cold_walk_s": round(middle["walk"], 3),
        "cold_scan_mib_s": round(size / middle["scan"] / 2**20, 1),
    }


def rescan(base: Path, count: int, runs: int) -> dict[str, float]:
    """Unchanged rescans against the plain walk."""
    root = base / "Many"
    make_many(root, count)
    database = base / "many.sqlite"
    first, files = trio.run(scan, root, database)
    assert files == count
    scans, walks = [], []
    for _ in range(runs):
        walks.append(timed(lambda: plain_walk(root)))
        scans.append(trio.run(scan, root, database)[0])
    return {
        "rescan_ratio": round(statistics.median(scans) / statistics.median(walks), 3),
        "rescan_files": count,
        "rescan_scan_s": round(statistics.median(scans), 3),
        "rescan_walk_s": round(statistics.median(walks), 3),
        "rescan_first_scan_s": round(first, 3),
        "rescan_database_bytes": database.stat().st_size,
    }


def main() -> None:
    """Runs both and prints the line."""
    options = argparse.ArgumentParser(description="scan benchmark")
    options.add_argument("--files", type=int, default=5000)
    options.add_argument("--rescan", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--warm", action="store_true", help="leave files in the page cache")
    options.add_argument("--dir", help="where to make the files (default: the system's place)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="slskmesh-scan-", dir=chosen.dir) as name:
        line: dict[str, object] = {"bench": "scan", "page_cache": "warm" if chosen.warm else "cold"}
        if chosen.files:
            line |= cold(Path(name), chosen.files, chosen.runs, chosen.warm)
        if chosen.rescan:
            line |= rescan(Path(name), chosen.rescan, chosen.runs)
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
