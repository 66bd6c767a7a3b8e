"""First-run answers: what is suggested, and what is refused before anything is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from slskmesh.errors import UserError
from slskmesh.swarm.partial import INCOMPLETE


def suggest_shares(home: Path) -> list[str]:
    """Folders that look like a music collection, if there are any."""
    return [str(home / name) for name in ("Music", "music") if (home / name).is_dir()][:1]


def suggest_downloads(home: Path) -> str:
    """Where finished files could go."""
    return str(home / "Downloads" / "slskmesh")


def check_shares(shares: Sequence[str], home: Path, downloads: str = "") -> list[str]:
    """Absolute paths of readable folders, each folder once; UserError names the one that cannot be shared.

    `home` is slskmesh's own folder, `downloads` the downloads folder if there is one.
    """
    found: dict[str, str] = {}  # by real path: a link to a folder is the same folder
    for share in shares:
        if not share.strip():
            continue
        path = Path(share.strip()).expanduser().absolute()
        if not path.is_dir():
            if path.exists():
                raise UserError(f"{path}: is a file; share the folder it is in")
            raise UserError(f"{path}: there is no such folder to share")
        if not os.access(path, os.R_OK | os.X_OK):
            raise UserError(f"{path}: this folder cannot be read")
        if path == Path(path.anchor):
            raise UserError(f"{path}: sharing a whole file system is refused; choose a folder")
        real = os.path.realpath(path)
        if real == os.path.realpath(home):
            raise UserError(f"{path}: is slskmesh's own folder, with your key in it; choose another one")
        if downloads and Path(real).is_relative_to(
            os.path.realpath(Path(downloads).expanduser() / INCOMPLETE)
        ):
            raise UserError(f"{path}: holds unfinished downloads, which are served while they come anyway")
        found.setdefault(real, str(path))
    return list(found.values())


def check_downloads(downloads: str) -> str:
    """The absolute path of a folder that can be written, made if it is not there; UserError says why not."""
    if not downloads.strip():
        raise UserError("a downloads folder is needed")
    path = Path(downloads.strip()).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f"{path}: cannot be used for downloads: {error.strerror or error}") from error
    except ValueError as error:  # a zero byte, which no path can hold
        raise UserError(f"a downloads folder cannot be named so: {error}") from error
    return str(path)
