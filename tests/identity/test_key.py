import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slskmesh.errors import StorageError, UserError
from slskmesh.identity import signing
from slskmesh.identity.certificate import identity_pem
from slskmesh.identity.key import load_or_create


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "identity.pem"


def test_an_identity_is_made_once_and_kept(path: Path) -> None:
    first = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_or_create(path) == first
    assert first.peer == signing.public_key(first.seed)
    signing.verify(first.peer, signing.Domain.INVITE, b"x", first.sign(signing.Domain.INVITE, b"x"))


def test_the_seed_does_not_show(path: Path) -> None:
    identity = load_or_create(path)
    assert repr(identity.seed) not in repr(identity) and identity.seed.hex() not in repr(identity)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_key_open_to_others_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(UserError, match=r"chmod 600 '.*identity\.pem'"):
        load_or_create(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: b"",
        lambda pem: pem[:-40],
        lambda pem: pem.replace(b"M", b"!", 1),
        lambda pem: pem[:100] + b"A" * 40 + pem[140:],
        lambda pem: pem + b"more",
        lambda pem: os.urandom(500),
        lambda pem: b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 100,
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, damage) -> None:
    load_or_create(path)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"identity\.pem: .*; put a good copy back"):
        load_or_create(path)
    assert path.read_bytes() == damaged


def test_a_folder_or_a_pipe_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(UserError, match="not a file"):
        load_or_create(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(UserError, match="not a file"):
        load_or_create(path)


def test_a_home_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        load_or_create(tmp_path / "file" / "identity.pem")


KILLED = """
import os, signal, sys
from pathlib import Path
from slskmesh.identity.key import load_or_create
os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
load_or_create(Path(sys.argv[1]))
"""


def test_a_kill_while_making_it_leaves_none_and_the_next_start_makes_one(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not path.exists()
    assert load_or_create(path) == load_or_create(path)


def test_a_known_file_gives_a_known_peer(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o600)
    path.write_bytes(identity_pem(bytes(range(32))))
    assert load_or_create(path).peer == signing.public_key(bytes(range(32)))
