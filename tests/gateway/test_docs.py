"""docs/api.md is what the code gives, and its examples work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from slskmesh.engine.commands import Connect, MakeInvite
from slskmesh.gateway.app import rights
from slskmesh.gateway.examples import HEAD
from slskmesh.gateway.exchange import BODY_MAX, BODY_SECONDS
from slskmesh.gateway.keys import Role, read_key
from slskmesh.gateway.reference import reference
from tests.engine.nodes import furnish, running
from tests.gateway.ground import ground
from tests.gateway.test_openapi import TOLD, bare

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def test_the_reference_is_what_the_code_gives() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference(), "slskmesh gateway docs > docs/api.md"


def test_every_route_and_shape_stands_in_it() -> None:
    text = reference()
    for method, path in rights():
        assert f"#### `{method} {bare(path)}`" in text
    titles = re.findall(r"^#### (\w+)$", text, re.MULTILINE)
    assert sorted(titles) == sorted(TOLD["components"]["schemas"])
    links = set(re.findall(r"\]\(#(\w+)\)", text))
    assert links <= {title.lower() for title in titles}


def test_the_bounds_it_names_are_those_of_the_code() -> None:
    assert f"{BODY_SECONDS:.0f} seconds, or is over {BODY_MAX:,} bytes" in HEAD


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_examples_work(tmp_path: Path) -> None:
    first, *blocks = re.findall(r"```sh\n(.*?)```", HEAD, re.DOTALL)
    assert first.splitlines() == ["URL=http://127.0.0.1:5030", "KEY=$(slskmesh gateway key)"]
    assert len(blocks) >= 4
    nowhere = {"musicbrainz": {"host": "127.0.0.1:9"}, "mesh": {"enabled": True}, "dht": {"lan": False}}
    other = furnish(tmp_path, "other", settings=nowhere)
    with ground(tmp_path, settings=nowhere) as me, running([other]) as (friend,):
        friend.listening()
        me.ask(Connect(friend.ask(MakeInvite()).value))
        env = {**os.environ, "URL": me.base, "KEY": read_key(me.home, Role.WRITE), "no_proxy": "*"}
        ran = subprocess.run(
            ["sh", "-ex"],
            input="\n".join(blocks),
            capture_output=True,
            text=True,
            timeout=60,
            env=env,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    assert '"isConnected"' in ran.stdout and '"jobs":[]' in ran.stdout and '"features"' in ran.stdout
