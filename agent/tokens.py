"""How many tokens a text may take, and how many a model takes at once, with no tokenizer."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

from habilis.agent.author import Message
from habilis.errors import ConfigError

UNKNOWN_WINDOW: Final = 32_768  # of a model that nobody has listed
_LEAST: Final = 2_000
_KEPT_CHARS: Final = 20_000  # longer texts are counted anew rather than kept
_PER_MESSAGE: Final = 8  # role and separators
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASCII: Final = bytes(range(128))
_VARIABLE: Final = "HABILIS_CONTEXT_TOKENS"


def estimate(text: str) -> int:
    """Return a count that the tokenizers in use seldom exceed, at most two or three times theirs.

    Three letters a token, four blanks, every digit one (several models read digits singly),
    every other sign one; two bytes of what is not ASCII.
    """
    return _counted(text) if len(text) > _KEPT_CHARS else _remembered(text)


def _counted(text: str) -> int:
    data = text.encode("utf-8", "replace")
    no_letters = data.translate(None, _LETTERS)
    no_blanks = no_letters.translate(None, b" ")
    others = len(no_blanks.translate(None, _ASCII))
    letters, blanks = len(data) - len(no_letters), len(no_letters) - len(no_blanks)
    signs = len(no_blanks) - others
    return (letters + 2) // 3 + (blanks + 3) // 4 + signs + (others + 1) // 2


_remembered = lru_cache(maxsize=2_048)(_counted)


def size_of(messages: Iterable[Message]) -> int:
    """Return the estimated tokens of a conversation."""
    return sum(estimate(message.content) + _PER_MESSAGE for message in messages)


def window_of(author: str, context_tokens: int | None = None) -> int | None:
    """Return the tokens an author of this name takes at once; None is no limit.

    `context_tokens` decides, else HABILIS_CONTEXT_TOKENS, else what `genai-prices` knows of
    the model, else 32,768. Authors that are no models have no window of their own.

    Raises:
        ConfigError: the setting is no whole number from 2,000 on.
    """
    given: object = context_tokens
    if given is None and os.environ.get(_VARIABLE):
        text = os.environ[_VARIABLE].replace("_", "").strip()
        given = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else text
    if given is not None:
        if not isinstance(given, int) or isinstance(given, bool) or given < _LEAST:
            raise ConfigError(
                f"context_tokens={given!r} makes no sense: give the tokens the model takes at "
                f"once, {_LEAST:,} or more (also as {_VARIABLE})"
            )
        return given
    provider, _, model = author.partition(":")
    return _known(model) or UNKNOWN_WINDOW if provider == "openai" and model else None


@cache
def _known(model: str) -> int | None:
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, None, None)
    except LookupError:
        return None
    return found.context_window
