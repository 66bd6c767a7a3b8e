"""Identities for the tests of this folder."""

from pathlib import Path

import pytest

from slskmesh.identity import signing
from slskmesh.identity.key import Identity


def identity(number: int) -> Identity:
    seed = number.to_bytes(32, "big")
    return Identity(signing.public_key(seed), seed, Path("unused"))


@pytest.fixture(scope="session")
def identities() -> list[Identity]:
    return [identity(number) for number in range(1, 81)]
