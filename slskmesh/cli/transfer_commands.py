"""The commands of `slskmesh transfers`, parsed by typer; each is thin, as in `cli/commands.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from slskmesh.cli.options import HomeOption, JsonOption, WatchOption, home_of
from slskmesh.cli.output import Output

transfers = typer.Typer(
    name="transfers",
    help="Downloads of both networks: list, pause, resume, remove; and uploads.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 3 the home is in use, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Ids of downloads, or their beginnings.", show_default=False),
]


@transfers.command("list")
def list_all(watch: WatchOption = False, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show every download; with --watch work on them meanwhile."""
    from slskmesh.cli.transfers import list_transfers

    list_transfers(home_of(home), watch, Output(json))


@transfers.command()
def uploads(watch: WatchOption = False, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show what is sent to whom; with --watch share meanwhile."""
    from slskmesh.cli.transfers import list_uploads

    list_uploads(home_of(home), watch, Output(json))


@transfers.command()
def pause(ids: Ids, home: HomeOption = None, json: JsonOption = False) -> None:
    """Stop downloads; what is there stays."""
    from slskmesh.cli.transfers import tell_transfers

    tell_transfers(home_of(home), "pause", ids, Output(json))


@transfers.command()
def resume(ids: Ids, home: HomeOption = None, json: JsonOption = False) -> None:
    """Let paused or failed downloads go on, with the next engine that runs on this home."""
    from slskmesh.cli.transfers import tell_transfers

    tell_transfers(home_of(home), "resume", ids, Output(json))


@transfers.command()
def remove(ids: Ids, home: HomeOption = None, json: JsonOption = False) -> None:
    """Take downloads off the list; unfinished files are deleted, finished ones stay."""
    from slskmesh.cli.transfers import tell_transfers

    tell_transfers(home_of(home), "remove", ids, Output(json))
