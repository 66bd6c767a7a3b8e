"""The commands of `slskmesh users`, `wishes` and `account`, parsed by typer; each is thin, as in `cli/commands.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slskmesh.cli.options import HomeOption, JsonOption, ServerWait, home_of
from slskmesh.cli.output import Output
from slskmesh.engine.legacy_commands import (
    AddBuddy,
    AddRule,
    AddWish,
    ExportPeople,
    ImportPeople,
    PauseWish,
    RemoveBuddy,
    RemoveRule,
    RemoveWish,
    TakeOffer,
)
from slskmesh.filters import Filter

_CODES = "Exit codes: 0 done, 1 failed or nothing there, 2 bad input, 3 the home is in use, 130 interrupted."

users = typer.Typer(
    name="users",
    help="People of the Soulseek network: info, shares, buddies, bans.",
    epilog=_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)
wishes = typer.Typer(
    name="wishes",
    help="Searches that are repeated until they find something.",
    epilog=_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)
account = typer.Typer(
    name="account",
    help="The Soulseek account of this home.",
    epilog=_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

User = Annotated[str, typer.Argument(metavar="USER", show_default=False)]
Target = Annotated[
    str, typer.Argument(metavar="NAME|ADDRESS", help="A name (* stands for anything).", show_default=False)
]
Address = Annotated[bool, typer.Option("--address", help="It is an address or a network (10.0.0.0/8).")]
Note = Annotated[str, typer.Option(help="A note of your own.", show_default=False)]
Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The wish's number.", show_default=False)]
ListFile = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


@users.command("list")
def list_all(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show buddies, and who is banned or ignored."""
    from slskmesh.cli.people import list_people

    list_people(home_of(home), Output(json))


@users.command()
def info(user: User, home: HomeOption = None, json: JsonOption = False, wait: ServerWait = 30.0) -> None:
    """Ask a user who he is."""
    from slskmesh.cli.people import show_user

    raise typer.Exit(show_user(home_of(home), user, wait, Output(json)))


@users.command()
def browse(
    user: User,
    text: Annotated[str, typer.Option(help="Only folders with this in their path or a file's name.")] = "",
    files: Annotated[bool, typer.Option("--files", help="The files of each folder as well.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: ServerWait = 30.0,
) -> None:
    """Show what a user shares, folder by folder. Code 1 if that is nothing."""
    from slskmesh.cli.browse import browse_user

    raise typer.Exit(browse_user(home_of(home), user, text, files, wait, Output(json)))


@users.command()
def buddy(
    user: User,
    note: Note = "",
    trusted: Annotated[bool, typer.Option("--trusted", help="Slots before all others.")] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Say when he comes.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put somebody on the buddy list, or change his entry."""
    from slskmesh.cli.people import tell_people

    tell_people(home_of(home), user, "buddy", AddBuddy(user, note, trusted, notify), Output(json))


@users.command()
def unbuddy(user: User, home: HomeOption = None, json: JsonOption = False) -> None:
    """Take somebody off the buddy list."""
    from slskmesh.cli.people import tell_people

    tell_people(home_of(home), user, "no buddy", RemoveBuddy(user), Output(json))


@users.command()
def ban(
    target: Target,
    address: Address = False,
    note: Note = "",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Give somebody nothing, and see nothing of him: results, chat, transfers."""
    from slskmesh.cli.people import tell_people

    rule = AddRule(target, ("results", "chat", "transfers"), address, note)
    tell_people(home_of(home), target, "banned", rule, Output(json))


@users.command()
def ignore(
    target: Target,
    address: Address = False,
    note: Note = "",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """See nothing of somebody in results and chat."""
    from slskmesh.cli.people import tell_people

    tell_people(
        home_of(home), target, "ignored", AddRule(target, ("results", "chat"), address, note), Output(json)
    )


@users.command()
def unban(
    target: Target, address: Address = False, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Take a ban or an ignore back."""
    from slskmesh.cli.people import tell_people

    tell_people(home_of(home), target, "let in again", RemoveRule(target, address), Output(json))


@users.command("import")
def import_lists(file: ListFile, home: HomeOption = None, json: JsonOption = False) -> None:
    """Add the buddies and bans of a file: all of it or nothing."""
    from slskmesh.cli.people import tell_people

    path = str(file.expanduser().absolute())
    tell_people(home_of(home), "", "imported", ImportPeople(path), Output(json))


@users.command("export")
def export_lists(file: ListFile, home: HomeOption = None, json: JsonOption = False) -> None:
    """Write both lists to a new file."""
    from slskmesh.cli.people import tell_people

    path = str(file.expanduser().absolute())
    tell_people(home_of(home), "", "exported", ExportPeople(path), Output(json))


# -- wishes ------------------------------------------------------------------------------------------------------------


@wishes.command("list")
def list_wishes(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show every wish. Code 1 if there is none."""
    from slskmesh.cli.wishes import list_wishes

    raise typer.Exit(list_wishes(home_of(home), Output(json)))


@wishes.command("add")
def add_wish(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", show_default=False)],
    sieve: Annotated[
        str, typer.Option("--filter", help="As `search --filter`: lossless free -live", show_default=False)
    ] = "",
    auto: Annotated[bool, typer.Option("--auto", help="Fetch the best new folder by itself.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Look for something until it is found."""
    from slskmesh.cli.search import check_query
    from slskmesh.cli.wishes import add_wish

    Filter.parse(sieve)
    add_wish(home_of(home), AddWish(check_query(" ".join(text)), sieve, auto), Output(json))


@wishes.command("pause")
def pause_wish(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Let a wish rest."""
    from slskmesh.cli.wishes import tell_wish

    tell_wish(home_of(home), number, "paused", PauseWish(number, True), Output(json))


@wishes.command("resume")
def resume_wish(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Let a wish look again."""
    from slskmesh.cli.wishes import tell_wish

    tell_wish(home_of(home), number, "resumed", PauseWish(number, False), Output(json))


@wishes.command("remove")
def remove_wish(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Take a wish away; what it fetches goes on."""
    from slskmesh.cli.wishes import tell_wish

    tell_wish(home_of(home), number, "removed", RemoveWish(number), Output(json))


@wishes.command()
def offers(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show the folders a wish found, the newest first. Code 1 if there is none."""
    from slskmesh.cli.wishes import show_offers

    raise typer.Exit(show_offers(home_of(home), number, Output(json)))


@wishes.command()
def take(
    number: Number,
    offer: Annotated[str, typer.Argument(metavar="OFFER", show_default=False)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put a folder that a wish found into the list of downloads."""
    from slskmesh.cli.wishes import tell_wish

    tell_wish(home_of(home), number, "taken", TakeOffer(number, offer), Output(json))


# -- the account -------------------------------------------------------------------------------------------------------


@account.command("show")
def show(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show the name and where its password is kept. Code 1 if there is no account."""
    from slskmesh.cli.account import show_account

    raise typer.Exit(show_account(home_of(home), Output(json)))


@account.command("set")
def set_name(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Set name and password; the password is asked for, or read from standard input. A new name is made by that."""
    from slskmesh.cli.account import set_account

    set_account(home_of(home), name, Output(json))


@account.command()
def clear(home: HomeOption = None, json: JsonOption = False) -> None:
    """Take the account out of use; everything else goes on."""
    from slskmesh.cli.account import clear_account

    clear_account(home_of(home), Output(json))
