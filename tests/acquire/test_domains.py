"""Domains are types: the checker refuses a generic file where music is taken (003 part 2, design 2.6)."""

from __future__ import annotations

from pathlib import Path

from tests.typing_check import complaints

CODE = """
from slskmesh.acquire.backends import Backend, LocalMusic, ask
from slskmesh.acquire.domains import GenericFile, Intent, Music
from slskmesh.acquire.mesh import MeshFiles, MeshMusic
from slskmesh.acquire.soulseek import SoulseekMusic
from slskmesh.mbid import Mbid
from slskmesh.work import LocalBudget, RemoteBudget

async def use(
    music: Backend[Music], local: LocalMusic, mesh: MeshMusic, files: MeshFiles, legacy: SoulseekMusic
) -> None:
    song, file = Intent(Music(Mbid("r"))), Intent(GenericFile(1, "a.iso"))
    await ask(music, [song], LocalBudget())
    await ask(music, [file], LocalBudget())
    await music.find([file], LocalBudget())
    await mesh.find([file], LocalBudget())
    await files.find([song], LocalBudget())
    await ask(legacy, [file], LocalBudget())
    await legacy.find([file], LocalBudget())
    await legacy.ask([song], RemoteBudget([]))
    wrong: Backend[GenericFile] = legacy
    right: Backend[Music] = legacy
    await ask(legacy, [song], LocalBudget())
    await ask(mesh, [song], LocalBudget())
    await ask(files, [file], LocalBudget())
    fine: Backend[Music] = mesh
"""


def test_the_checker_refuses_what_is_of_another_domain(tmp_path: Path) -> None:
    found = {line: code for line, code, _ in complaints(CODE, tmp_path)}
    lines = CODE.splitlines()
    assert {lines[number - 1].strip() for number in found} == {
        "await ask(music, [file], LocalBudget())",
        "await music.find([file], LocalBudget())",
        "await mesh.find([file], LocalBudget())",
        "await files.find([song], LocalBudget())",
        "await ask(legacy, [file], LocalBudget())",
        "await legacy.find([file], LocalBudget())",
        "await legacy.ask([song], RemoteBudget([]))",
        "wrong: Backend[GenericFile] = legacy",
    }
