"""What a session and its gateway say to each other: one line of JSON each way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from habilis import __version__, errors
from habilis.agent.author import Message, Reply
from habilis.agent.sessions.paying import reply_from, reply_text
from habilis.errors import HabilisError, SessionError
from habilis.memory.journal_claims import Claim
from habilis.memory.step import Place
from habilis.memory.usage import Usage

LIMIT_BYTES: Final = 256 * 2**20  # of one line


@dataclass(frozen=True, kw_only=True)
class Call:
    """One paid call. `author` are the arguments that make the author, its key among them.

    Nothing of `author` is ever written to the journal or to a log.
    """

    place: Place
    name: str
    author: Mapping[str, Any]
    messages: Sequence[Message]
    most_output: int | None
    most: Usage

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.place.claim.session, self.place.claim.task, self.place.number)

    def __repr__(self) -> str:
        return f"Call({self.key}, {self.name!r})"

    def to_line(self) -> bytes:
        row = {"version": __version__, **asdict(self)}
        return json.dumps(row).encode() + b"\n"


class OtherVersion(Exception):
    """The other side is another habilis."""


def read_call(line: bytes) -> Call:
    """Read a call.

    Raises:
        OtherVersion: another habilis has sent it.
        ValueError: it is none.
    """
    row = json.loads(line)
    if row.pop("version", "") != __version__:
        raise OtherVersion
    place = row["place"]
    return Call(
        place=Place(**{**place, "claim": Claim(**place["claim"])}),
        name=row["name"],
        author=row["author"],
        messages=[Message(**message) for message in row["messages"]],
        most_output=row["most_output"],
        most=Usage(**row["most"]),
    )


def reply_line(reply: Reply) -> bytes:
    """Write an answer."""
    row = {"reply": reply_text(reply), "cost": asdict(reply.usage)}
    return json.dumps(row).encode() + b"\n"


def error_line(error: HabilisError) -> bytes:
    """Write an error that the session is to see as it is."""
    row = {"error": type(error).__name__, "args": error.args, "fields": vars(error)}
    return json.dumps(row, default=str).encode() + b"\n"


def read_answer(line: bytes) -> Reply:
    """Return the reply that was sent.

    Raises:
        HabilisError: that was sent instead.
        OtherVersion: the gateway is another habilis, and ends.
    """
    row = json.loads(line)
    if "reply" in row:
        return reply_from(row["reply"], Usage(**row["cost"]))
    if "version" in row:
        raise OtherVersion
    kind = getattr(errors, row["error"], SessionError)
    if not (isinstance(kind, type) and issubclass(kind, HabilisError)):
        kind = SessionError
    error = kind.__new__(kind)
    error.args = tuple(row["args"])
    error.__dict__.update(row["fields"])
    raise error
