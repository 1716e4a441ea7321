"""Every error habilis raises, in one tree.

    HabilisError
    ├── ConfigError            a setting is missing or makes no sense
    │   └── AuthorUnavailable  no author can work on this task (no key, no examples, no such model)
    ├── TaskError              a task cannot be read or started
    │   ├── TaskFileError      a line of a task file is malformed (path, line, column)
    │   └── InputFileError     an input file is missing, unreadable or too large
    ├── AuthorError            the model endpoint failed
    │   ├── EndpointUnreachable
    │   │   └── ReplyLost      a request was sent and may be paid, but its reply is lost
    │   ├── EndpointBusy       it limits the rate, or is overloaded; later it may answer
    │   ├── KeyRefused
    │   ├── ContextTooLong     the conversation is longer than the model's window
    │   └── ModelUnknown
    ├── LibraryError           the skill library cannot be used
    │   ├── NotALibrary        the folder holds something else
    │   ├── LibraryTooNew      a newer habilis wrote it
    │   ├── LibraryReadOnly
    │   ├── SkillNotFound      names the nearest skills
    │   ├── NameTaken          another agent has just kept a skill of this name
    │   └── EncoderError       the encoder is unknown or gives wrong vectors
    ├── SkillFailed            a skill called from the host raised, timed out or was killed
    ├── SandboxError           the worker itself failed, not the code in it
    ├── SessionError           a session cannot be started or resumed
    │   ├── SessionBusy        another process is at it (pid, host)
    │   ├── ClaimLost          another process has taken it over
    │   ├── EngineLost         the engine its tasks run on is unreachable, or went away
    │   └── BudgetSpent        what a session or a library may cost is used up
    └── LimitReached           raised only by `raise_on_limit=True`

Code that fails inside the sandbox is no exception here: it is an `Outcome`.
"""

from __future__ import annotations

from pathlib import Path


class HabilisError(Exception):
    """Anything habilis raises on purpose. Survives `pickle`, keeps its fields."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(
    cls: type[HabilisError], args: tuple[object, ...], fields: dict[str, object]
) -> HabilisError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(fields)
    return error


class ConfigError(HabilisError):
    """A setting is missing or makes no sense."""


class AuthorUnavailable(ConfigError):
    """No author can work on this task."""


class TaskError(HabilisError):
    """A task cannot be read or started."""


class TaskFileError(TaskError):
    """A line of a task file is malformed. Lines and columns count from 1.

    `column` is None where the whole line is meant, or nobody knows better.
    """

    def __init__(
        self, problem: str, *, path: Path | str, line: int, column: int | None = None
    ) -> None:
        where = f"line {line}" if column is None else f"line {line}, column {column}"
        super().__init__(f"{path}, {where}: {problem}")
        self.path, self.line, self.column, self.problem = str(path), line, column, problem


class InputFileError(TaskError):
    """An input file is missing, unreadable or too large."""


class AuthorError(HabilisError):
    """The model endpoint failed for good; retries are behind us."""


class EndpointUnreachable(AuthorError):
    """Nothing answers at the endpoint's address."""


class ReplyLost(EndpointUnreachable):
    """A request was sent and may have been paid, but no whole reply came back."""


class EndpointBusy(AuthorError):
    """The endpoint limits the rate or is overloaded; `retry_after_s` is its own wish, or None."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class KeyRefused(AuthorError):
    """The endpoint refuses the API key."""


class ContextTooLong(AuthorError):
    """The conversation is longer than the model's window."""


class ModelUnknown(AuthorError):
    """The endpoint does not serve this model."""


class LibraryError(HabilisError):
    """The skill library cannot be used."""


class NotALibrary(LibraryError):
    """The folder or file holds something else."""


class LibraryTooNew(LibraryError):
    """A newer habilis wrote this library."""


class LibraryReadOnly(LibraryError):
    """The library's folder cannot be written."""


class SkillNotFound(LibraryError):
    """No skill has this name; `nearest` are the names most like it."""

    def __init__(self, name: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f"; nearest is {', '.join(map(repr, nearest))}" if nearest else ""
        super().__init__(f"no skill named {name!r}{hint}; `habilis skills list` shows all")
        self.name, self.nearest = name, nearest


class NameTaken(LibraryError):
    """Another agent or process has just kept a skill of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"somebody else has just kept a skill named {name!r}; prove yours again")
        self.name = name


class EncoderError(LibraryError):
    """The encoder is unknown, or gives vectors of another size than it says."""


class SkillFailed(HabilisError):
    """A skill called from the host did not return; `kind` is the outcome's kind."""

    def __init__(self, name: str, kind: str, detail: str) -> None:
        super().__init__(f"skill {name!r} {kind}: {detail}")
        self.name, self.kind, self.detail = name, kind, detail


class SandboxError(HabilisError):
    """The worker itself failed, not the code in it."""


class SessionError(HabilisError):
    """A session cannot be started or resumed."""


class SessionBusy(SessionError):
    """Another process is at this session."""

    def __init__(self, what: str, *, pid: int, host: str) -> None:
        super().__init__(
            f"{what} is being run by process {pid} on {host}; let it finish, or end it "
            "(`habilis session stop`), then resume"
        )
        self.pid, self.host = pid, host


class ClaimLost(SessionError):
    """Another process has taken over; nothing more may be written here."""


class EngineLost(SessionError):
    """The engine that runs a session's tasks is unreachable, or went away."""


class BudgetSpent(SessionError):
    """The budget `scope` (a session, or the library) has no room; `limit` says for what."""

    def __init__(self, message: str, *, scope: str, limit: str) -> None:
        super().__init__(message)
        self.scope, self.limit = scope, limit


class LimitReached(HabilisError):
    """A budget ran out and `raise_on_limit=True` was asked for."""

    def __init__(self, limit: str, detail: str) -> None:
        super().__init__(f"{limit} ran out: {detail}")
        self.limit, self.detail = limit, detail
