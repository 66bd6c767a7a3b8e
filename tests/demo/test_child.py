"""The demo's processes: spoken to by lines, ended for certain, reaped."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.demo.child import Child, Said

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)\n"
STUBBORN = "import signal, sys\nsignal.signal(15, signal.SIG_IGN)\nprint('{}', flush=True)\nsignal.pause()\n"
NOISY = (
    "import sys\nprint('not json')\nprint('[1]')\nprint('first', file=sys.stderr)\nsys.exit('the reason')\n"
)
SETTINGS = (
    "import json, os\nprint(json.dumps({'ours': [k for k in os.environ if k.startswith('SLSKMESH_')]}))\n"
)


@pytest.fixture
def inbox() -> queue.SimpleQueue[Said]:
    return queue.SimpleQueue()


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in (("echo", ECHO), ("stubborn", STUBBORN), ("noisy", NOISY), ("shown", SETTINGS)):
        (tmp_path / f"child_{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield tmp_path


def test_it_hears_and_answers_and_ends(modules: Path, inbox: queue.SimpleQueue[Said]) -> None:
    child = Child("echo", ["child_echo"], modules / "err", inbox)
    child.tell({"a": "ü"})
    assert inbox.get(timeout=10) == (child, {"a": "ü"})
    child.end(5)
    assert inbox.get(timeout=10) == (child, None)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_one_that_will_not_end_is_killed(modules: Path, inbox: queue.SimpleQueue[Said]) -> None:
    child = Child("stubborn", ["child_stubborn"], modules / "err", inbox)
    assert inbox.get(timeout=10).what == {}  # its handler stands
    assert child.end(0.05) == -9


def test_kill_reaps(modules: Path, inbox: queue.SimpleQueue[Said]) -> None:
    child = Child("stubborn", ["child_stubborn"], modules / "err", inbox)
    child.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    assert child.end(1) == -9  # ending twice is harmless


def test_a_line_that_is_no_object_is_nothing_and_the_last_words_are_kept(
    modules: Path, inbox: queue.SimpleQueue[Said]
) -> None:
    child = Child("noisy", ["child_noisy"], modules / "err", inbox)
    assert inbox.get(timeout=10) == (child, None)
    assert child.end(5) == 1
    assert child.last_words() == "the reason"


def test_a_person_s_settings_do_not_reach_it(
    modules: Path, inbox: queue.SimpleQueue[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLSKMESH__OVERLAY__NAME", "me")
    child = Child("shown", ["child_shown"], modules / "err", inbox)
    assert inbox.get(timeout=10).what == {"ours": []}
    child.end(5)


def test_telling_one_that_is_gone_is_no_error(modules: Path, inbox: queue.SimpleQueue[Said]) -> None:
    child = Child("noisy", ["child_noisy"], modules / "err", inbox)
    assert inbox.get(timeout=10).what is None
    for _ in range(3):
        child.tell({"anybody": "there"})
    child.end(5)
