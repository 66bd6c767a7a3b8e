"""The commands of `slskmesh gateway`, parsed by typer; each is thin, as in `cli/commands.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from slskmesh.cli.options import HomeOption, JsonOption, home_of
from slskmesh.cli.output import Output

gateway = typer.Typer(
    name="gateway",
    help="HTTP for programs on this machine: its keys, whether it answers, its reference.",
    epilog="Exit codes: 0 done, 1 it does not answer or a file failed, 2 bad input, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@gateway.command()
def key(
    readonly: Annotated[bool, typer.Option("--readonly", help="The key that reads only.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Make a new one in its place.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the key that programs send; makes it at the first time."""
    from slskmesh.cli.gateway import show_key

    show_key(home_of(home), readonly, new, Output(json))


@gateway.command()
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show where it listens and whether it answers there. Code 1 if it does not."""
    from slskmesh.cli.gateway import show_gateway

    raise typer.Exit(show_gateway(home_of(home), Output(json)))


@gateway.command()
def docs() -> None:
    """Write the reference of every route, in Markdown."""
    from slskmesh.cli.gateway import write_reference

    write_reference()
