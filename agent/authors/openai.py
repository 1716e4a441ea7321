"""Any OpenAI-compatible endpoint as an author. The only file that knows the openai package.

Chat Completions and nothing of one provider alone. A client lives for one reply, so an
author serves any number of event loops; retries are the package's own and honour
Retry-After.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from habilis.agent.author import Reply, Request, Usage
from habilis.errors import (
    AuthorError,
    AuthorUnavailable,
    EndpointUnreachable,
    KeyRefused,
    ModelUnknown,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_PUBLIC = "https://api.openai.com/v1"
_NO_KEY = "none"  # the package insists on a key, local servers have none
_CHARS_PER_TOKEN = 4  # an estimate, used only where a server reports no usage


class OpenAIAuthor:
    """Asks the model `model` at `base_url` (else OPENAI_BASE_URL, else OpenAI).

    `api_key` defaults to OPENAI_API_KEY; an endpoint that is named may do without. A
    reply costs what the server says it used, at the public price of the model where it
    is known to `genai-prices`.

    Raises:
        AuthorUnavailable: no key is set and no endpoint is named.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        stream: bool = False,
        temperature: float | None = None,
        max_retries: int = 4,
        timeout_s: float = 120.0,
    ) -> None:
        self.name = f"openai:{model}"
        self._model, self._stream, self._temperature = model, stream, temperature
        self._max_retries, self._timeout_s = max_retries, timeout_s
        named = base_url or os.environ.get("OPENAI_BASE_URL")
        self._base_url = named or _PUBLIC
        self._key = api_key or os.environ.get("OPENAI_API_KEY") or (_NO_KEY if named else "")
        if not self._key:
            raise AuthorUnavailable(
                f"model {model!r} needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL to use "
                "another server (http://localhost:11434/v1, say)"
            )

    def __repr__(self) -> str:
        return f"OpenAIAuthor({self._model!r}, base_url={_public_part(self._base_url)!r})"

    async def reply(self, request: Request) -> Reply:
        """Return the model's reply to the messages.

        Raises:
            EndpointUnreachable: nothing answers there, also after the retries.
            KeyRefused: the endpoint refuses the key.
            ModelUnknown: the endpoint does not serve the model.
            AuthorError: any other refusal, named by the endpoint's own words.
        """
        import httpx  # noqa: F401 - openai 3.54 looks at a half-imported httpx, which another
        import openai  # thread (chromadb's) may be importing; waiting for it here is the cure

        started = time.monotonic()
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        client = openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._key,
            timeout=self._timeout_s,
            max_retries=self._max_retries,
        )
        async with client:
            try:
                text, counts, notes = await self._ask(client, messages)
            except openai.APIError as error:
                raise await self._explain(client, error) from None
            except ValueError:
                where = _public_part(self._base_url)
                raise AuthorError(f"{where} answers, but not in JSON; is it /v1?") from None
        usage = self._usage(messages, text, counts, seconds=time.monotonic() - started)
        if counts is None:
            notes["usage"] = "estimated: the server reported none"
        refused = str(notes.get("refusal", ""))
        gave_up = f"the model refused: {refused}" if refused and not text.strip() else ""
        return Reply(text=text, usage=usage, gave_up=gave_up, notes=notes)

    async def _ask(
        self, client: AsyncOpenAI, messages: list[dict[str, str]]
    ) -> tuple[str, tuple[int, int] | None, dict[str, object]]:
        import httpx2
        import openai

        options: dict[str, Any] = {"model": self._model, "messages": messages}
        if self._temperature is not None:
            options["temperature"] = self._temperature
        if not self._stream:
            return _read_whole(await client.chat.completions.create(**options))
        options |= {"stream": True, "stream_options": {"include_usage": True}}
        for attempt in range(self._max_retries + 1):
            stream = await self._open_stream(client, options)
            try:
                read = await _read_stream(stream)
                if "unfinished" not in read[2] or attempt == self._max_retries:
                    return read
            except (httpx2.TransportError, openai.APIConnectionError):
                # it closed in the middle; what came so far is not used
                await asyncio.sleep(min(8.0, 0.1 * 2**attempt))
        raise EndpointUnreachable(
            f"{_public_part(self._base_url)} closed the connection in the middle of a reply, "
            f"{self._max_retries + 1} times"
        )

    async def _open_stream(self, client: AsyncOpenAI, options: dict[str, Any]) -> Any:
        import openai

        try:
            return await client.chat.completions.create(**options)
        except openai.BadRequestError:
            if options.pop("stream_options", None) is None:
                raise
        return await client.chat.completions.create(**options)

    def _usage(
        self,
        messages: list[dict[str, str]],
        text: str,
        counts: tuple[int, int] | None,
        *,
        seconds: float,
    ) -> Usage:
        sent = sum(len(message["content"]) for message in messages)
        estimate = (sent // _CHARS_PER_TOKEN + 1, len(text) // _CHARS_PER_TOKEN + 1)
        input_tokens, output_tokens = counts or estimate
        return Usage(
            requests=1,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            usd=price(self._model, input_tokens, output_tokens, base_url=self._base_url),
            seconds=seconds,
        )

    async def _explain(self, client: AsyncOpenAI, error: Exception) -> AuthorError:
        """Turn the package's error into ours: what, where, what to do."""
        import openai

        where = _public_part(self._base_url)
        said = _words_of(error)
        if self._key != _NO_KEY:
            said = said.replace(self._key, "…")
        match error:
            case openai.APITimeoutError():
                return AuthorError(f"{where} did not answer within {self._timeout_s:g} s")
            case openai.APIConnectionError():
                return EndpointUnreachable(
                    f"nothing answers at {where}; is the server running, and OPENAI_BASE_URL right?"
                )
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return KeyRefused(f"{where} refuses the key ({said}); check OPENAI_API_KEY")
            case openai.NotFoundError():
                served = await self._served(client)
                hint = f"it serves {served}" if served else "does its address end in /v1?"
                return ModelUnknown(f"{where} knows no model {self._model!r} ({said}); {hint}")
            case openai.BadRequestError() if "context" in said.lower():
                return AuthorError(
                    f"the conversation is too long for {self._model!r} ({said}); give less "
                    "input, fewer steps, or a model with a larger window"
                )
            case openai.RateLimitError():
                return AuthorError(f"{where} still limits the rate after retries ({said})")
        return AuthorError(f"{where} refused the request: {said}")

    async def _served(self, client: AsyncOpenAI) -> str:
        import openai

        try:
            page = await client.with_options(max_retries=0, timeout=5).models.list()
        except openai.OpenAIError:
            return ""
        names = [model.id for model in page.data or []]
        return ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")


def _read_whole(
    completion: Any,
) -> tuple[str, tuple[int, int] | None, dict[str, object]]:
    choices = getattr(completion, "choices", None)
    if not choices:
        raise AuthorError(f"the endpoint gave no choices: {str(completion)[:200]}")
    message, notes = choices[0].message, dict[str, object]()
    text = _plain(message.content) or _plain(getattr(message, "reasoning_content", None))
    if getattr(message, "refusal", None):
        notes["refusal"] = message.refusal
    if choices[0].finish_reason == "length":
        notes["cut"] = "the reply reached the model's length limit"
    usage = getattr(completion, "usage", None)
    return text, _counts(usage), notes


async def _read_stream(
    stream: Any,
) -> tuple[str, tuple[int, int] | None, dict[str, object]]:
    parts, thoughts, usage, notes = [], [], None, dict[str, object]()
    finished = False
    async for chunk in stream:
        usage = getattr(chunk, "usage", None) or usage
        for choice in chunk.choices or []:
            if choice.delta is not None:
                parts.append(_plain(choice.delta.content))
                thoughts.append(_plain(getattr(choice.delta, "reasoning_content", None)))
                if getattr(choice.delta, "refusal", None):
                    notes["refusal"] = f"{notes.get('refusal', '')}{choice.delta.refusal}"
            finished = finished or bool(choice.finish_reason)
            if choice.finish_reason == "length":
                notes["cut"] = "the reply reached the model's length limit"
    if not finished:
        notes["unfinished"] = "the stream ended without saying that it is complete"
    return "".join(parts) or "".join(thoughts), _counts(usage), notes


def _plain(content: Any) -> str:
    """Return a message's text; some servers send a list of parts, or nothing."""
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _counts(usage: Any) -> tuple[int, int] | None:
    if usage is None or usage.prompt_tokens is None:
        return None
    return int(usage.prompt_tokens), int(usage.completion_tokens or 0)


def price(model: str, input_tokens: int, output_tokens: int, *, base_url: str) -> float | None:
    """Return the public price in US dollars, None where it is not known.

    A server of your own has no public price, whatever its models are called.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    where = None if base_url == _PUBLIC else base_url
    try:
        tokens = Tokens(input_tokens=input_tokens, output_tokens=output_tokens)
        return float(calc_price(tokens, model_ref=model, provider_api_url=where).total_price)
    except LookupError:
        return None


def _words_of(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        text = inner.get("message") if isinstance(inner, dict) else inner
        if text:
            return " ".join(str(text).split())[:300]
    return " ".join(str(error).split())[:300]


def _public_part(url: str) -> str:
    """Return an address without user name, password and query."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
