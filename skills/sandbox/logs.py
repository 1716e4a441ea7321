"""Stand-ins of `logging`: files lie in the workspace, and formats read no attributes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from habilis.skills.sandbox.attributes import SafeFormatter
from habilis.skills.sandbox.files import Workspace
from habilis.skills.sandbox.formats import reads_nothing

_BASIC = ("level", "format", "datefmt", "force", "handlers", "stream", "style")


class SafeStyle(logging.StrFormatStyle):
    """The style "{" of log formats: a format string that reads attributes by the rules."""

    def validate(self) -> None:
        if not reads_nothing(self._fmt):
            raise ValueError("a log format cannot read attributes or items")
        super().validate()

    def _format(self, record: logging.LogRecord) -> str:
        return SafeFormatter().vformat(self._fmt, (), vars(record))


def logging_names(workspace: Workspace) -> Mapping[str, Any]:
    """Return the stand-ins. The style is put in for good: subclasses reach the library's own."""
    styles: Any = logging._STYLES
    styles["{"] = (SafeStyle, styles["{"][1])

    class FileHandler(logging.StreamHandler[Any]):
        def __init__(self, filename: Any, mode: str = "a", encoding: str = "utf-8") -> None:
            super().__init__(workspace.open(filename, mode, encoding=encoding))

    def basic_config(**settings: Any) -> None:
        kept = {key: settings[key] for key in _BASIC if key in settings}
        if "filename" in settings and "handlers" not in kept:
            mode = settings.get("filemode", "a")
            kept["handlers"] = [FileHandler(settings["filename"], mode)]
        if "handlers" not in kept:
            kept.setdefault("stream", sys.stdout)
        logging.basicConfig(**kept)

    return {"FileHandler": FileHandler, "basicConfig": basic_config}
