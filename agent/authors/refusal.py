"""What an endpoint says when it refuses: in words, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LONGEST_WISH_S: Final = 3600.0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the server wishes to be left alone, None where it says nothing."""
    for header, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(header, "")) * unit_s
        except ValueError:
            continue
        if 0 <= seconds <= _LONGEST_WISH_S:
            return seconds
    return None


def words_of(error: Exception) -> str:
    """Return the message in an error's body, on one line."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        text = inner.get("message") if isinstance(inner, dict) else inner
        if text:
            return " ".join(str(text).split())[:300]
    return " ".join(str(error).split())[:300]


def unsent(error: Exception) -> bool:
    """Tell whether no request left: there was no connection to send it over."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
