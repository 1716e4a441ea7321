"""A loopback server of Chat Completions that takes its time, limits the rate and counts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

Write = Callable[[dict[str, Any]], str]


class ModelServer:
    """Answers with what `write` makes of a request's body, after `latency_s`.

    With `per_s`, more requests than that (over a bucket of as many) get 429 and a wish to
    come back in `retry_s`. `seen` counts what was answered by a hash of the messages, so an
    answer that was paid twice stands there twice; `paid_again` are the messages of those,
    `tokens` is what all answers cost.
    """

    def __init__(
        self,
        write: Write,
        *,
        latency_s: float = 0.0,
        per_s: float | None = None,
        retry_s: float = 1.0,
    ) -> None:
        self._write, self._latency_s, self._per_s, self._retry_s = write, latency_s, per_s, retry_s
        self.seen: Counter[str] = Counter()
        self.paid_again: list[str] = []
        self.requests = self.refused = self.tokens = 0
        self._bucket, self._filled_at = per_s or 0.0, time.monotonic()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def paid_twice(self) -> int:
        """Answers beyond the first to the same messages."""
        return len(self.paid_again)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower():
                length = int(head.partition("content-length:")[2].split("\r\n")[0])
                status, body = await self._answer(json.loads(await reader.readexactly(length)))
                wish = f"retry-after: {self._retry_s:g}\r\n" if status == 429 else ""
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{wish}"
                    f"content-length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.requests += 1
        if not self._allowed():
            self.refused += 1
            return 429, b'{"error": {"message": "slow down"}}'
        messages = json.dumps(request["messages"])
        key = hashlib.sha256(messages.encode()).hexdigest()
        if self.seen[key]:
            self.paid_again.append(messages)
        self.seen[key] += 1
        text = self._write(request)
        sent, written = len(messages) // 4, len(text) // 4
        self.tokens += sent + written
        await asyncio.sleep(self._latency_s)
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }
        usage = {"prompt_tokens": sent, "completion_tokens": written}
        return 200, json.dumps({"choices": [choice], "usage": usage}).encode()

    def _allowed(self) -> bool:
        if self._per_s is None:
            return True
        now = time.monotonic()
        filled = self._bucket + (now - self._filled_at) * self._per_s
        self._bucket, self._filled_at = min(self._per_s, filled), now
        if self._bucket < 1:
            return False
        self._bucket -= 1
        return True
