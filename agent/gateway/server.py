"""The gateway: takes calls from sessions, makes each once, records it, hands it over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from habilis.agent.author import Author, Purpose, Reply, Request
from habilis.agent.gateway.pace import LONGEST_HOLD_S, Pace
from habilis.agent.gateway.start import SOCKET
from habilis.agent.gateway.wire import (
    LIMIT_BYTES,
    Call,
    OtherVersion,
    error_line,
    read_call,
    reply_line,
)
from habilis.agent.gateway.writer import Writer
from habilis.agent.sessions.paying import SETTLING_S, reply_from, settled
from habilis.agent.task import Task
from habilis.errors import AuthorError, EndpointBusy, HabilisError, LibraryError, ReplyLost
from habilis.memory.address import Address
from habilis.memory.journal import Journal
from habilis.memory.journal_steps import begin_reply, end_reply, leave_reply, reply_at
from habilis.memory.opening import open_store
from habilis.memory.step import StepRow, StepState
from habilis.memory.store import Connection

MakeAuthor = Callable[[dict[str, Any]], Author]
Key = tuple[str, str, int]  # where a call stands: session, task, number
_LOOK_S = 1.0
_TASK = Task("a paid call")  # a model reads the messages; what the task was does not matter


class Gateway:
    """Serves one library's socket until nobody has asked for `idle_s` seconds.

    A call that the session asks for again, because it was killed, is joined, or answered
    from the journal. Calls go on when the session that asked is gone; where that asks for
    something else when it is back, the first answer is only counted.
    """

    def __init__(self, address: Address, *, idle_s: float, make_author: MakeAuthor) -> None:
        self._idle_s, self._make_author = idle_s, make_author
        self._store = open_store(address)
        self._journal = Journal(self._store)
        self._flights: set[asyncio.Task[Reply]] = set()
        self._last: dict[Key, tuple[str, asyncio.Task[Reply]]] = {}  # asked at each place, and what
        self._paces: dict[str, Pace] = {}
        self._authors: dict[str, Author] = {}
        self._owed: dict[int, dict[str, Any]] = {}  # how steps ended that there was no room for
        self._guests = 0
        self._ending = asyncio.Event()
        self._token = ""
        self._writer: Writer

    async def serve(self, listening: socket.socket) -> None:
        """Answer until it is time to end."""
        self._writer = Writer(self._store)
        self._token = self._journal.claims.join()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        server = await asyncio.start_unix_server(self._greet, sock=listening, limit=LIMIT_BYTES)
        async with server:
            await self._until_idle()
            server.close()
        await asyncio.gather(*self._flights, return_exceptions=True)
        self._writer.close()
        self._store.close()

    async def _until_idle(self) -> None:
        """Return when nobody has asked for a while, or the library is gone."""
        idle_since = asyncio.get_running_loop().time()
        ours = self._socket()
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), min(_LOOK_S, self._idle_s))
            with contextlib.suppress(LibraryError):
                await self._catch_up()
            now = asyncio.get_running_loop().time()
            if self._guests or self._flights or self._owed:
                idle_since = now
            gone = ours is None or self._socket() != ours or self._store.gone
            if now - idle_since >= self._idle_s or gone:
                break
        if ours is not None and self._socket() == ours:
            (self._store.folder / SOCKET).unlink()

    def _socket(self) -> tuple[int, int] | None:
        """Tell one file at the socket's place from another: a new library may be there by now."""
        with contextlib.suppress(OSError):
            found = (self._store.folder / SOCKET).stat()
            return found.st_ino, found.st_mtime_ns
        return None

    # one guest ---------------------------------------------------------------

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._guests += 1
        try:
            if _uid(writer.get_extra_info("socket")) == os.getuid():
                line = await reader.readline()
                if line:
                    writer.write(await self._answer(line))
                    await writer.drain()
        except OSError:  # the session was killed: its answer waits in the journal
            pass
        finally:
            self._guests -= 1
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        try:
            call = read_call(line)
        except OtherVersion:
            self._ending.set()
            return b'{"version": "another"}\n'
        try:
            return reply_line(await asyncio.shield(self._flight(call)))
        except HabilisError as error:
            return error_line(error)

    def _flight(self, call: Call) -> asyncio.Task[Reply]:
        """Return the call under way that asks the same; another one at its place is left alone."""
        request, flight = self._last.get(call.key, ("", None))
        if flight is None or request != call.place.request:
            flight = asyncio.create_task(self._make(call))
            self._flights.add(flight)
            self._last[call.key] = call.place.request, flight
            flight.add_done_callback(partial(self._land, call.key))
        return flight

    def _land(self, key: Key, flight: asyncio.Task[Reply]) -> None:
        self._flights.discard(flight)
        if self._is_last(key, flight):
            del self._last[key]

    def _is_last(self, key: Key, flight: asyncio.Task[Any] | None) -> bool:
        return key in self._last and self._last[key][1] is flight

    # one call ----------------------------------------------------------------

    async def _make(self, call: Call) -> Reply:
        """Return the recorded reply, or make the call, again where nothing was paid for it."""
        await self._catch_up()
        author, pace = self._author(call), self._pace(call)
        tries = int(call.author.get("max_retries", 0)) + 1
        for left in reversed(range(tries)):
            try:
                reply = await self._once(call, author, pace)
                pace.answered()
                return reply
            except EndpointBusy as error:
                pace.refused(error.retry_after_s)
                wish_s = error.retry_after_s or 0
                if not left or wish_s > LONGEST_HOLD_S or pace.refusals >= tries:
                    raise  # no hiccup: the session waits, and says so
            except ReplyLost:
                if not left:
                    raise
        raise AuthorError("the call was not made")

    async def _once(self, call: Call, author: Author, pace: Pace) -> Reply:
        await pace.turn()
        step = await self._begun(call)
        if isinstance(step, StepRow):
            return reply_from(step.content, step.cost)
        request = Request(
            purpose=Purpose.ACT,
            task=_TASK,
            messages=call.messages,
            most_output=call.most_output,
        )
        end = partial(self._end, step)
        return await settled(end, lambda: author.reply(request), most=call.most)

    async def _begun(self, call: Call) -> int | StepRow:
        """Return the number of the step that has begun, or the step if it was done before.

        A call that another machine's gateway makes is awaited: it has its claim from before,
        so nobody begins it again while that gateway's heart beats.
        """

        def begin(connection: Connection) -> int | StepRow | None:
            known = reply_at(connection, call.key)
            if known is not None and known.request != call.place.request:
                leave_reply(connection, known)
                known = None
            if known is not None and known.state is StepState.DONE:
                return known
            elsewhere = known is not None and known.process != self._token
            if known is not None and elsewhere and self._journal.claims.lives(known.process):
                return None
            if known is not None:  # by a gateway that is gone
                leave_reply(connection, known)
            return begin_reply(
                connection,
                call.place,
                author=call.name,
                process=self._token,
                most=call.most,
                at=self._store.clock(),
            )

        while self._is_last(call.key, asyncio.current_task()):
            step = await self._writer.do(begin)
            if step is not None:
                return step
            await asyncio.sleep(SETTLING_S)
        raise AuthorError("something else is asked in the place of this call")

    async def _end(self, step: int, **ended: Any) -> None:
        """Record how a call ended; where the disk is full, keep it until there is room."""
        try:
            await self._writer.do(lambda connection: end_reply(connection, step, **ended))
        except LibraryError:
            self._owed[step] = ended
            raise
        self._owed.pop(step, None)

    async def _catch_up(self) -> None:
        """Record what there was no room for.

        Raises:
            LibraryError: there still is none.
        """
        for step, ended in list(self._owed.items()):
            await self._end(step, **ended)

    def _author(self, call: Call) -> Author:
        key = repr(sorted(call.author.items()))
        if key not in self._authors:
            self._authors[key] = self._make_author(dict(call.author))
        return self._authors[key]

    def _pace(self, call: Call) -> Pace:
        where = f"{call.author.get('base_url')} {call.author.get('model')}"
        return self._paces.setdefault(where, Pace())


def _uid(connection: socket.socket) -> int:
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", credentials)[1])
