"""Files of JSON, one value a line: read a line at a time, whatever they hold."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from habilis.agent.json_text import JsonText
from habilis.errors import InputFileError, TaskFileError
from habilis.skills.compare import shorten

_LONGEST_LINE = 64 * 1024**2  # bytes


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with their numbers, from 1; of one that is too long only the beginning.

    Only a line feed ends a line: JSON text may hold U+2028 and its like as they are.

    Raises:
        InputFileError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                yield number, line
                while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    line = file.readline(_LONGEST_LINE)
    except OSError as error:
        raise InputFileError(f"cannot read {str(path)!r}: {error.strerror}") from None


def decoded(raw: bytes, path: Path, number: int) -> str:
    """Return a line as text, without its end or a byte-order mark (joined files have several).

    Raises:
        TaskFileError: it is too long, or not UTF-8.
    """
    if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
        size = f"{_LONGEST_LINE // 1024**2} MB"
        raise TaskFileError(
            f"the line is longer than {size}; put its data into a file and name it in 'files'",
            path=path,
            line=number,
        )
    try:
        return raw.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise TaskFileError(
            f"the line is not UTF-8 text ({error.reason})",
            path=path,
            line=number,
            column=len(raw[: error.start].decode("utf-8-sig")) + 1,
        ) from None


def parse_json(text: str, path: Path, line: int, *, finite: bool = False) -> Any:
    """Return the value that is written there.

    Python reads `NaN` and `Infinity`, which JSON does not have, and a number past the largest
    float as infinite. Rows of data may hold them; where all is to be `finite` they are refused.

    Raises:
        TaskFileError: it is no JSON, cannot be held, or says something twice.
    """
    source = JsonText(text=text, path=path, line=line)
    try:
        if not finite:
            return json.loads(text, object_pairs_hook=_object)
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_finite, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        what = f"this is no JSON ({error.msg.lower()})" if text.strip() else "nothing stands here"
        raise source.error_at(what, error.pos) from None
    except RecursionError:
        raise source.error("the JSON is nested too deeply") from None
    except _KeyTwice as error:
        what = f"the key {shorten(repr(error.args[0]), 80)} stands twice; keep one"
        raise source.error_at(what, source.second(error.args[0])) from None
    except _NoNumber as error:
        what = f"{shorten(error.args[0], 80)} is no finite number; write null or a text"
        raise source.error_at(what, source.first(error.args[0])) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise source.error("a number has too many digits; write it as a text") from None


class _KeyTwice(Exception):
    """An object has two values for one key: one of them would be lost."""


class _NoNumber(Exception):
    """What stands for a number is not finite."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise _KeyTwice(counts.most_common(1)[0][0])
    return row


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NoNumber(text)
    return number
