"""A session's side of the gateway."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from habilis.agent.author import Author, Reply, Request
from habilis.agent.gateway.start import socket_path, start_gateway
from habilis.agent.gateway.wire import LIMIT_BYTES, Call, OtherVersion, read_answer
from habilis.agent.sessions.paying import Payer
from habilis.errors import SessionError
from habilis.memory.journal import Journal
from habilis.memory.step import Place, StepRow
from habilis.memory.store import Store
from habilis.memory.usage import Usage

_TRIES = 6  # a gateway that ends just now, one of another version, one that is killed
_AGAIN_S = 0.05  # doubles with every try


@runtime_checkable
class Orderable(Protocol):
    """An author that another process can make again."""

    def order(self) -> Mapping[str, Any]:
        """Return the arguments that make it, its key among them."""
        ...


class PayThroughGateway:
    """Hands calls to the library's gateway, and starts one where there is none."""

    def __init__(self, store: Store, journal: Journal, *, otherwise: Payer) -> None:
        self._folder, self._address = store.folder, store.address
        self._journal, self._otherwise = journal, otherwise

    def joins(self, step: StepRow) -> bool:
        return self._journal.claims.lives(step.process)

    async def pay(self, place: Place, author: Author, request: Request, *, most: Usage) -> Reply:
        if not isinstance(author, Orderable):
            return await self._otherwise.pay(place, author, request, most=most)
        call = Call(
            place=place,
            name=author.name,
            author=author.order(),
            messages=request.messages,
            most_output=request.most_output,
            most=most,
        )
        line, problem = call.to_line(), ""
        for left in reversed(range(_TRIES)):
            try:
                return await self._exchange(line)
            except (OSError, OtherVersion, asyncio.IncompleteReadError) as error:
                problem = str(error) or type(error).__name__
            if left:
                problem = await self._start() or problem
                await asyncio.sleep(_AGAIN_S * 2 ** (_TRIES - 1 - left))
        raise SessionError(
            f"the gateway of {str(self._folder)!r} does not answer ({problem}); its last words "
            f"are in {str(self._folder / 'gateway.log')!r}"
        )

    async def _exchange(self, line: bytes) -> Reply:
        with socket_path(self._folder) as path:
            reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT_BYTES)
        try:
            writer.write(line)
            await writer.drain()
            answer = await reader.readline()
        finally:
            writer.close()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("it ended in the middle of a call")
        return read_answer(answer)

    async def _start(self) -> str:
        try:
            await asyncio.to_thread(start_gateway, self._folder, self._address)
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        return ""
