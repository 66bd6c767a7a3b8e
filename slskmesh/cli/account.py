"""`slskmesh account show|set|clear`: the Soulseek account of this home.

JSON: show {"username", "server", "password_file", "password"}, `password` telling whether one is kept; set and clear
{"username", "text"}. A password is read from the terminal, or from standard input's first line; never from an argument,
where other users of the machine could read it.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Final

from slskmesh.cli.attach import held
from slskmesh.cli.engine_run import ready_home, running
from slskmesh.cli.output import Output
from slskmesh.engine.account import password_path
from slskmesh.engine.legacy_commands import SetAccount
from slskmesh.errors import UserError
from slskmesh.settings import load_settings

_LINE_MAX: Final = 1000


def show_account(home: Path, out: Output) -> int:
    """Prints the name and where its password is kept; returns 1 if no account is set."""
    settings = load_settings(home).soulseek
    path = password_path(settings, home)
    fields = {"username": settings.username, "server": settings.server, "password_file": str(path)}
    kept = path.is_file()
    words = f"{settings.username} at {settings.server}, password {'in' if kept else 'missing:'} {path}"
    out.row({**fields, "password": kept}, words if settings.username else "no account: mesh only")
    return 0 if settings.username else 1


def set_account(home: Path, name: str, out: Output) -> None:
    """Sets name and password. UserError: there is no password, or the network takes no such name."""
    if not name.strip():
        raise UserError("the name is empty; `slskmesh account clear` takes the account out of use")
    if held(home) is None:
        ready_home(home)  # so that nobody types a password for nothing
    password = read_secret(name)
    with running(home) as console:
        text = str(console.ask(SetAccount(name, password)).text)
    out.row({"username": name, "text": text}, text)


def clear_account(home: Path, out: Output) -> None:
    """Takes the account out of use; everything else goes on."""
    with running(home) as console:
        text = str(console.ask(SetAccount("", "")).text)
    out.row({"username": "", "text": text}, text)


def read_secret(name: str) -> str:
    """The password: asked for on a terminal, else the first line of standard input. UserError: there is none."""
    if sys.stdin.isatty():
        try:
            secret = getpass.getpass(f"Password of {name}: ")
        except EOFError:
            secret = ""
    else:
        secret = sys.stdin.readline(_LINE_MAX).rstrip("\r\n")
    if not secret:
        raise UserError("no password was given: type it, or write it to standard input")
    return secret
