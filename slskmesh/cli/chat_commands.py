"""The commands `slskmesh rooms`, `say` and `message`, parsed by typer; each is thin, as in `cli/commands.py`.

Exit codes: 0 done, 1 failed or nothing there, 2 bad input, 3 the home is in use, 4 the message waits, 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from slskmesh.cli.options import HomeOption, JsonOption, ServerWait, WatchOption, home_of
from slskmesh.cli.output import Output
from slskmesh.errors import UserError

rooms = typer.Typer(
    name="rooms",
    help="Rooms of the Soulseek network: list, join, leave, read.",
    epilog="Exit codes: 0 done, 1 failed or nothing there, 2 bad input, 3 the home is in use, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Room = Annotated[str, typer.Argument(metavar="ROOM", show_default=False)]


@rooms.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=2000, help="Most to show.")] = 200,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: ServerWait = 30.0,
) -> None:
    """Ask the server for its rooms, the fullest first."""
    from slskmesh.cli.chat import list_rooms

    raise typer.Exit(list_rooms(home_of(home), limit, wait, Output(json)))


@rooms.command()
def join(room: Room, home: HomeOption = None, json: JsonOption = False, wait: ServerWait = 30.0) -> None:
    """Join a room, now and at every later start."""
    from slskmesh.cli.chat import join_room

    join_room(home_of(home), room, wait, Output(json))


@rooms.command()
def leave(
    room: Room,
    forget: Annotated[bool, typer.Option("--forget", help="Drop what was said there, too.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Leave a room."""
    from slskmesh.cli.chat import leave_room

    leave_room(home_of(home), room, forget, Output(json))


@rooms.command()
def read(
    room: Room,
    watch: WatchOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: ServerWait = 30.0,
) -> None:
    """Show what is kept of a room; with --watch join it and go on. Code 1 if nothing was said."""
    from slskmesh.cli.chat import read_room

    raise typer.Exit(read_room(home_of(home), room, watch, wait, Output(json)))


def say(
    room: Room,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", show_default=False)],
    home: HomeOption = None,
    json: JsonOption = False,
    wait: ServerWait = 30.0,
) -> None:
    """Say a line in a Soulseek room, which is joined for it."""
    from slskmesh.cli.chat import say_line

    say_line(home_of(home), room, " ".join(text), wait, Output(json))


def message(
    user: Annotated[str, typer.Argument(metavar="[USER]", show_default=False)] = "",
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", show_default=False)] = None,
    watch: WatchOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: ServerWait = 30.0,
) -> None:
    """Write to a Soulseek user (code 4: it waits for the next login); without a text read, without a user list."""
    from slskmesh.cli.chat import list_conversations, read_messages, send_message

    place, out = home_of(home), Output(json)
    if watch and (text or not user):
        raise UserError("--watch goes with a user and without a text")
    if text:
        raise typer.Exit(send_message(place, user, " ".join(text), wait, out))
    raise typer.Exit(read_messages(place, user, watch, wait, out) if user else list_conversations(place, out))
