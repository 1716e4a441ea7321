"""Getting into a Postgres server, and what of it stays on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import psycopg

from habilis.errors import ConfigError, LibraryError, LibraryReadOnly
from habilis.memory.address import HOW, WHERE_PASSWORDS_GO, Address
from habilis.memory.shim import NumberLoader, PostgresRow, rows_by_name

_SCHEMA: Final = re.compile(r"(?<=[?&])schema=([^&]*)&?")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_WISHES: Final = {  # a server that is gone is noticed; what the URL says goes first
    "application_name": "habilis",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_LOST: Final = ("08", "57P", "25P03")  # connection, shutdown, idle in a transaction


@dataclass(frozen=True)
class Login:
    """What psycopg is given. `shown` is the URL without its password."""

    parameters: dict[str, Any]
    schema: str
    shown: str

    def __repr__(self) -> str:
        return f"Login({self.shown!r})"

    def hidden(self, text: str) -> str:
        """Return a message without the password, should it be in there."""
        for key in ("password", "sslpassword"):
            if secret := str(self.parameters.get(key) or ""):
                text = text.replace(secret, "***")
        return text


def login_of(address: Address) -> Login:
    """Read a URL. It is libpq's, and `schema=NAME` (habilis) may be among its parameters.

    Raises:
        ConfigError: libpq does not understand it.
    """
    url, schema = address.given, "habilis"
    if found := _SCHEMA.search(url):
        schema = unquote(found[1])
        url = (url[: found.start()] + url[found.end() :]).rstrip("?&")
    if not _NAME.fullmatch(schema):
        raise ConfigError(f"schema={schema!r}: write small letters, digits and _")
    try:
        parameters = {**_WISHES, **psycopg.conninfo.conninfo_to_dict(url)}
    except psycopg.Error:  # its message may hold parts of a password
        raise ConfigError(
            f"the URL {str(address)!r} cannot be read; {HOW}; {WHERE_PASSWORDS_GO}"
        ) from None
    return Login(
        parameters={**parameters, "client_encoding": "UTF8"}, schema=schema, shown=str(address)
    )


def connect(login: Login, *, patience_s: float = 0.0) -> psycopg.Connection[PostgresRow]:
    """Connect, trying for `patience_s` where the server does not answer.

    Raises:
        LibraryError: it does not, or it does not let us in, or cannot hold every text.
    """
    give_up_at, pause_s = time.monotonic() + patience_s, 0.05
    while True:
        try:
            raw = psycopg.connect(
                **login.parameters,
                autocommit=True,
                prepare_threshold=None,  # poolers and migrations do not go with prepared ones
                row_factory=rows_by_name,
            )
            break
        except psycopg.Error as error:
            if time.monotonic() + pause_s > give_up_at:
                raise _unreachable(login, error) from None
        time.sleep(pause_s)
        pause_s = min(1.0, 2 * pause_s)
    raw.adapters.register_loader("numeric", NumberLoader)
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raw.close()
        raise LibraryError(
            f"the database {login.shown!r} has the encoding {encoding}, which cannot hold every "
            "text; make one with `createdb --encoding=UTF8 --template=template0 NAME`"
        )
    return raw


def is_lost(raw: psycopg.Connection[PostgresRow] | None, error: psycopg.Error) -> bool:
    """Tell whether an error means that the connection is gone."""
    return raw is None or raw.closed or (error.sqlstate or "").startswith(_LOST)


def state_folder(address: Address, library: str) -> Path:
    """Return the folder of this machine for what is derived from a library on a server.

    It belongs to the URL without its password and to the library's own number: neither
    another database nor another library in the same one ever finds it.

    Raises:
        LibraryReadOnly: it cannot be made.
    """
    states = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    shown = str(address)
    name = re.sub(r"\W+", "-", urlsplit(shown).path).strip("-") or "default"
    digest = hashlib.sha256(f"{shown} {library}".encode()).hexdigest()[:12]
    folder = Path(states) / "habilis" / f"{name}-{digest}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryReadOnly(
            f"the folder {str(folder)!r} for what is derived from {shown!r} cannot be made "
            f"({error.strerror}); name another place with XDG_STATE_HOME"
        ) from None
    return folder


def _unreachable(login: Login, error: psycopg.Error) -> LibraryError:
    text = login.hidden(" ".join(str(error).split()))
    return LibraryError(
        f"the library {login.shown!r} cannot be reached: {text}; see that the server runs there "
        f"and knows user and database, {WHERE_PASSWORDS_GO}"
    )
