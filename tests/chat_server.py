"""A real HTTP server that speaks Chat Completions, with scripted replies and faults.

with ChatServer(replies=["hello", Fault(429), "again"]) as server:
    OpenAIAuthor("any", base_url=server.url)
    server.requests[0]["messages"]
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Fault:
    """Answer one request with an HTTP error. `headers` may hold a Retry-After."""

    status: int
    message: str = "scripted fault"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"retry-after-ms": "1"})


@dataclass(frozen=True)
class Drop:
    """Close the connection: at once, or after some of a stream's words."""

    after: str = ""


@dataclass(frozen=True)
class Say:
    """A reply with all its fields, where a plain string does not do."""

    content: Any = ""
    finish: str | None = "stop"
    usage: bool = True
    reasoning: str = ""
    refusal: str | None = None
    raw: str = ""  # sent as the whole body instead of a completion


Answer = str | Say | Fault | Drop
Script = Iterable[Answer] | Callable[[dict[str, Any]], Answer]


class ChatServer:
    """Serves `replies` in order (or what a function makes of each request's body), on port 0.

    `requests` are the bodies of the chat requests, `headers` their headers, in order of
    arrival. `models` are listed by GET /models; a model that is not among them is a 404.
    None means: any model is served and none is listed. `key` is the only key accepted.
    """

    def __init__(
        self,
        replies: Script = (),
        *,
        models: list[str] | None = None,
        key: str = "",
        usage: bool = True,
        refuse_stream_options: bool = False,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.models, self.key, self.usage = models, key, usage
        self.refuse_stream_options = refuse_stream_options
        self._write = replies if callable(replies) else None
        self._script: Iterator[Answer] = iter(()) if callable(replies) else iter(replies)
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.chat = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; a later request finds nothing at the address."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def answer(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        """Take one chat request and return what to send."""
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            if self.key and headers.get("authorization") != f"Bearer {self.key}":
                sent = headers.get("authorization", "").removeprefix("Bearer ")
                return Fault(401, f"Incorrect API key provided: {sent}.", "invalid_api_key")
            if self.models is not None and body["model"] not in self.models:
                return Fault(404, f"The model {body['model']!r} does not exist", "model_not_found")
            if self.refuse_stream_options and "stream_options" in body:
                return Fault(400, "unknown field: stream_options")
            if self._write is not None:
                return self._write(body)
            return next(self._script, Fault(400, "the script of this server is over"))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""

    @property
    def chat(self) -> ChatServer:
        chat: ChatServer = self.server.chat  # type: ignore[attr-defined]
        return chat

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        if self.path == "/v1/models" and self.chat.models is not None:
            data = [{"id": name, "object": "model", "created": 0} for name in self.chat.models]
            self._send({"object": "list", "data": data})
        else:
            self._send({"error": {"message": "not found"}}, status=404)

    def do_POST(self) -> None:  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v1/chat/completions":
            self._send({"detail": "Not Found"}, status=404)
            return
        answer = self.chat.answer(body, {k.lower(): v for k, v in self.headers.items()})
        if isinstance(answer, Fault):
            error = {"message": answer.message, "type": "error", "code": answer.code}
            self._send({"error": error}, status=answer.status, headers=answer.headers)
        elif isinstance(answer, Drop):
            self.close_connection = True
            if answer.after:
                self._begin_stream()
                self._chunk({"delta": {"role": "assistant", "content": answer.after}})
        elif body.get("stream"):
            self._stream(body, answer if isinstance(answer, Say) else Say(answer))
        else:
            self._complete(body, answer if isinstance(answer, Say) else Say(answer))

    def _complete(self, body: dict[str, Any], say: Say) -> None:
        if say.raw:
            self._send(say.raw)
            return
        message: dict[str, Any] = {"role": "assistant", "content": say.content}
        message |= {"reasoning_content": say.reasoning} if say.reasoning else {}
        message |= {"refusal": say.refusal} if say.refusal else {}
        completion = {
            **_frame(body, "chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": say.finish}],
        }
        if say.usage and self.chat.usage:
            completion["usage"] = _usage(body, say)
        self._send(completion)

    def _stream(self, body: dict[str, Any], say: Say) -> None:
        self._begin_stream()
        self._chunk({"delta": {"role": "assistant", "content": ""}})
        if say.reasoning:
            self._chunk({"delta": {"reasoning_content": say.reasoning}})
        text = say.content or ""
        for start in range(0, len(text), 7):
            self._chunk({"delta": {"content": text[start : start + 7]}})
        self._chunk({"delta": {}, "finish_reason": say.finish})
        if say.usage and self.chat.usage and "stream_options" in body:
            self._event(
                {**_frame(body, "chat.completion.chunk"), "choices": [], "usage": _usage(body, say)}
            )
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, choice: dict[str, Any]) -> None:
        choice = {"index": 0, "finish_reason": None, **choice}
        self._event({**_frame({}, "chat.completion.chunk"), "choices": [choice]})

    def _event(self, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        event = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def _send(self, body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 0, "model": body.get("model", "")}


def _usage(body: dict[str, Any], say: Say) -> dict[str, int]:
    """Count a token for each word, so that tests can tell it from an estimate."""
    sent = sum(len(str(message["content"]).split()) for message in body["messages"])
    written = len(str(say.content or "").split())
    return {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written}
