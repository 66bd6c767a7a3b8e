"""Pseudonyms of users and the secret they hang on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import StorageError, UserError
from slskmesh.shadow.pseudonyms import BYTES, SECRET_BYTES, Pseudonyms, load_secret


@given(st.text(max_size=40), st.text(max_size=40))
def test_one_user_one_pseudonym_and_another_secret_another(one: str, two: str) -> None:
    mine, other = Pseudonyms(bytes(32)), Pseudonyms(b"\1" * 32)
    assert mine.of(one) == mine.of(one) and len(mine.of(one)) == BYTES
    assert (mine.of(one) == mine.of(two)) == (one == two)
    assert mine.of(one) != other.of(one)
    assert one.encode("utf-8", "surrogatepass") not in mine.of(one) or len(one) < 3


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "pseudonyms.key"
    secret = load_secret(path)
    assert len(secret) == SECRET_BYTES and path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert load_secret(path) == secret and path.stat().st_mode & 0o777 == 0o600
    assert load_secret(tmp_path / "second") != secret


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_secret_is_told_of_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pseudonyms.key"
    path.write_bytes(content)
    with pytest.raises(UserError, match="delete it to begin"):
        load_secret(path)
    assert path.read_bytes() == content


def test_a_link_or_a_folder_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(bytes(32))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StorageError):
        load_secret(tmp_path / "link")
    with pytest.raises(StorageError):
        load_secret(tmp_path / "missing" / "key")
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(b"x")
