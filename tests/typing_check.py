"""What the type checker says of a piece of code that must not pass, with the project's own configuration."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINE = re.compile(r"[^:]+:(\d+): error: (.*?)  \[([a-z-]+)\]")


def complaints(code: str, folder: Path) -> list[tuple[int, str, str]]:
    """(line, error code, message) of each error mypy finds in `code`, a module that imports slskmesh. Takes seconds.

    `folder` is for the module and the checker's cache. AssertionError if the checker itself fails.
    """
    module = folder / "checked.py"
    module.write_text(code)
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(folder / "cache")]
    options += ["--no-error-summary", "--hide-error-context", "--no-pretty"]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found = []
    for line in ran.stdout.splitlines():
        if line.partition(":")[0].endswith(module.name) and ": note: " not in line:
            match = _LINE.match(line)
            assert match is not None, line
            found.append((int(match[1]), match[3], match[2]))
    assert found or ran.returncode == 0, ran.stdout
    return found
