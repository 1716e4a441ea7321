"""A real HTTP server that speaks Chat Completions, with scripted replies and faults.

with ChatServer(replies=["hello", Fault(status=429), "again"]) as server:
    author = OpenAIAuthor("any", base_url=server.url)
    ...
    server.requests[0]["messages"]
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Self

_RETRY_AT_ONCE = {"retry-after-ms": "1"}  # the client takes a Retry-After of 0 for none


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Fail one request: with an HTTP status, or by dropping the connection.

    A stream is dropped after its first words, any other answer before it begins.
    `retry_after` is what the server wishes, else it wishes to be asked again at once.
    """

    status: int = 500
    message: str = "scripted fault"
    code: str | None = None
    drop: bool = False
    retry_after: str = ""


@dataclass(frozen=True, kw_only=True)
class Say:
    """A reply with all its fields, where a plain string does not do.

    `finish` None ends a stream without a word about its end; `body` is sent instead
    of a completion, `pieces` one after the other, without end if they have none.
    """

    content: Any = ""
    finish: str | None = "stop"
    reasoning: str = ""
    refusal: str | None = None
    body: str = ""
    pieces: Iterable[str] = ()


_OVER = Fault(status=400, message="the script is over")
Answer = str | Say | Fault
Script = Iterable[Answer] | Callable[[dict[str, Any]], Answer]


class ChatServer:
    """Serves `replies` in order, or what a function makes of each request's body, on port 0.

    `requests` are the bodies of the chat requests, `keys` their Authorization headers, in
    the order of arrival. A fault at the end of the script lasts.
    `models` are what GET /models lists; any model is served.
    """

    def __init__(
        self,
        replies: Script = (),
        *,
        with_usage: bool = True,
        refuse_stream_options: bool = False,
        models: Sequence[str] = ("small", "large"),
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.models, self.with_usage = models, with_usage
        self.refuse_stream_options = refuse_stream_options
        self._write = replies if callable(replies) else None
        self._script: Iterator[Answer] = iter(()) if callable(replies) else iter(replies)
        self._last: Fault = _OVER
        self._lock = threading.Lock()
        chat = self

        class Handler(_Handler):
            server_of = chat

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving: a later request finds nothing at the address."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, body: dict[str, Any], key: str) -> Answer:
        """Take one chat request and return what to send."""
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            if self.refuse_stream_options and "stream_options" in body:
                return Fault(status=400, message="unknown field: stream_options")
            if self._write is not None:
                return self._write(body)
            answer = next(self._script, self._last)
            self._last = answer if isinstance(answer, Fault) else _OVER
            return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: ChatServer

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._send({"error": {"message": "not found"}}, status=404)
            return
        data = [{"id": name, "object": "model", "created": 0} for name in self.server_of.models]
        self._send({"object": "list", "data": data})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v1/chat/completions":
            self._send({"detail": "Not Found"}, status=404)
            return
        answer = self.server_of.answer(body, self.headers.get("authorization", ""))
        if isinstance(answer, Fault) and answer.drop:
            self._drop(streamed=bool(body.get("stream")))
        elif isinstance(answer, Fault):
            error = {"message": answer.message, "type": "error", "code": answer.code}
            wish = {"retry-after": answer.retry_after} if answer.retry_after else _RETRY_AT_ONCE
            self._send({"error": error}, status=answer.status, headers=wish)
        else:
            say = answer if isinstance(answer, Say) else Say(content=answer)
            if say.pieces:
                self._send_pieces(say.pieces, streamed=bool(body.get("stream")))
            elif say.body:
                self._send(say.body)
            elif body.get("stream"):
                self._stream(body, say)
            else:
                self._complete(body, say)

    def _drop(self, *, streamed: bool) -> None:
        self.close_connection = True
        if streamed:
            self._begin_stream()
            self._chunk({"delta": {"role": "assistant", "content": "The first wo"}})

    def _send_pieces(self, pieces: Iterable[str], *, streamed: bool) -> None:
        self._begin_stream("text/event-stream" if streamed else "application/json")
        try:
            for piece in pieces:
                self._write(piece)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client has had enough
            self.close_connection = True

    def _complete(self, body: dict[str, Any], say: Say) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": say.content}
        message |= {"reasoning_content": say.reasoning} if say.reasoning else {}
        message |= {"refusal": say.refusal} if say.refusal else {}
        choice = {"index": 0, "message": message, "finish_reason": say.finish}
        completion = {**_frame("chat.completion"), "choices": [choice]}
        if self.server_of.with_usage:
            completion["usage"] = _usage(body, say)
        self._send(completion)

    def _stream(self, body: dict[str, Any], say: Say) -> None:
        self._begin_stream()
        self._chunk({"delta": {"role": "assistant", "content": None}})
        if say.reasoning:
            self._chunk({"delta": {"reasoning_content": say.reasoning}})
        text = say.content or ""
        for start in range(0, len(text), 7):
            self._chunk({"delta": {"content": text[start : start + 7]}})
        if say.finish is not None:
            self._chunk({"delta": {}, "finish_reason": say.finish})
            if self.server_of.with_usage and "stream_options" in body:
                usage = {"choices": [], "usage": _usage(body, say)}
                self._event({**_frame("chat.completion.chunk"), **usage})
            self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _begin_stream(self, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, choice: dict[str, Any]) -> None:
        choice = {"index": 0, "finish_reason": None, **choice}
        self._event({**_frame("chat.completion.chunk"), "choices": [choice]})

    def _event(self, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self._write(f"data: {text}\n\n")

    def _write(self, text: str) -> None:
        chunk = text.encode()
        self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    def _send(
        self, body: object, *, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _frame(kind: str) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 0, "model": "served"}


def _usage(body: dict[str, Any], say: Say) -> dict[str, int]:
    """Count a token for every four characters."""
    sent = sum(len(str(message["content"])) for message in body["messages"]) // 4
    written = len(str(say.content or "")) // 4
    return {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written}
