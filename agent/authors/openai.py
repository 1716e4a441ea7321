"""Any OpenAI-compatible endpoint as an author. The only file that knows the openai package.

Chat Completions and nothing of one provider alone. A client lives for one reply, so an
author serves any number of event loops; retries are the package's own, as Retry-After says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from habilis.agent.author import Reply, Request, Usage
from habilis.agent.authors.completion import Completion, Garbled, read_stream, read_whole, sendable
from habilis.agent.authors.elsewhere import author_again
from habilis.agent.authors.endpoint import check_address, check_key, public_part
from habilis.agent.authors.price import PUBLIC, price
from habilis.agent.authors.refusal import retry_after_s, unsent, words_of
from habilis.errors import (
    AuthorError,
    AuthorUnavailable,
    ContextTooLong,
    EndpointBusy,
    EndpointUnreachable,
    KeyRefused,
    ModelUnknown,
    ReplyLost,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_NO_KEY = "none"  # the package insists on a key, local servers have none


class OpenAIAuthor:
    """Asks the model `model` at `base_url` (else OPENAI_BASE_URL, else OpenAI).

    `api_key` defaults to OPENAI_API_KEY; an endpoint that is named may do without. A
    reply costs what the server says it used, at the public price of the model where it
    is known to `genai-prices`. `timeout_s` is how long the server may be silent, `reply_s`
    how long one reply may take with all its retries.

    Raises:
        ConfigError: the address or the key cannot be used.
        AuthorUnavailable: no key is set and no endpoint is named.
    """

    is_model = True  # it can be asked for test cases in words

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
        reply_s: float = 600.0,
    ) -> None:
        self.name = f"openai:{model}"
        self._model, self._stream, self._temperature = model, stream, temperature
        self._max_retries, self._timeout_s, self._reply_s = max_retries, timeout_s, reply_s
        named = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        self._base_url = check_address(named or PUBLIC)
        key = check_key((api_key or os.environ.get("OPENAI_API_KEY") or "").strip())
        self._key = key or (_NO_KEY if named else "")
        if not self._key:
            raise AuthorUnavailable(
                f"model {model!r} needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL to use "
                "another server (http://localhost:11434/v1, say)"
            )
        self._kept: list[AsyncOpenAI] | None = None  # clients that are not at work
        self._tls: ssl.SSLContext | None = None
        self._cap = "max_tokens"  # newer models of OpenAI know it as max_completion_tokens

    @classmethod
    def from_order(cls, order: dict[str, Any]) -> OpenAIAuthor:
        """Make an author again, for one event loop: it keeps its clients.

        It tries once: whoever made it says when to try again.
        """
        author = cls(**{**order, "max_retries": 0})
        author._kept = []
        return author

    def order(self) -> dict[str, Any]:
        """Return the arguments that make this author in another process, with its key."""
        return {
            "model": self._model,
            "base_url": self._base_url,
            "api_key": self._key,
            "stream": self._stream,
            "temperature": self._temperature,
            "max_retries": self._max_retries,
            "timeout_s": self._timeout_s,
            "reply_s": self._reply_s,
        }

    def __reduce__(self) -> tuple[object, ...]:
        """Return it without its key and its address's password: each machine has its own."""
        order = {k: v for k, v in self.order().items() if k not in ("api_key", "base_url")}
        needed = (self._key != _NO_KEY, self._base_url != public_part(self._base_url))
        return (author_again, (order, public_part(self._base_url), *needed))

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what so many tokens cost, None where the price is not known."""
        return price(self._model, input_tokens, output_tokens, base_url=self._base_url)

    def __repr__(self) -> str:
        return f"OpenAIAuthor({self._model!r}, base_url={public_part(self._base_url)!r})"

    async def reply(self, request: Request) -> Reply:
        """Return the model's reply to the messages, cut at a million characters.

        Raises:
            EndpointUnreachable: nothing answers there, also after the retries.
            KeyRefused: the endpoint refuses the key.
            ModelUnknown: the endpoint does not serve the model.
            ContextTooLong: the messages are longer than the model's window.
            ReplyLost: the answer is no completion, or is not complete in time.
            AuthorError: any other refusal.
        """
        import httpx  # noqa: F401 - openai 3.54 looks at a half-imported httpx, which another

        started = time.monotonic()
        messages = [{"role": m.role, "content": sendable(m.content)} for m in request.messages]
        options: dict[str, Any] = {"model": self._model, "messages": messages}
        if self._temperature is not None:
            options["temperature"] = self._temperature
        if request.most_output is not None:
            options[self._cap] = request.most_output
        if self._stream:
            options |= {"stream": True, "stream_options": {"include_usage": True}}
        async with self._lent() as client:
            read = await self._ask_in_time(client, options)
        text, notes = read.text, read.notes
        input_tokens, output_tokens = read.tokens(messages)
        usage = Usage(
            requests=1,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            usd=self.cost_usd(input_tokens, output_tokens),
            seconds=time.monotonic() - started,
        )
        if read.counts is None:
            notes["usage"] = "estimated: the server reported none that can be true"
        refused = str(notes.get("refusal", ""))
        gave_up = f"the model refused: {refused}" if refused and not text.strip() else ""
        return Reply(text=text, usage=usage, gave_up=gave_up, notes=notes)

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator[AsyncOpenAI]:
        """Give a client with a connection of its own.

        A pool looks at each of its connections for each request: with 64 of them that is a
        third of a call's processor time.
        """
        if self._kept is None:
            async with self._client() as client:
                yield client
            return
        client = self._kept.pop() if self._kept else self._client()
        try:
            yield client
        finally:
            self._kept.append(client)

    def _client(self) -> AsyncOpenAI:
        import httpx2
        import openai

        self._tls = self._tls or httpx2.create_ssl_context()  # takes 50 ms
        return openai.AsyncOpenAI(
            http_client=openai.DefaultAsyncHttpxClient(verify=self._tls),
            base_url=self._base_url,
            api_key=self._key,
            timeout=self._timeout_s,
            max_retries=self._max_retries,
        )

    async def _ask_in_time(self, client: AsyncOpenAI, options: dict[str, Any]) -> Completion:
        """Ask with a deadline over everything: waiting, retries, reading to the end."""
        import openai

        where = public_part(self._base_url)
        try:
            async with asyncio.timeout(self._reply_s):
                try:
                    return await self._ask(client, options)
                except openai.APIError as error:
                    raise await self._explain(client, error) from None
                except Garbled as error:
                    raise ReplyLost(
                        f"{where} sent no completion but {self._without_key(str(error))}; "
                        "does its address end in /v1?"
                    ) from None
        except TimeoutError:
            raise ReplyLost(
                f"{where} had not completed its reply after {self._reply_s:g} s"
            ) from None

    async def _ask(self, client: AsyncOpenAI, options: dict[str, Any]) -> Completion:
        import httpx2
        import openai

        for attempt in range(self._max_retries + 1):
            try:
                try:
                    read = await self._read_once(client, options)
                except openai.BadRequestError as error:
                    if not self._put_otherwise(options, str(error)):
                        raise
                    read = await self._read_once(client, options)
                if "unfinished" not in read.notes or attempt == self._max_retries:
                    return read
            except httpx2.RequestError:
                # it closed in the middle; what came so far is not used
                await asyncio.sleep(min(8.0, 0.1 * 2**attempt))
        raise ReplyLost(
            f"{public_part(self._base_url)} closed the connection or fell silent in the middle "
            f"of a reply, {self._max_retries + 1} times"
        )

    def _put_otherwise(self, options: dict[str, Any], said: str) -> bool:
        """Leave out or rename what some servers refuse; False when nothing is left to try."""
        newer = "max_completion_tokens"
        if "max_tokens" in options and newer in said:
            self._cap = newer
            options[newer] = options.pop("max_tokens")
            return True
        return options.pop("stream_options", None) is not None

    async def _read_once(self, client: AsyncOpenAI, options: dict[str, Any]) -> Completion:
        """Read the bytes here: the package's own reading trusts the server and has no limit.

        What goes as `extra_body` it sends as it is: walking messages for what is no JSON
        took it as long as all the rest.
        """
        create = client.chat.completions.with_streaming_response.create
        async with create(model=self._model, messages=(), extra_body=options) as response:
            kind = response.headers.get("content-type", "")
            if self._stream and not kind.startswith("application/json"):
                return await read_stream(response.iter_bytes())
            return await read_whole(response.iter_bytes())

    def _without_key(self, text: str) -> str:
        return text if self._key == _NO_KEY else text.replace(self._key, "…")

    async def _explain(self, client: AsyncOpenAI, error: Exception) -> AuthorError:
        """Turn the package's error into ours: what, where, what to do."""
        import openai

        where = public_part(self._base_url)
        said = self._without_key(words_of(error))
        match error:
            case openai.APITimeoutError():
                return ReplyLost(f"{where} did not answer within {self._timeout_s:g} s")
            case openai.APIConnectionError() if not unsent(error):
                return ReplyLost(f"{where} closed the connection before it answered")
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
                return ContextTooLong(
                    f"the conversation is too long for {self._model!r} ({said}); give less "
                    "input, fewer steps, or a model with a larger window"
                )
            case openai.RateLimitError(code="insufficient_quota"):  # no wait mends that
                return AuthorError(f"the quota at {where} is used up ({said}); add to it")
            case openai.RateLimitError() | openai.InternalServerError() | openai.ConflictError():
                is_limit = isinstance(error, openai.RateLimitError)
                how = "still limits the rate after retries" if is_limit else "is in trouble"
                wish_s = retry_after_s(error.response.headers)
                return EndpointBusy(f"{where} {how} ({said})", retry_after_s=wish_s)
        return AuthorError(f"{where} refused the request: {said}")

    async def _served(self, client: AsyncOpenAI) -> str:
        import openai

        try:
            page = await client.with_options(max_retries=0, timeout=5).models.list()
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            return ""  # a list that the package cannot read is no reason to fail
        models = page.data if isinstance(page.data, list) else []
        names = [str(model.id) for model in models if hasattr(model, "id")]
        return ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
