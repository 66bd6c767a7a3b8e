"""The commands of `slskmesh jobs`, parsed by typer; each is thin, as in `cli/commands.py`.

Exit codes: 0 done, 1 something failed, 2 bad input, 3 the home is in use, 4 still waiting, 130 interrupted.
"""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from slskmesh.cli.options import HomeOption, JsonOption, home_of
from slskmesh.cli.output import Output
from slskmesh.engine.commands import AddJob, CancelJob, MoveJob, PauseJob, RemoveJob, ResumeJob, RetryJob
from slskmesh.errors import UserError

jobs = typer.Typer(
    name="jobs",
    help="Jobs: releases, discographies and a label's crate, fetched by MusicBrainz id.",
    epilog="Exit codes: 0 done, 1 something failed, 2 bad input, 3 the home is in use, 4 still waiting, "
    "130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class What(enum.StrEnum):
    """What a job fetches."""

    RELEASE = "release"
    DISCOGRAPHY = "discography"
    CRATE = "crate"


class Profile(enum.StrEnum):
    """How much of a discography."""

    CORE = "core"
    EXTENDED = "extended"
    ALL = "all"


Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The job's number.", show_default=False)]
Patience = Annotated[
    float,
    typer.Option(
        "--patience", min=1, max=86_400, help="Seconds that jobs may only wait before it ends with 4."
    ),
]
UntilDone = Annotated[
    bool, typer.Option("--until-done", help="Wait for as long as it takes, whatever --patience says.")
]


Target = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="MusicBrainz id or page of a release, artist or label.", show_default=False
    ),
]
HowMuch = Annotated[
    Profile | None, typer.Option(help="Of a discography: how much of it; default: core.", show_default=False)
]
Most = Annotated[
    int | None,
    typer.Option(min=1, max=500, help="Of a crate: most releases; default: 20.", show_default=False),
]
Codecs = Annotated[
    list[str] | None, typer.Option(help="Preferred codec, best first; may be repeated.", show_default=False)
]


@jobs.command()
def add(
    what: Annotated[What, typer.Argument(show_default=False)],
    target: Target,
    tracks: Annotated[
        str, typer.Option(help="Of a release: places and recording ids, like 1,3-5.", show_default=False)
    ] = "",
    folder: Annotated[
        str, typer.Option("--dir", help="Folder below the downloads folder.", show_default=False)
    ] = "",
    layout: Annotated[
        str, typer.Option(help="Where files go below it; default: jobs.layout.", show_default=False)
    ] = "",
    profile: HowMuch = None,
    limit: Most = None,
    scene: Annotated[str, typer.Option(help="Of a crate: kept with the job.", show_default=False)] = "",
    codec: Codecs = None,
    lossless_only: Annotated[bool, typer.Option("--lossless-only", help="Take nothing lossy.")] = False,
    kbps: Annotated[
        int, typer.Option(min=0, max=100_000_000, help="Kilobits a second for this job, 0 = no limit.")
    ] = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Work on it now, as `jobs run` does.")] = False,
    patience: Patience = 60.0,
    until_done: UntilDone = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put a job into the list; with --wait work on it until it is over."""
    from slskmesh.cli.jobs import KINDS, add_job, check_target, read_tracks

    _only_for(what, What.RELEASE, "--tracks", tracks)
    _only_for(what, What.DISCOGRAPHY, "--profile", profile)
    _only_for(what, What.CRATE, "--limit", limit)
    _only_for(what, What.CRATE, "--scene", scene)
    job = AddJob(
        kind=KINDS[what],
        target=check_target(what, target),
        target_dir=folder,
        layout=layout,
        tracks=read_tracks(tracks),
        profile=profile or Profile.CORE,
        limit=limit or 20,
        scene=scene,
        preferred_codecs=tuple(codec or ()),
        allow_lossy=not lossless_only,
        overlay_bandwidth_kbps=kbps,
    )
    time = None if until_done else patience
    raise typer.Exit(add_job(home_of(home), job, time, wait or until_done, Output(json)))


def _only_for(what: What, allowed: What, option: str, value: object) -> None:
    if value and what is not allowed:
        raise UserError(f"{option} is for a {allowed} only")


@jobs.command("list")
def list_all(
    watch: Annotated[bool, typer.Option("--watch", help="Go on telling what changes, until Ctrl+C.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show every job in the order of work; with --watch work on them meanwhile."""
    from slskmesh.cli.jobs import list_jobs

    list_jobs(home_of(home), watch, Output(json))


@jobs.command()
def show(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show one job: options, releases, tracks, timeline."""
    from slskmesh.cli.jobs import show_job

    show_job(home_of(home), number, Output(json))


@jobs.command()
def run(
    until_done: UntilDone = False,
    patience: Patience = 60.0,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Work on the list until nothing can be done, or a signal. Code 1 if a job failed, 4 if one still waits."""
    from slskmesh.cli.job_run import run_queue

    raise typer.Exit(run_queue(home_of(home), None if until_done else patience, Output(json)))


@jobs.command()
def pause(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Stop a job; what is there stays."""
    from slskmesh.cli.jobs import tell_job

    tell_job(home_of(home), number, "paused", PauseJob(number), Output(json))


@jobs.command()
def resume(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Let a paused job go on; one that failed is tried again."""
    from slskmesh.cli.jobs import tell_job

    tell_job(home_of(home), number, "resumed", ResumeJob(number), Output(json))


@jobs.command()
def retry(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Plan what is not done anew."""
    from slskmesh.cli.jobs import tell_job

    tell_job(home_of(home), number, "tried again", RetryJob(number), Output(json))


@jobs.command()
def cancel(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """End a job; finished files stay, unfinished ones are removed."""
    from slskmesh.cli.jobs import tell_job

    tell_job(home_of(home), number, "cancelled", CancelJob(number), Output(json))


@jobs.command()
def remove(number: Number, home: HomeOption = None, json: JsonOption = False) -> None:
    """Take a job that is over off the list; its files stay."""
    from slskmesh.cli.jobs import tell_job

    tell_job(home_of(home), number, "removed", RemoveJob(number), Output(json))


@jobs.command(context_settings={"ignore_unknown_options": True})
def move(
    number: Number,
    places: Annotated[str, typer.Argument(metavar="±K", help="-1 is one place earlier.", show_default=False)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Move a job in the order of work."""
    from slskmesh.cli.jobs import read_step, tell_job

    step = read_step(places)
    tell_job(home_of(home), number, "moved", MoveJob(number, step), Output(json))
