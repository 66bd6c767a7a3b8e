"""The `slskmesh` command: the way to the terminal app, and the one place where errors become exit codes.

Rules:
- Without a command, and with `attach`, the screen comes first: neither typer nor trio nor the engine is imported then.
- Exit codes: 0 done, 1 failed, 2 bad input, 3 the home is in use, 130 interrupted.
- An error of ours is one line on standard error, never a traceback; anything else is a fault and shows itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from slskmesh.cli.exit_codes import INTERRUPTED
from slskmesh.errors import SlskmeshError
from slskmesh.paths import default_home
from slskmesh.text import sanitize


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        home = _terminal_home(args)
        if home is not None:
            from slskmesh.cli.terminal import run_app

            return run_app(home)
        home = _terminal_home(args[1:]) if args[:1] == ["attach"] else None
        if home is not None:
            from slskmesh.cli.attach import run_attach

            return run_attach(home)
        from slskmesh.cli.commands import run_command

        return run_command(args)
    except SlskmeshError as error:
        print(f"slskmesh: {sanitize(str(error), 2000)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _terminal_home(args: Sequence[str]) -> Path | None:
    """The home to open the terminal app with; None if `args` is another command or needs the full parser."""
    if not args:
        return default_home()
    if len(args) == 2 and args[0] == "--home" and not args[1].startswith("-"):
        return Path(args[1]).expanduser().absolute()
    if len(args) == 1 and args[0].startswith("--home=") and len(args[0]) > len("--home="):
        return Path(args[0].removeprefix("--home=")).expanduser().absolute()
    return None
