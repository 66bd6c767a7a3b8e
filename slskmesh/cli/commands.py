"""The commands of `slskmesh`, parsed by typer. Each is thin: options in, one function of another module, exit code out.

Exit codes of every command: 0 done, 1 failed, 2 bad input, 3 the home is in use, 130 interrupted; `jobs` and `message`
have 4 for still waiting.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from slskmesh import __version__
from slskmesh.cli.chat_commands import message, rooms, say
from slskmesh.cli.gateway_commands import gateway
from slskmesh.cli.job_commands import jobs
from slskmesh.cli.options import HomeOption, JsonOption, ServerWait, WaitOption, home_of
from slskmesh.cli.output import Output
from slskmesh.cli.people_commands import account, users, wishes
from slskmesh.cli.transfer_commands import transfers
from slskmesh.errors import UserError

app = typer.Typer(
    name="slskmesh",
    help="Share music between peers: without a command, the full-screen terminal app.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 3 the home is in use, 130 interrupted.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (jobs, transfers, rooms, users, wishes, account, gateway):
    app.add_typer(group)


def run_command(argv: list[str]) -> int:
    """Parses and runs one command; returns its exit code. SlskmeshError as the command raises it."""
    try:
        app(args=argv, prog_name="slskmesh", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    return 0


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slskmesh {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    home: HomeOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from slskmesh.cli.terminal import run_app

        raise typer.Exit(run_app(home_of(home)))
    if home is not None:
        raise UserError("write --home after the command: slskmesh COMMAND --home DIR")


@app.command()
def daemon(
    home: HomeOption = None,
    json: JsonOption = False,
    join: Annotated[
        list[str] | None,
        typer.Option(metavar="INVITE", help="Connect to this peer; may be repeated.", show_default=False),
    ] = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Run without a screen until SIGTERM or SIGINT; the first line is {"ready": true, …}."""
    from slskmesh.cli.daemon import run_daemon

    raise typer.Exit(run_daemon(home_of(home), join or [], until_eof=until_eof))


@app.command()
def attach(home: HomeOption = None) -> None:
    """Show the terminal app on what runs on this home already, a daemon mostly; leaving lets it go on."""
    from slskmesh.cli.attach import run_attach

    raise typer.Exit(run_attach(home_of(home)))


@app.command()
def identity(home: HomeOption = None, json: JsonOption = False) -> None:
    """Show this home's peer id; makes the key at the first time."""
    from slskmesh.cli.identity import show_identity

    show_identity(home_of(home), Output(json))


