"""The user guide's tables are the program's: keys, commands, settings, command line. UPDATE_GOLDENS=1 writes them."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import typer.main

from slskmesh.cli.commands import app as command_line
from slskmesh.errors import HomeBusyError, UserError
from slskmesh.settings import describe, load_settings
from tui.actions import PLACE_TITLES, Registry, key_label
from tui.everywhere import all_actions
from tui.viewmodel.banner import MARKERS
from tui.viewmodel.glyphs import ASCII, UTF8

GUIDE = Path(__file__).parents[2] / "docs" / "user-guide.md"
PLACES = {
    "search": "Search, mode text",
    **PLACE_TITLES,
    "jobs": "Jobs",
    "swarm": "Swarm",
    "scenes": "Scenes",
    "peers": "Peers",
    "settings": "Settings",
}


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *(line(row) for row in rows)])


def keys() -> str:
    registry = Registry(all_actions())
    parts = []
    for where in (*PLACES, "moving", "everywhere"):
        rows = [
            (" ".join(code(key_label(key)) for key in action.keys), action.title)
            for action in registry.in_place(where)
            if action.keys
        ]
        parts.append(table((f"{PLACES.get(where, where)}", "what it does"), rows))
    return "\n\n".join(parts)


def commands() -> str:
    registry = Registry(all_actions())
    found = sorted((a.command, a.argument, a.title) for a in registry.actions.values() if a.command)
    return table(
        ("command", "what it does"),
        [(code(f":{c} {argument}".strip()), title) for c, argument, title in found],
    )


def settings() -> str:
    home = Path("never-made")
    rows = []
    for row in describe(load_settings(home, {}), home, {}):
        allowed = ", ".join(row["choices"])
        what = row["help"] + (f"; one of {allowed}" if allowed else "")
        rows.append(
            (
                code(row["key"]),
                code(row["default"]) or "empty",
                what,
                "next start" if row["restart"] else "at once",
            )
        )
    return table(("setting", "default", "what it is", "takes effect"), rows)


def cli() -> str:
    group = typer.main.get_command(command_line)
    rows = [("`slskmesh`", "The terminal app.")]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        rows.append((code(f"slskmesh {name}"), " ".join((command.help or "").split())))
    return table(("command", "what it does"), rows)


@pytest.mark.parametrize("make", [keys, commands, settings, cli], ids=lambda make: make.__name__)
def test_the_guide_s_tables_are_the_program_s(make: Callable[[], str]) -> None:
    name = make.__name__
    text = GUIDE.read_text(encoding="utf-8")
    pattern = re.compile(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", re.DOTALL)
    found = pattern.search(text)
    assert found is not None, f"the guide has no place for {name}"
    wanted = make() + "\n"
    if os.environ.get("UPDATE_GOLDENS"):
        place = found.span(1)
        GUIDE.write_text(text[: place[0]] + wanted + text[place[1] :], encoding="utf-8")
        return
    assert found.group(1) == wanted, f"UPDATE_GOLDENS=1 writes the table of {name} anew"


def test_the_guide_knows_every_banner_and_every_sign_of_the_map() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for marker, word, _ in MARKERS.values():
        assert f"`{marker} {word}`" in text
    for unicode, plain in zip(UTF8.chunks, ASCII.chunks, strict=True):
        assert f"| `{unicode}` | `{plain}` |" in text


def test_the_guide_names_no_key_that_does_not_exist() -> None:
    registry = Registry(all_actions())
    known = {key_label(key) for action in registry.actions.values() for key in action.keys}
    prose = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    for key in re.findall(r"`([A-Za-z?/:+_.])`", prose.split("## Command line")[0]):
        assert key in known or key in "mupyti" or key in "Aa", key
    for command in re.findall(r"`:(\w+)", prose):
        assert registry.command(command) is not None, command


def test_the_unit_in_the_guide_starts_a_command_that_exists() -> None:
    found = re.search(r"```ini\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    unit = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(found[1])
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    path, *words = unit["Service"]["ExecStart"].split()
    assert path.endswith("/slskmesh")
    group = typer.main.get_command(command_line)
    context = group.make_context(
        "slskmesh", list(words), resilient_parsing=False
    )  # an unknown option would be refused
    name, command, rest = group.resolve_command(context, words)  # type: ignore[attr-defined]
    assert name == "daemon" and command is group.commands["daemon"]  # type: ignore[attr-defined]
    command.make_context("daemon", list(rest))
    codes = {int(code) for code in unit["Service"]["RestartPreventExitStatus"].split()}
    assert codes == {UserError.exit_code, HomeBusyError.exit_code}
