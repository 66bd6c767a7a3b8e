import importlib
import pkgutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from slskmesh.errors import StorageError, UserError
from slskmesh.store.database import open_store
from slskmesh.store.migrate import steps
from slskmesh.store.models.base import database

CREATE = "def up(db):\n    db.execute_sql('CREATE TABLE {0} (x)')\n"
BROKEN = CREATE + "    db.execute_sql('INSERT INTO first VALUES (2)')\n    raise RuntimeError('half-way')\n"
Package = Callable[[dict[str, str]], str]


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


TABLES = "SELECT name FROM sqlite_master ORDER BY name"


async def test_steps_run_once_in_order(tmp_path: Path, package: Package) -> None:
    path = tmp_path / "a.db"
    modules = {"0002_b": CREATE.format("second"), "0001_a": CREATE.format("first")}
    name = package(modules)
    for _ in range(2):
        async with open_store(path, name):
            pass
    assert read(path, TABLES) == [("first",), ("second",)]
    assert read(path, "PRAGMA user_version") == [(2,)]
    assert path.stat().st_mode & 0o777 == 0o600
    async with open_store(path, package(modules | {"0003_c": CREATE.format("third")})):
        pass
    assert read(path, "PRAGMA user_version") == [(3,)]


async def test_a_step_that_breaks_leaves_nothing_behind(tmp_path: Path, package: Package) -> None:
    path = tmp_path / "a.db"
    first = {"0001_a": CREATE.format("first")}
    with pytest.raises(RuntimeError, match="half-way"):
        async with open_store(path, package(first | {"0002_b": BROKEN.format("second")})):
            pass
    assert read(path, TABLES) == [("first",)]
    assert read(path, "SELECT * FROM first") == []
    assert read(path, "PRAGMA user_version") == [(1,)]
    async with open_store(path, package(first | {"0002_b": CREATE.format("second")})):
        pass
    assert read(path, TABLES) == [("first",), ("second",)]


async def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path, things: str) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(
        UserError, match=r"a\.db: was written by a newer slskmesh \(schema 7, this one knows 1\)"
    ):
        async with open_store(path, things):
            pass
    assert read(path, "PRAGMA user_version") == [(7,)] and read(path, TABLES) == []
    assert before[:16] == path.read_bytes()[:16]


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, things: str) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"a shopping list, long enough to be read as a page" * 100)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="not a database"):
        async with open_store(path, things):
            pass
    assert path.read_bytes() == before


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path, things: str) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        async with open_store(tmp_path / "none" / "a.db", things):
            pass


def test_names_and_numbers_are_checked(package: Package) -> None:
    with pytest.raises(ValueError, match="named"):
        steps(package({"first": CREATE.format("first")}))
    with pytest.raises(ValueError, match="one number"):
        steps(package({"0001_a": CREATE.format("a"), "0001_b": CREATE.format("b")}))


def test_the_products_own_steps_have_no_gaps() -> None:
    numbers = [step.number for step in steps()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_the_products_own_steps_fit_their_models(tmp_path: Path) -> None:
    from slskmesh.store import models
    from slskmesh.store.models import base

    rooms = {f"{models.__name__}.{room.name}" for room in pkgutil.iter_modules(models.__path__)}
    for room in rooms:
        importlib.import_module(room)

    def columns() -> list[tuple[list[str], list[str]]]:
        tables = [model for model in base.Base.__subclasses__() if model.__module__ in rooms]
        assert len(tables) >= 13
        return [
            (
                [column.name for column in database.get_columns(model._meta.table_name)],
                list(model._meta.columns),
            )
            for model in tables
        ]

    async with open_store(tmp_path / "a.db") as store:
        for in_file, in_model in await store.run(columns):
            assert sorted(in_file) == sorted(in_model)