@app.command()
def scan(
    folders: Annotated[list[Path] | None, typer.Argument(metavar="[DIR]...", show_default=False)] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Share these folders too, if any are named, and hash and index everything shared."""
    from slskmesh.cli.scan import run_scan

    raise typer.Exit(run_scan(home_of(home), folders or [], Output(json)))


@app.command()
def invite(
    home: HomeOption = None,
    json: JsonOption = False,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="How long it holds.")] = 24 * 7,
) -> None:
    """Make an invite: a line of text by which another peer connects to this one."""
    from slskmesh.cli.peers import make_invite

    make_invite(home_of(home), hours, Output(json))


@app.command()
def connect(
    invite: Annotated[str, typer.Argument(metavar="INVITE")],
    home: HomeOption = None,
    json: JsonOption = False,
    wait: WaitOption = 30.0,
) -> None:
    """Connect to a peer by its invite (or host:port) and remember it."""
    from slskmesh.cli.peers import connect_peer

    connect_peer(home_of(home), invite, wait, Output(json))


class EntityKind(enum.StrEnum):
    """What `lookup` looks for."""

    RELEASE = "release"
    ARTIST = "artist"
    LABEL = "label"


@app.command()
def lookup(
    text: Annotated[list[str], typer.Argument(metavar="TEXT|MBID...", show_default=False)],
    kind: Annotated[
        EntityKind | None,
        typer.Option(help="Default: by a page's address, else releases.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most to show.")] = 25,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask MusicBrainz for releases, artists or labels. Code 1 if nothing was found."""
    from slskmesh.cli.lookup import run_lookup

    raise typer.Exit(run_lookup(home_of(home), " ".join(text), kind or "", limit, Output(json)))


@app.command()
def resolve(
    release: Annotated[str, typer.Argument(metavar="MBID", show_default=False)],
    home: HomeOption = None,
    json: JsonOption = False,
    wait: WaitOption = 15.0,
) -> None:
    """Find who has a release, by its MusicBrainz id or page. Code 1 if nobody has any track of it."""
    from slskmesh.cli.resolve import run_resolve

    raise typer.Exit(run_resolve(home_of(home), release, wait, Output(json)))


class Where(enum.StrEnum):
    """Which networks a search asks."""

    ALL = "all"
    MESH = "mesh"
    SOULSEEK = "soulseek"


@app.command()
def search(
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", show_default=False)] = None,
    mbid: Annotated[
        str,
        typer.Option(help="Instead of words: a release's MusicBrainz id, as `resolve`.", show_default=False),
    ] = "",
    where: Annotated[Where, typer.Option(help="Which networks to ask.")] = Where.ALL,
    user: Annotated[str, typer.Option(help="Ask only this Soulseek user.", show_default=False)] = "",
    room: Annotated[str, typer.Option(help="Ask only people in this room.", show_default=False)] = "",
    sieve: Annotated[
        str,
        typer.Option("--filter", help="Show only what passes: lossless free -live", show_default=False),
    ] = "",
    seconds: Annotated[
        float | None,
        typer.Option("--for", min=0.1, max=120, help="Seconds to take answers for.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: WaitOption = 15.0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most hits of each network.")] = 500,
) -> None:
    """Ask the connected peers and Soulseek users for files with these words. Code 1 if nothing was found."""
    if bool(text) == bool(mbid):
        raise typer.BadParameter("give words, or --mbid with a release's id, and not both")
    if mbid:
        from slskmesh.cli.resolve import run_resolve

        raise typer.Exit(run_resolve(home_of(home), mbid, wait, Output(json)))
    from slskmesh.cli.search import question_of, run_search

    question = question_of(" ".join(text or []), limit, where, user, room)
    raise typer.Exit(run_search(home_of(home), question, sieve, wait, seconds, Output(json)))


@app.command()
def download(
    what: Annotated[list[str] | None, typer.Argument(metavar="TEXT|CONTENT", show_default=False)] = None,
    home: HomeOption = None,
    json: JsonOption = False,
    wait: WaitOption = 15.0,
    where: Annotated[Where, typer.Option(help="Which networks to ask for a text.")] = Where.ALL,
    user: Annotated[
        str, typer.Option(help="Instead of a text: a Soulseek user, with --path.", show_default=False)
    ] = "",
    path: Annotated[
        str, typer.Option(help="His file, as `search --json` shows it.", show_default=False)
    ] = "",
    name: Annotated[str, typer.Option(help="File name; needed with a content id.")] = "",
    size: Annotated[
        int | None, typer.Option(min=0, help="Size in bytes; needed with a content id.", show_default=False)
    ] = None,
) -> None:
    """Fetch the first hit of a search, a content by its id (64 hex digits), or a Soulseek user's file by its path.

    Run again to go on after a break.
    """
    from slskmesh.cli.download import check_size, run_download, run_remote

    if bool(user) != bool(path) or bool(what) == bool(user):
        raise typer.BadParameter("give a text or a content id, or --user and --path")
    if user:
        run_remote(home_of(home), user, path, check_size(size), wait, Output(json))
    else:
        run_download(home_of(home), " ".join(what or []), name, size, where, wait, Output(json))


app.command()(say)
app.command()(message)


@app.command()
def status(home: HomeOption = None, json: JsonOption = False, wait: ServerWait = 30.0) -> None:
    """Show the mode and how the Soulseek server stands. Code 1 if it is wanted and not there."""
    from slskmesh.cli.status import show_status

    raise typer.Exit(show_status(home_of(home), wait, Output(json)))


@app.command()
def published(home: HomeOption = None, json: JsonOption = False, wait: WaitOption = 15.0) -> None:
    """Show every record this peer tells the mesh, word for word. Code 1 if that is nothing."""
    from slskmesh.cli.status import show_published

    raise typer.Exit(show_published(home_of(home), wait, Output(json)))


@app.command()
def demo(
    peers: Annotated[int, typer.Option(min=4, max=16, help="Peers besides you.")] = 5,
    size: Annotated[int, typer.Option(min=2, max=4000, help="Megabytes of music to make.")] = 48,
    seed: Annotated[int, typer.Option(help="The same seed makes the same music.")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="No screen: download, check, report.")] = False,
    json: JsonOption = False,
    kill_leecher: Annotated[
        bool, typer.Option("--kill-leecher", help="Headless: kill and restart the downloading side too.")
    ] = False,
    screenshots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write pictures of each pane and end.", show_default=False),
    ] = None,
) -> None:
    """A whole small network on this machine: slow, lying and dying peers, a Soulseek server, and you among them."""
    from slskmesh.cli.demo import run_demo

    raise typer.Exit(
        run_demo(
            peers=peers,
            size_mb=size,
            seed=seed,
            headless=headless,
            kill_leecher=kill_leecher,
            screenshots=screenshots,
            out=Output(json),
        )
    )
