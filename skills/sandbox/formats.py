"""Text formatting: a format string reads attributes, so it has to ask the guard that code asks."""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
import re
import string
from collections.abc import Callable
from typing import Any

Read = Callable[[Any, str], Any]
_FIELD_WITH_PATH = re.compile(r"\{[^{}:!]*[.\[]")


def reads_nothing(text: str) -> bool:
    """Tell whether the format string reads nothing but its arguments: no dot, no bracket."""
    return not _FIELD_WITH_PATH.search(text)


def formatter_that_reads(read: Read) -> type[string.Formatter]:
    """Return a `string.Formatter` whose field names reach attributes by `read` only.

    It does not inherit the library's: `super()` would lead to what reads unguarded.
    """

    def get_field(self: Any, field_name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        first, rest = _string.formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = read(value, key) if is_attribute else value[key]
        return value, first

    plain = {key: value for key, value in vars(string.Formatter).items() if callable(value)}
    return type("Formatter", (), {**plain, "get_field": get_field, "__module__": "string"})


def safe_format(value: Any, name: str, formatter: type[string.Formatter]) -> Any:
    """Return what `value.format` or `value.format_map` is; None when it is no text's."""
    if isinstance(value, super):
        value = getattr(value, "__self__", value)
    if isinstance(value, type) and issubclass(value, str):
        if name == "format":
            return lambda text, *args, **kwargs: _format(text, args, kwargs, formatter)
        return lambda text, mapping: _format(text, (), mapping, formatter)
    if not isinstance(value, str):
        return None
    if name == "format":
        return lambda *args, **kwargs: _format(value, args, kwargs, formatter)
    return lambda mapping: _format(value, (), mapping, formatter)


def _format(text: str, args: Any, mapping: Any, formatter: type[string.Formatter]) -> str:
    if type(text) is str and type(mapping) is dict and reads_nothing(text):
        return text.format(*args, **mapping)
    return formatter().vformat(text, args, mapping)
