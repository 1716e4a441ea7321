"""What a task's inputs have to be to become variables of a session."""

from __future__ import annotations

from habilis.errors import TaskError
from habilis.skills.sandbox.wire import Json, WireError, dumps, encode


def encode_input(name: str, value: object) -> Json:
    """Return the value as it crosses.

    Raises:
        TaskError: the name is no variable name, or the value is not plain data.
    """
    if not name.isidentifier() or name.startswith("__"):
        raise TaskError(f"input {name!r} is no variable name")
    try:
        text = dumps(value)
    except WireError as error:
        raise TaskError(f"input {name!r} cannot enter the sandbox: {error}") from None
    if '{"$":"opaque"' in text or '{"$":"function"' in text:
        raise TaskError(
            f"input {name!r} is or holds {type(value).__name__!r}, which cannot enter the "
            "sandbox; give plain data, or a function in `tools`"
        )
    return encode(value)
