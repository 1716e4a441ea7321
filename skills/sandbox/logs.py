"""Stand-ins of `logging`: files lie in the workspace, and formats read no attributes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from habilis.skills.sandbox.files import Workspace

_BASIC = ("level", "format", "datefmt", "force", "handlers", "stream")


class Formatter(logging.Formatter):
    """`logging.Formatter` of the style "%": the others are format strings with paths."""

    def __init__(self, fmt: Any = None, datefmt: Any = None, style: str = "%", **_: Any) -> None:
        if style != "%":
            raise ValueError("only the style '%' is available in the sandbox")
        super().__init__(fmt, datefmt)


def logging_names(workspace: Workspace) -> Mapping[str, Any]:
    """Return the stand-ins."""

    class FileHandler(logging.StreamHandler[Any]):
        def __init__(self, filename: Any, mode: str = "a", encoding: str = "utf-8") -> None:
            super().__init__(workspace.open(filename, mode, encoding=encoding))

    def basic_config(**settings: Any) -> None:
        kept = {key: settings[key] for key in _BASIC if key in settings}
        if settings.get("style", "%") != "%":
            kept.pop("format", None)
        if "filename" in settings and "handlers" not in kept:
            mode = settings.get("filemode", "a")
            kept["handlers"] = [FileHandler(settings["filename"], mode)]
        if "handlers" not in kept:
            kept.setdefault("stream", sys.stdout)
        logging.basicConfig(**kept)

    return {"Formatter": Formatter, "FileHandler": FileHandler, "basicConfig": basic_config}
