"""Kept answers: by host, bounded, the least lately used out first."""

from __future__ import annotations

from slskmesh.catalogue import cache
from slskmesh.catalogue.cache import Kept
from slskmesh.store.database import Store
from slskmesh.store.models.catalogue import CatalogueAnswer


def columns() -> tuple[list[str], list[str]]:
    from slskmesh.store.models.base import database

    table = database.get_columns("catalogue_answer")
    return sorted(column.name for column in table), sorted(CatalogueAnswer._meta.columns)


async def test_the_table_fits_its_model(store: Store) -> None:
    in_file, in_model = await store.run(columns)
    assert in_file == in_model


async def test_an_answer_is_its_hosts_and_the_newest_of_any_without_one(store: Store) -> None:
    await store.run(cache.save, "one", "release", "k", Kept(b"1", 100.0))
    await store.run(cache.save, "two", "release", "k", Kept(b"2", 200.0))
    assert await store.run(cache.load, "one", "release", "k", 300.0) == Kept(b"1", 100.0)
    assert await store.run(cache.load, "two", "release", "k", 300.0) == Kept(b"2", 200.0)
    assert await store.run(cache.load, "three", "release", "k", 300.0) is None
    assert await store.run(cache.load, "one", "artist", "k", 300.0) is None
    assert await store.run(cache.load, "", "release", "k", 300.0) == Kept(b"2", 200.0)


async def test_a_newer_answer_takes_the_place_of_the_older(store: Store) -> None:
    await store.run(cache.save, "h", "release", "k", Kept(b"1", 100.0))
    await store.run(cache.save, "h", "release", "k", Kept(b"", 200.0))
    assert await store.run(cache.load, "h", "release", "k", 300.0) == Kept(b"", 200.0)
    assert await store.run(lambda: CatalogueAnswer.select().count()) == 1


async def fill(store: Store, count: int) -> None:
    for i in range(count):
        await store.run(cache.save, "h", "release", str(i), Kept(b"x" * 1000, float(i)))


async def there(store: Store, count: int) -> list[int]:
    return [i for i in range(count) if await store.run(cache.load, "h", "release", str(i), float(count))]


async def test_rows_are_bounded(store: Store) -> None:
    await fill(store, 100)
    assert await store.run(cache.trim, 10) == 90
    assert await there(store, 100) == list(range(90, 100))


async def test_bytes_are_bounded(store: Store) -> None:
    await fill(store, 20)
    assert await store.run(cache.trim, cache.ROWS_MAX, 6000) == 15
    assert await there(store, 20) == list(range(15, 20))


async def test_what_is_used_stays_and_a_use_is_noted_once_an_hour(store: Store) -> None:
    await fill(store, 10)
    used = lambda: CatalogueAnswer.get(CatalogueAnswer.key == "0").used  # noqa: E731
    assert await store.run(cache.load, "h", "release", "0", 100.0) is not None
    assert await store.run(used) == 0.0
    assert await store.run(cache.load, "h", "release", "0", 5000.0) is not None
    assert await store.run(used) == 5000.0
    await store.run(cache.trim, 1)
    assert await there(store, 10) == [0]
