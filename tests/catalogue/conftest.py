from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slskmesh.store.database import Store, open_store
from tests.catalogue.ground import OwnTime


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "mesh.db") as opened:
        yield opened


@pytest.fixture
def time() -> OwnTime:
    return OwnTime()
