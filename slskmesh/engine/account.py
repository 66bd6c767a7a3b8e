"""The Soulseek account of a home: name, password and line, as the settings have them now.

Rules:
- The password stands in a file of its own, readable by its owner only, and nowhere else: not in config.toml, not in the
  database, not in a log, not in a view.
- Reading it is for a worker thread; `line` answers from what was read last.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import atomic_write
from slskmesh.setting_sections import SoulseekSettings
from slskmesh.soulseek.port import Line
from slskmesh.soulseek.speech import user_name

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

PASSWORD: Final = "soulseek.password"  # name of the file, in the home
_PASSWORD_MAX: Final = 256  # bytes


def password_path(settings: SoulseekSettings, home: Path) -> Path:
    """Where the password stands."""
    return Path(settings.password_file).expanduser() if settings.password_file else home / PASSWORD


def read_password(path: Path) -> str:
    """The password: the first line of the file. UserError: there is none. Blocking."""
    try:
        with open(path, "rb") as file:
            raw = file.read(_PASSWORD_MAX + 2)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no password; set the account (:account)") from error
    except OSError as error:
        raise UserError(f"{path}: the password cannot be read: {error.strerror or error}") from error
    try:
        password = raw.decode().split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: the password is not UTF-8 text") from error
    check_password(password)
    return password


def check_password(password: str) -> None:
    """UserError: the network takes no such password."""
    if not password:
        raise UserError("the password is empty")
    if len(password.encode()) > _PASSWORD_MAX or not password.isprintable():
        raise UserError(f"a password is one line of at most {_PASSWORD_MAX} bytes")


def write_password(path: Path, password: str) -> None:
    """Keeps the password at `path`, readable by its owner only. UserError, StorageError. Blocking."""
    check_password(password)
    if os.path.isdir(path):
        raise StorageError(f"{path}: is a folder, so the password cannot be kept there")
    atomic_write(path, password.encode() + b"\n", 0o600)


class Account:
    """The account of one engine; `look` after every change of the settings.

    Name and password change together: while the password is read the line is as it was, or a session would be left.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = SoulseekSettings()  # those that the password is of
        self._password = ""
        self._trouble = ""

    async def look(self) -> None:
        """Reads the password anew, where there is a name."""
        settings, password, trouble = self._engine.settings.soulseek, "", ""
        if settings.username:
            path = password_path(settings, self._engine.home.root)
            try:
                password = await trio.to_thread.run_sync(read_password, path)
            except UserError as error:
                trouble = str(error)
        self._settings, self._password, self._trouble = settings, password, trouble

    @property
    def name(self) -> str:
        """The name on the network; empty: no account."""
        return self._engine.settings.soulseek.username

    def line(self) -> Line | None:
        """What to log in with; None: no account. UserError: there is a name, but no password for it."""
        settings = self._settings
        if not settings.username:
            return None
        if self._trouble:
            raise UserError(self._trouble)
        user_name(settings.username)
        return Line(
            server=settings.server,
            username=settings.username,
            password=self._password,
            listen=settings.listen,
            upnp=settings.upnp,
            description=settings.description,
            downloads=str(self._engine.downloads_root()),
        )
