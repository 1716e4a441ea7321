"""Which store an address leads to; the only place that chooses."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from habilis.errors import ConfigError
from habilis.memory.address import Address
from habilis.memory.sqlite import SqliteStore
from habilis.memory.store import Store


def open_store(
    where: str | Path | Address,
    *,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Store:
    """Open the store of a library; one that is not there is made, unless `read_only`.

    Raises:
        NotALibrary: the folder, the file or the schema holds something else.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: there is no library and none can be made here.
        LibraryError: its server does not answer.
    """
    address = Address.of(where)
    if not address.on_server:
        return SqliteStore(address, read_only=read_only, clock=clock)
    try:
        from habilis.memory.postgres import PostgresStore
    except ImportError as error:
        if not (error.name or "").startswith("psycopg"):
            raise
        raise ConfigError(
            "a library in Postgres needs psycopg: `pip install 'habilis[postgres]'`"
        ) from None
    return PostgresStore(address, read_only=read_only, clock=clock)
