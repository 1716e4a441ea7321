"""What an endpoint says when it refuses: in words, and for how long."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the server wishes to be left alone, None where it says nothing.

    However long: whoever waits has a patience of its own. A date is read by the server's
    clock where it tells the time.
    """
    for header, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = headers.get(header, "")
        try:
            seconds = float(said) * unit_s
        except ValueError:
            seconds = _moment(said) - _moment(headers.get("date", ""), otherwise=time.time())
        if 0 <= seconds < math.inf:
            return seconds
    return None


def _moment(said: str, *, otherwise: float = math.nan) -> float:
    """Read a date of HTTP (RFC 9110, 5.6.7), in seconds since 1970."""
    try:
        moment = parsedate_to_datetime(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return otherwise


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
