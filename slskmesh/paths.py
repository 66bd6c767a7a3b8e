"""Paths: joining foreign parts below a root, replacing files whole, and the home folder with its lock.

Rules:
- Every path that is written, read or deleted by a foreign name comes from `safe_join`.
- A state file is always the old one or the new one (`atomic_write`), also after a kill or a full disk. What a kill
  leaves beside it is swept by whoever holds the folder next (`sweep_temporary`).
- One engine a home: `Home.hold` (design.md 5).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slskmesh.errors import HomeBusyError, StorageError, UserError

_TEMPORARY = re.compile(r"\.(.{1,64})\.[a-z0-9_]{8}\.tmp", re.DOTALL)  # as `atomic_write` names them


def safe_join(root: Path, *parts: str) -> Path:
    """`root` joined with `parts` (each may hold several components); UserError if that would leave `root`.

    Symbolic links are followed for the check, so a link that points outside is refused as well.
    """
    for part in parts:
        _check_part(part)
    joined = root.joinpath(*parts)
    top = os.path.realpath(root)
    if os.path.commonpath([top, os.path.realpath(joined)]) != top:
        raise UserError(f"{_shown(joined)}: this path leaves {_shown(root)}")
    return joined


def _check_part(part: str) -> None:
    if not part or "\0" in part or os.path.isabs(part) or ".." in part.split("/"):
        raise UserError(f"{_shown(part)}: not a relative path inside a folder")
    try:
        os.fsencode(part)
    except UnicodeEncodeError as error:
        raise UserError(f"{_shown(part)}: not a name this file system can hold") from error


def _shown(path: str | Path) -> str:
    return repr(str(path)[:300])


def atomic_write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts `data` at `path` in one step that survives a crash; StorageError leaves the old file as it was."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:64]}.", suffix=".tmp", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                os.fchmod(handle, mode)
                file.write(data)
                file.flush()
                os.fsync(handle)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error


def sweep_temporary(folder: Path, mine: Callable[[str], bool]) -> int:
    """Removes what an `atomic_write` that was killed left in `folder`; returns how many files that were.

    `mine` is asked with the first 64 characters of the name that was to be written. StorageError as the disk's.
    """
    swept = 0
    try:
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match is not None and mine(match[1]):
                path.unlink(missing_ok=True)
                swept += 1
    except OSError as error:
        raise StorageError(f"{folder}: cannot be tidied: {error.strerror or error}") from error
    return swept


def sync_folder(folder: Path) -> None:
    """Makes renames and new names in `folder` last through a power cut. OSError as the system gives it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def default_home(env: Mapping[str, str] = os.environ) -> Path:
    """SLSKMESH_HOME, else the platform's folder for application data."""
    if named := env.get("SLSKMESH_HOME"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("slskmesh")


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds one identity and all its state."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def identity(self) -> Path:
        return self.root / "identity.pem"

    @property
    def database(self) -> Path:
        return self.root / "slskmesh.db"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def log(self) -> Path:
        return self.root / "slskmesh.log"

    def create(self) -> Home:
        """Makes the folder, readable by its owner only; UserError if another kind of folder is in the way."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_mode & 0o077:
                self._close_to_others()
        except FileExistsError as error:
            raise UserError(f"{self.root}: is not a folder; choose another home") from error
        except OSError as error:
            raise StorageError(f"{self.root}: cannot be made: {error.strerror or error}") from error
        return self

    def _close_to_others(self) -> None:
        ours = {path.name for path in (self.config, self.identity, self.database, self.lock)}
        found = set(os.listdir(self.root))
        if found and not found & ours:
            raise UserError(
                f"{self.root}: is open to others and holds files that are not slskmesh's; "
                "choose another home, or make an empty folder for it"
            )
        self.root.chmod(0o700)

    @contextlib.contextmanager
    def hold(self) -> Iterator[Home]:
        """Holds the home for the body; HomeBusyError names the process that has it. Death lets go.

        Half-written files of a process that died are removed.
        """
        try:
            handle = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"{self.lock}: cannot be opened: {error.strerror or error}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise HomeBusyError(f"{self.root} is in use by {_holder(handle)}") from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, b"%d\n" % os.getpid(), 0)
            sweep_temporary(self.root, {self.config.name, self.identity.name}.__contains__)
            yield self
        finally:
            os.close(handle)


def _holder(handle: int) -> str:
    text = os.pread(handle, 32, 0).strip()
    return f"process {int(text)}" if text.isdigit() else "another process"
