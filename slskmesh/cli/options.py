"""The options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slskmesh.paths import default_home

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Folder of identity, settings and state.  [env: SLSKMESH_HOME]", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, with stable field names.")]
WaitOption = Annotated[
    float,
    typer.Option("--wait", min=0.1, max=3600, help="Seconds to wait for a first peer.", show_default=True),
]
ServerWait = Annotated[
    float,
    typer.Option(
        "--wait", min=0.1, max=3600, help="Seconds to wait for the Soulseek server.", show_default=True
    ),
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Go on telling what changes, until Ctrl+C.")]


def home_of(option: Path | None) -> Path:
    """The home that `--home`, the environment or the platform names."""
    return option.expanduser().absolute() if option is not None else default_home()
