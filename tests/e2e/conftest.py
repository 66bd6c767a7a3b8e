"""The ground of each test; see tests/e2e/ground.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.ground import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """Homes and processes; every process is gone afterwards."""
    place = Ground(tmp_path)
    try:
        yield place
    finally:
        place.close()
