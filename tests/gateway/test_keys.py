"""Keys: made once, for their owner alone; anything that is no key is refused with the way out."""

from __future__ import annotations

import hmac
import os
import stat
import threading
from pathlib import Path

import pytest

from slskmesh.errors import StorageError, UserError
from slskmesh.gateway.guesses import Guesses, place_of
from slskmesh.gateway.keys import Keys, Role, key_file, load_keys, new_key, read_key
from slskmesh.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def test_keys_are_made_once_and_for_the_owner_alone(home: Home) -> None:
    load_keys(home)
    write, read = read_key(home, Role.WRITE), read_key(home, Role.READ)
    assert write != read and min(len(write), len(read)) >= 40
    for role, key in ((Role.WRITE, write), (Role.READ, read)):
        path = key_file(home, role)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_nlink == 1
        assert path.read_text() == key + "\n"
        assert read_key(home, role) == key
    known = load_keys(home)
    assert known.role_of(write) is Role.WRITE and known.role_of(read) is Role.READ
    assert sorted(path.name for path in home.root.iterdir()) == ["api.key", "api.readonly.key"]


def test_all_who_need_the_first_key_at_once_get_the_same(home: Home) -> None:
    got: list[str] = []
    gate = threading.Barrier(8)

    def one() -> None:
        gate.wait()
        got.append(read_key(home, Role.WRITE))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8 and set(got) == {key_file(home, Role.WRITE).read_text().strip()}
    assert [path.name for path in home.root.iterdir()] == ["api.key"]


def test_a_new_key_takes_the_place_of_the_old_one(home: Home) -> None:
    old = read_key(home, Role.WRITE)
    key_file(home, Role.WRITE).chmod(0o644)
    fresh = new_key(home, Role.WRITE)
    assert fresh != old and read_key(home, Role.WRITE) == fresh
    assert stat.S_IMODE(key_file(home, Role.WRITE).stat().st_mode) == 0o600
    assert load_keys(home).role_of(old) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o644, 0o610])
def test_a_key_that_others_can_read_is_refused(home: Home, mode: int) -> None:
    read_key(home, Role.WRITE)
    key_file(home, Role.WRITE).chmod(mode)
    with pytest.raises(UserError, match="chmod 600"):
        load_keys(home)


@pytest.mark.parametrize(
    "key", [b"0123456789abcdef", b"!" * 255, b"  0123456789abcdef\r\n", b"\n0123456789#~abcdef\n\n"]
)
def test_a_key_of_ones_own(home: Home, key: bytes) -> None:
    path = key_file(home, Role.READ)
    path.write_bytes(key)
    path.chmod(0o600)
    assert read_key(home, Role.READ) == key.decode().strip()


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b"\n",
            b"0123456789abcde",
            b"x" * 256,
            b"x" * 5000,
            b"0123456789 abcdef",
            b"0123456789\nabcdefgh",
        ),
        *("schlüssel-schlüssel".encode(), b"\xff" * 20, b"0123456789abcdef\x00", b"0123456789abc\x1b[31m"),
    ],
)
def test_what_is_no_key_is_refused(home: Home, data: bytes) -> None:
    path = key_file(home, Role.READ)
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(UserError, match="16 to 255 printable characters"):
        load_keys(home)
    assert path.read_bytes() == data, "nobody's file is replaced by itself"


def test_a_read_only_key_that_is_the_other_one_too_is_refused(home: Home) -> None:
    path = key_file(home, Role.READ)
    path.write_text(read_key(home, Role.WRITE))
    path.chmod(0o600)
    with pytest.raises(UserError, match="would not be read-only"):
        load_keys(home)


def test_what_is_no_file_is_refused_without_waiting(home: Home) -> None:
    os.mkfifo(key_file(home, Role.WRITE), 0o600)
    with pytest.raises(UserError, match="a key is"):
        read_key(home, Role.WRITE)
    key_file(home, Role.READ).mkdir(mode=0o700)
    with pytest.raises((UserError, StorageError)):
        read_key(home, Role.READ)


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    real = hmac.compare_digest

    def compare(known: bytes, given: bytes) -> bool:
        compared.append(known)
        return real(known, given)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    known = Keys({"first" * 4: Role.READ, "other" * 4: Role.WRITE})
    for given, role in (("first" * 4, Role.READ), ("other" * 4, Role.WRITE), ("wrong" * 4, None), ("", None)):
        compared.clear()
        assert known.role_of(given) is role
        assert compared == [b"first" * 4, b"other" * 4], "also after one fitted"


def test_a_key_of_any_text_is_none_of_ours() -> None:
    known = Keys({"first" * 4: Role.READ})
    for text in ("\ud800", "\x00", "é" * 20, "x" * 100_000):
        assert known.role_of(text) is None


def test_places_that_guess() -> None:
    assert {place_of(one) for one in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1")} == {"here"}
    assert place_of("192.168.1.7") == place_of("::ffff:192.168.1.7") != place_of("192.168.1.8")
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff") != place_of("2001:db8:0:1::1")
    assert (
        place_of("fe80::1%eth0") == place_of("fe80::2") and place_of("") == place_of("not an address") == ""
    )


async def test_what_is_remembered_of_guesses_is_bounded() -> None:
    guesses = Guesses(Keys({"first" * 4: Role.READ}))
    for number in range(600):
        with pytest.raises(Exception, match="not one of ours"):
            guesses.role_of(f"wrong {number}", f"10.0.{number // 250}.{number % 250}")
    assert len(guesses._places) == 256 and len(guesses._wrong) == 64
    assert not [mark for mark in guesses._wrong if b"wrong" in mark], "no key is kept"
