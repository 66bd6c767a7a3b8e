import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import HomeBusyError, StorageError, UserError
from slskmesh.paths import Home, atomic_write, default_home, safe_join


@given(st.lists(st.text(st.sampled_from("ab./\\\0~ ")), min_size=1, max_size=4))
def test_safe_join_stays_below_its_root(parts: list[str]) -> None:
    root = Path("/srv/music")
    try:
        joined = safe_join(root, *parts)
    except UserError:
        return
    assert os.path.commonpath([os.path.normpath(joined), root]) == str(root)


@pytest.mark.parametrize("part", ["..", "a/../../b", "/etc", "a\0b", "", "x\ud800"])
def test_parts_that_leave_or_cannot_be_are_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(UserError):
        safe_join(tmp_path, part)


def test_a_link_that_leaves_is_refused_and_one_that_stays_is_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to("inside")
    (root / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="leaves"):
        safe_join(root, "out", "x")
    assert safe_join(root, "in", "x") == root / "in" / "x"
    assert safe_join(root, "new/deep", "x") == root / "new" / "deep" / "x"
    safe_join(root, "loop")


def test_a_root_behind_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert safe_join(tmp_path / "link", "x") == tmp_path / "link" / "x"


def test_atomic_write_replaces_and_sets_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "state"
    atomic_write(path, b"one")
    atomic_write(path, b"two", 0o644)
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["state"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    atomic_write(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["state"]


KILLED = """
import os, signal, sys
from pathlib import Path
from slskmesh import paths
os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
paths.atomic_write(Path(sys.argv[1]), b"new")
"""


def test_a_kill_before_the_rename_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    atomic_write(path, b"old")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_home_by_environment_and_by_platform() -> None:
    assert default_home({"SLSKMESH_HOME": "/srv/x"}) == Path("/srv/x")
    assert default_home({}).name == "slskmesh"


def test_a_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home").create()
    assert home.root.stat().st_mode & 0o777 == 0o700
    home.root.chmod(0o755)
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_something_else_is_not_taken_as_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(UserError, match="not slskmesh's"):
        Home(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    with pytest.raises(UserError, match="not a folder"):
        Home(tmp_path / "thesis.txt").create()


def test_a_second_holder_is_refused_by_name_and_the_first_lets_go(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.hold():
        with pytest.raises(HomeBusyError, match=f"process {os.getpid()}"):
            with home.hold():
                pass
    with home.hold():
        pass


HOLD = """
import sys
from pathlib import Path
from slskmesh.paths import Home
with Home(Path(sys.argv[1])).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_holder_frees_the_home(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(HomeBusyError, match=f"process {holder.pid}"):
            with Home(tmp_path).hold():
                pass
        holder.kill()
    with Home(tmp_path).hold():
        pass
