"""The address and the key of an endpoint: checked before use, shown without secrets."""

from __future__ import annotations

from urllib.parse import urlsplit

from habilis.errors import ConfigError

_EXAMPLE = "write OPENAI_BASE_URL like http://localhost:11434/v1"


def check_address(url: str) -> str:
    """Return `url` if a request can be sent there.

    Raises:
        ConfigError: scheme, host or port cannot be; says what to mend, shows no password.
    """
    shown = url.rpartition("@")[2].partition("?")[0]
    if not url.isprintable() or " " in url:
        raise ConfigError(f"the address {shown!r} holds blanks or unprintable characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(f"the address {shown!r} is malformed; {_EXAMPLE}") from None
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"the address {shown!r} lacks http:// or https://; {_EXAMPLE}")
    try:
        _ = parts.port
    except ValueError:
        raise ConfigError(
            f"the address {shown!r} has a port that is no number from 0 to 65535; {_EXAMPLE}"
        ) from None
    try:
        host = (parts.hostname or "").encode("idna")
    except UnicodeError:
        host = b""
    if not host:
        raise ConfigError(f"the address {shown!r} names no host; {_EXAMPLE}")
    return url


def check_key(key: str) -> str:
    """Return `key` if a header can carry it.

    Raises:
        ConfigError: it cannot; the key is not shown.
    """
    odd = next((c for c in key if not (c.isascii() and c.isprintable())), "")
    if odd:
        place = key.index(odd) + 1
        raise ConfigError(
            f"the API key has {odd!a} as its character {place}, which no request can carry: "
            "copy it again, and check OPENAI_API_KEY"
        )
    return key


def public_part(url: str) -> str:
    """Return an address without user name, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
