"""What a chat endpoint sends, read with suspicion: text, token counts and notes.

Servers that call themselves compatible send null, numbers and lists where the protocol
has objects. Whatever it is, a reader here returns a `Completion` or raises `Garbled`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from habilis.agent.observe import one_line

MOST_CHARS = 1_000_000  # of one reply; more is cut
_MOST_BYTES = 32 * 1024 * 1024  # of one body, or of one line of a stream
_MOST_TOKENS = 10**9  # no server counts more in one request: the number is made up
_SHOWN_CHARS = 200
_CHARS_PER_TOKEN = 4  # an estimate, used only where a server reports no usage


class Garbled(Exception):
    """The endpoint sent no completion; the message says what is wrong and how it begins."""


@dataclass
class Completion:
    """What is read so far of one reply. `finished` when the server said it is complete."""

    parts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refusal: str = ""
    counts: tuple[int, int] | None = None
    notes: dict[str, object] = field(default_factory=dict)
    finished: bool = False
    size: int = 0  # characters

    @property
    def text(self) -> str:
        """The reply; a server that files all of it under reasoning is read there."""
        text = "".join(self.parts) or "".join(self.thoughts)
        return text[:MOST_CHARS].encode("utf-8", "replace").decode()  # a lone surrogate is a "?"

    @property
    def full(self) -> bool:
        return self.size > MOST_CHARS

    def tokens(self, sent: Sequence[Mapping[str, str]]) -> tuple[int, int]:
        """Return what these messages and this reply took; an estimate where nobody counted."""
        characters = sum(len(message["content"]) for message in sent)
        estimate = (characters // _CHARS_PER_TOKEN + 1, len(self.text) // _CHARS_PER_TOKEN + 1)
        return self.counts or estimate

    def add(self, data: dict[str, Any], *, key: str) -> None:
        """Take the choices of one body; `key` is "message" or, in a stream, "delta"."""
        choices = data.get("choices")
        if not isinstance(choices, list | None) or not all(
            isinstance(choice, dict) for choice in choices or ()
        ):
            raise Garbled(f"choices that are no list of objects: {_start_of(data)}")
        for choice in choices or ():
            said = choice.get(key)
            if isinstance(said, dict):
                self._hear(said)
            elif said is not None or key == "message":
                raise Garbled(f"a {key} that is no object: {_start_of(data)}")
            self.finished = self.finished or bool(choice.get("finish_reason"))
            if choice.get("finish_reason") == "length":
                self.notes["cut"] = "the reply reached the model's length limit"
        self.counts = _counts(data.get("usage")) or self.counts

    def _hear(self, said: dict[str, Any]) -> None:
        for kept, text in (
            (self.parts, _plain(said.get("content"))),
            (self.thoughts, _plain(said.get("reasoning_content"))),
        ):
            if text:
                kept.append(text)
                self.size += len(text)
        refusal = _plain(said.get("refusal"))
        self.size += len(refusal)
        if len(self.refusal) < _SHOWN_CHARS:
            self.refusal += refusal[:_SHOWN_CHARS]

    def close(self) -> Completion:
        """Add the notes that only the end can tell."""
        if self.refusal:
            self.notes["refusal"] = self.refusal
        if self.full:
            self.notes["cut"] = f"the reply was cut at {MOST_CHARS:,} characters"
        elif not self.finished:
            self.notes["unfinished"] = "the stream ended without saying that it is complete"
        return self


def sendable(text: str) -> str:
    """Return the text without lone surrogates, which no request can carry."""
    return text.encode("utf-8", "replace").decode()


async def read_whole(body: AsyncIterator[bytes]) -> Completion:
    """Read a reply that comes in one piece.

    Raises:
        Garbled: it is no completion, or has no end in sight.
    """
    received = bytearray()
    async for chunk in body:
        received += chunk
        _check_size(received)
    data = _object(bytes(received))
    if not data.get("choices"):
        raise Garbled(f"no choices: {_start_of(data)}")
    completion = Completion(finished=True)
    completion.add(data, key="message")
    return completion.close()


async def read_stream(body: AsyncIterator[bytes]) -> Completion:
    """Read a reply that comes as server-sent events, up to its end or the size limit.

    Raises:
        Garbled: an event is no part of a completion, or a line has no end in sight.
    """
    completion = Completion()
    async for line in _lines(body):
        if not line.startswith(b"data:"):
            continue  # comments keep the connection alive; names and ids say nothing here
        text = line.removeprefix(b"data:").strip()
        if text.startswith(b"[DONE]"):
            break
        if text:
            completion.add(_object(text), key="delta")
        if completion.full:
            break
    return completion.close()


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    pending = bytearray()
    async for chunk in body:
        pending += chunk
        if b"\n" in chunk or b"\r" in chunk:
            *lines, rest = bytes(pending).replace(b"\r", b"\n").split(b"\n")
            pending = bytearray(rest)
            for line in lines:
                yield line
        _check_size(pending)
    yield bytes(pending)


def _check_size(received: bytearray) -> None:
    if len(received) > _MOST_BYTES:
        start = _start_of(bytes(received[:_SHOWN_CHARS]))
        raise Garbled(f"more than {_MOST_BYTES:,} bytes in one piece: {start}")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, a number of 5,000 digits
        raise Garbled(f"not in JSON: {_start_of(raw)}") from None
    if not isinstance(data, dict):
        raise Garbled(f"no object: {_start_of(raw)}")
    if data.get("error"):
        raise Garbled(f"an error: {_start_of(data['error'])}")
    return data


def _start_of(data: object) -> str:
    if isinstance(data, bytes):
        text = data[: 2 * _SHOWN_CHARS].decode("utf-8", "replace")
    else:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return one_line(text[:_SHOWN_CHARS], _SHOWN_CHARS) or "nothing"


def _plain(content: object) -> str:
    """Return a message's text; some servers send a list of parts, or nothing."""
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _counts(usage: object) -> tuple[int, int] | None:
    """Return input and output tokens, None unless both can be true."""
    if not isinstance(usage, dict):
        return None
    numbers = [
        int(number)
        for number in (usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if isinstance(number, int | float)
        and not isinstance(number, bool)
        and 0 <= number <= _MOST_TOKENS
    ]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None
