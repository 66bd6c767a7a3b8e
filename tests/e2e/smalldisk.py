"""Runs a peer on a small disk: `python -m tests.e2e.smalldisk FOLDER BYTES MODULE ARGS…`.

A file system in memory of so many bytes is mounted on FOLDER in a mount namespace of this process alone (in a user
namespace too where that needs one); what lay in FOLDER is taken along. It is gone with the process. From outside it
is seen below /proc/PID/root. Exit code 77 with the reason where the kernel allows none of it.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import shutil
import sys
import tempfile
from pathlib import Path

NOT_ALLOWED = 77
_NEW_MOUNTS, _NEW_USER = 0x0002_0000, 0x1000_0000
_RECURSIVE_PRIVATE = 0x4000 | 0x4_0000


def mount(folder: Path, size: int) -> None:
    """Mounts the small disk. OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    user, group = os.getuid(), os.getgid()
    if user == 0:
        must(libc.unshare(_NEW_MOUNTS))
    else:
        must(libc.unshare(_NEW_MOUNTS | _NEW_USER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    must(libc.mount(b"none", b"/", None, _RECURSIVE_PRIVATE, None))
    options = f"size={size},mode=700".encode()
    must(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options))


def main() -> None:
    """See the head of this file."""
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    sys.argv = sys.argv[3:]
    with tempfile.TemporaryDirectory() as spare:
        kept = Path(spare) / "kept"
        shutil.copytree(folder, kept)
        try:
            mount(folder, size)
        except OSError as error:
            print(f"no small disk here: {error}", file=sys.stderr)
            sys.exit(NOT_ALLOWED)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
