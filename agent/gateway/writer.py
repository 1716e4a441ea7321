"""Writes of many calls at once: whatever waits is one transaction, one wait for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from habilis.errors import HabilisError
from habilis.memory.store import Connection, Store

T = TypeVar("T")
Work = Callable[[Connection], Any]


class Writer:
    """Runs pieces of work in the order they come, those that wait together in one commit.

    Lives in one event loop; `close` when it ends.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._write())

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` gave; by then it is on the disk.

        Raises:
            HabilisError: as `work` raises it; nothing of it is written.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        self._wake.set()
        return await done

    def close(self) -> None:
        self._task.cancel()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._commit, [work for work, _ in batch])
            except HabilisError as error:  # the disk is full, or the file is locked
                results = [error] * len(batch)
            for (_, done), result in zip(batch, results, strict=True):
                if done.cancelled():
                    continue
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)

    def _commit(self, batch: list[Work]) -> list[Any]:
        results: list[Any] = []
        with self._store.change() as connection:
            for work in batch:
                connection.execute("SAVEPOINT work")
                try:
                    results.append(work(connection))
                except (HabilisError, sqlite3.IntegrityError) as error:
                    connection.execute("ROLLBACK TO work")
                    results.append(error)
                connection.execute("RELEASE work")
        return results
