"""Rules of the whole tree that no single room can test: floors, what is loaded, what lies where, what text holds."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    *("pyproject.toml", "constraints.txt", "README.md", "LICENSE", ".ci", ".gitignore"),
    *("slskmesh", "tui", "tests", "screenshots", "docs"),
}
FORBIDDEN_IN_TUI = {
    *(
        "cli",
        "demo",
        "acquire",
        "swarm",
        "governance",
        "overlay",
        "library",
        "dht",
        "store",
        "wire",
        "identity",
    ),
}
LINES_MAX, FUNCTION_LINES_MAX = 450, 60


def tracked() -> list[Path]:
    """Files under version control, else all files that are not build products."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    products = re.compile(
        r"(^|/)(\.venv|build|dist|__pycache__|\.[a-z_]+_cache|\.hypothesis|[^/]*\.egg-info)(/|$)"
    )
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not products.search(path.relative_to(ROOT).as_posix())
    ]


def product_code() -> list[Path]:
    return [path for room in ("slskmesh", "tui") for path in (ROOT / room).rglob("*.py")]


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in product_code():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def python(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_floors_hold() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


def test_the_package_loads_no_screen() -> None:
    code = (
        "import slskmesh, slskmesh.engine.client, slskmesh.text, slskmesh.settings, sys; print(*sys.modules)"
    )
    assert not {"textual", "rich", "tui"} & set(python(code).split())


def test_the_engine_loads_no_screen() -> None:
    assert not {"textual", "tui"} & set(
        python("import slskmesh.engine.engine, sys; print(*sys.modules)").split()
    )


def test_the_terminal_app_names_only_the_facade() -> None:
    wrong = []
    for path in (ROOT / "tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                if parts[0] == "slskmesh" and len(parts) > 1 and parts[1] in FORBIDDEN_IN_TUI:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert wrong == []


def test_the_terminal_app_loads_only_the_facade() -> None:
    loaded = python("import tui.app, sys; print(*sys.modules)").split()
    assert [
        name for name in loaded if name.startswith("slskmesh.") and name.split(".")[1] in FORBIDDEN_IN_TUI
    ] == []
    assert "trio" not in loaded


def test_the_top_level_holds_what_belongs_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


# Written in pieces, so that this file does not hold what it looks for.
FOREIGN = re.compile(
    "|".join(
        (
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "/" + r"work/(main|shared)",
            "/" + r"root/",
            "/" + r"tmp/(venv|brief|bash)",
            "/" + r"home/[a-z]+/",
        )
    )
)


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    wrong = []
    for path in tracked():
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if FOREIGN.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    assert wrong == []


def _statements(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """The body without its docstring."""
    first = node.body[0]
    has_doc = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return node.body[1:] if has_doc else node.body


def test_no_check_is_only_return_true() -> None:
    wrong = []
    for where, node in functions():
        body = _statements(node)
        returns_true = (
            len(body) == 1
            and isinstance(body[0], ast.Return)
            and isinstance(body[0].value, ast.Constant)
            and body[0].value.value is True
        )
        if returns_true and re.search("verif|check|valid|match|prove", node.name):
            wrong.append(where)
    assert wrong == []


def test_no_function_is_left_to_be_written() -> None:
    wrong = []
    for path in product_code():
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.dump(node.exc):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b", line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}")
    assert wrong == []


def test_no_error_is_swallowed_whole() -> None:
    wrong = []
    for path in product_code():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            if broad and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


@pytest.mark.parametrize("room", ["slskmesh", "tui"])
def test_files_and_functions_stay_short(room: str) -> None:
    long_files = [
        f"{path.relative_to(ROOT)}: {len(path.read_text('utf-8').splitlines())}"
        for path in (ROOT / room).rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > LINES_MAX
    ]
    long_functions = [
        where
        for where, node in functions()
        if where.startswith(room) and node.end_lineno and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert long_files + long_functions == []


def test_every_file_says_what_it_is_for() -> None:
    silent = [path for path in product_code() if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []
