import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_numbers = itertools.count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Makes a package of migrations: package({"0001_a": "def up(db): ..."}) -> its name."""
    root = tmp_path / "code"
    root.mkdir()
    monkeypatch.syspath_prepend(str(root))
    made = []

    def make(modules: dict[str, str]) -> str:
        name = f"steps_{next(_numbers)}"
        (root / name).mkdir()
        (root / name / "__init__.py").touch()
        for module, source in modules.items():
            (root / name / f"{module}.py").write_text(source)
        made.append(name)
        return name

    yield make
    for module in [module for module in sys.modules if module.partition(".")[0] in made]:
        del sys.modules[module]


@pytest.fixture
def things(package: Callable[..., str]) -> str:
    """A package with one table: thing(name unique)."""
    return package(
        {"0001_things": "def up(db):\n    db.execute_sql('CREATE TABLE thing (name TEXT UNIQUE)')\n"}
    )
