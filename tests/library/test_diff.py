"""Comparing a walk with what is known, against a plain model of it."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.library.diff import Fresh, compare, pair_moves
from slskmesh.library.walk import Entry, inside, stamp_of


def status(size: int, mtime: int, inode: int) -> os.stat_result:
    """A stat result with nanoseconds, as the system gives it."""
    plain = (0o100644, inode, 1, 1, 0, 0, size, 0, mtime // 10**9, 0)
    return os.stat_result(plain, {"st_atime": 0.0, "st_mtime": 0.0, "st_ctime": 0.0, "st_mtime_ns": mtime})


paths = st.sampled_from([b"/s/a", b"/s/b", b"/s/x/a", b"/s/x/b", b"/s/x/y/c", b"/s/xz/d"])
looks = st.builds(
    status, st.integers(0, 3), st.sampled_from([1, 2, 2**62]), st.sampled_from([7, 8, 2**64 - 1])
)


@given(
    st.dictionaries(paths, looks),
    st.dictionaries(paths, looks),
    st.sets(paths),
    st.sets(paths),
    st.sets(st.sampled_from([b"/s/x", b"/s/x/y"])),
)
def test_compare_is_the_model(
    disk: dict[bytes, os.stat_result],
    kept: dict[bytes, os.stat_result],
    changed: set[bytes],
    away: set[bytes],
    blind: set[bytes],
) -> None:
    disk = {path: look for path, look in disk.items() if not any(inside(path, folder) for folder in blind)}
    known = {path: b"" if path in changed else stamp_of(look) for path, look in kept.items()}
    entries: list[Entry] = list(disk.items())
    found = compare(entries, dict(known), away, sorted(blind))
    full = {path: stamp_of(look) for path, look in disk.items() if look.st_size}
    same = {path for path, stamp in full.items() if known.get(path) == stamp}
    assert found.empty == len(disk) - len(full)
    assert found.unchanged == len(same)
    assert set(found.back) == same & away
    assert found.fresh == [
        Fresh(path, stamp, disk[path].st_size, path in known)
        for path, stamp in full.items()
        if path not in same
    ]
    hidden = {path for path in known if any(inside(path, folder) for folder in blind)}
    assert set(found.away) == hidden - set(full)
    assert found.gone == {
        path: stamp for path, stamp in known.items() if path not in full and path not in hidden
    }


def test_stamps_tell_each_property_apart_and_hold_64_bits() -> None:
    stamps = {
        stamp_of(status(*look)) for look in [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1, -5, 2**64 - 1)]
    }
    assert len(stamps) == 5
    assert {len(stamp) for stamp in stamps} == {24}


def test_moves_pair_each_gone_file_once() -> None:
    fresh = [
        Fresh(b"/s/new", b"1", 1, False),
        Fresh(b"/s/copy", b"1", 1, False),
        Fresh(b"/s/other", b"2", 1, False),
    ]
    gone = {b"/s/old": b"1", b"/s/unsure": b""}
    assert pair_moves(fresh, gone) == {b"/s/new": b"/s/old"}
    assert gone == {b"/s/unsure": b""}
