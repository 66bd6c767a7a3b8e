"""Brings a database up to this version's schema.

Rules:
- Steps are modules NNNN_name.py of one package, each with `up(db)`; they run in the order of their numbers.
- A step and its number (PRAGMA user_version) are one transaction: a step that breaks leaves nothing behind.
- A database of a newer version is never touched.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import peewee

from slskmesh.errors import UserError

PACKAGE = "slskmesh.store.migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+")


class Step(NamedTuple):
    """One schema step."""

    number: int
    name: str
    up: Callable[[peewee.SqliteDatabase], None]


def steps(package: str = PACKAGE) -> list[Step]:
    """All steps of `package` in order; ValueError if two share a number or a name is none."""
    found = []
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        match = _NAME.fullmatch(info.name)
        if match is None:
            raise ValueError(f"{package}.{info.name} is not named like a migration")
        module = importlib.import_module(f"{package}.{info.name}")
        found.append(Step(int(match[1]), info.name, module.up))
    found.sort(key=lambda step: step.number)
    if len({step.number for step in found}) != len(found):
        raise ValueError(f"{package} has two migrations of one number")
    return found


def migrate(db: peewee.SqliteDatabase, path: Path, package: str = PACKAGE) -> None:
    """Runs the steps that `db` lacks. UserError if it was written by a newer version."""
    todo = steps(package)
    newest = todo[-1].number if todo else 0
    (have,) = db.execute_sql("PRAGMA user_version").fetchone()
    if have > newest:
        raise UserError(
            f"{path}: was written by a newer slskmesh (schema {have}, this one knows {newest}); "
            "install that version again, or move the file away to start a new one"
        )
    for step in todo:
        if step.number > have:
            with db.atomic("IMMEDIATE"):
                step.up(db)
                db.execute_sql(f"PRAGMA user_version = {step.number}")
