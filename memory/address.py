"""Where a library is kept: in a folder, or in a Postgres database named by its URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from habilis.errors import ConfigError

HOW: Final = "write postgresql://USER@HOST:PORT/DATABASE"
WHERE_PASSWORDS_GO: Final = "a password goes into PGPASSWORD or ~/.pgpass"
_SERVER = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_FLATTENED = re.compile(r"postgres(ql)?:/", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_LOGIN = re.compile(r"(://[^:@/?]*):.*@", re.DOTALL)
_PARAMETER = re.compile(r"([?&][^&=]*pass(?:word|phrase)[^&=]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Address:
    """A folder or a URL. Printed, it shows no password; `given` has it and is for connecting only.

    Raises:
        ConfigError: it can be neither.
    """

    given: str

    def __post_init__(self) -> None:
        if self.on_server:
            self._check_url()
        elif _FLATTENED.match(self.given):
            raise ConfigError(f"a Path turns // into /: give the URL of a library as text, {HOW}")
        elif scheme := _SCHEME.match(self.given):
            raise ConfigError(f"no library can be kept at {scheme[0]}: name a folder, or {HOW}")

    @classmethod
    def of(cls, where: str | Path | Address) -> Self:
        """Return the address that is meant."""
        return cls(where.given if isinstance(where, Address) else str(where))

    @property
    def on_server(self) -> bool:
        """Whether it names a database on a server."""
        return bool(_SERVER.match(self.given))

    @property
    def may_hold(self) -> bool:
        """Whether a library can be there: a server knows when it is asked."""
        return self.on_server or Path(self.given).exists()

    @property
    def without_password(self) -> str:
        """What may be sent to another machine, which has its own way to log in."""
        if not self.on_server:
            return str(Path(self.given).absolute())
        return _PARAMETER.sub("", _LOGIN.sub(r"\1@", self.given))

    def __str__(self) -> str:
        if not self.on_server:
            return self.given
        return _PARAMETER.sub(r"\1***", _LOGIN.sub(r"\1:***@", self.given))

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def _check_url(self) -> None:
        """A password with characters of its own in a URL would be read as host or port."""
        try:
            parts = urlsplit(self.given)
        except ValueError:
            raise ConfigError(f"the URL of the library cannot be read; {HOW}") from None
        if "@" in parts.path + parts.query or "#" in self.given:
            raise ConfigError(
                "the URL of the library cannot be read: in a user name or a password, @ / ? and # "
                f"are written %40 %2F %3F and %23; better, {WHERE_PASSWORDS_GO}"
            )
