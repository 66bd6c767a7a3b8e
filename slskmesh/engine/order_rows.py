"""Orders of programs in the database: plain functions for its thread, values in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slskmesh.engine.order_commands import BatchView, OrdersView, OrderView
from slskmesh.store.models.orders import ProgramBatch, ProgramOrder
from slskmesh.text import sanitize

_TEXT = 2_000


def load() -> OrdersView:
    """All of it, the oldest first."""
    orders: Any = ProgramOrder.select().order_by(ProgramOrder.at)
    batches: Any = ProgramBatch.select().order_by(ProgramBatch.at)
    return OrdersView(tuple(map(_order, orders)), tuple(map(_batch, batches)))


def _order(row: ProgramOrder) -> OrderView:
    user, file = sanitize(row.user), sanitize(row.file, _TEXT)
    return OrderView(bytes(row.transfer).hex(), user, file, row.size, row.batch, row.at, bool(row.cancelled))


def _batch(row: ProgramBatch) -> BatchView:
    external, destination = sanitize(row.external), sanitize(row.destination, _TEXT)
    return BatchView(row.batch, sanitize(row.user), row.search, external, destination, row.at)


def save(orders: Sequence[OrderView], batches: Sequence[BatchView] = ()) -> None:
    """Adds or replaces these."""
    order_table: Any = ProgramOrder  # peewee's query builders are not annotated
    batch_table: Any = ProgramBatch
    for one in orders:
        order_table.replace(
            transfer=bytes.fromhex(one.transfer),
            user=one.user,
            file=one.file,
            size=one.size,
            batch=one.batch,
            at=one.at,
            cancelled=one.cancelled,
        ).execute()
    for batch in batches:
        batch_table.replace(
            batch=batch.batch,
            user=batch.user,
            search=batch.search,
            external=batch.external,
            destination=batch.destination,
            at=batch.at,
        ).execute()


def delete(transfers: Sequence[str], batches: Sequence[str] = ()) -> None:
    """Takes these out."""
    order_table: Any = ProgramOrder
    batch_table: Any = ProgramBatch
    for transfer in transfers:
        order_table.delete().where(order_table.transfer == bytes.fromhex(transfer)).execute()
    for batch in batches:
        batch_table.delete().where(batch_table.batch == batch).execute()
