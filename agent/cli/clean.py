"""What others wrote, made fit for the screen: no control characters, no turned text.

Skills, models and endpoints write names, docstrings and messages. Printed as they are, they
could move the cursor, retitle the window, or show one thing and mean another (Boucher and
Anderson, Trojan Source, 2021).
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape

from habilis.agent.observe import one_line
from habilis.skills.compare import shorten


def clean(text: str, limit: int = 300) -> str:
    """Return the text as one plain line of rich markup, its middle cut if it is long."""
    return escape(one_line(text, limit))


def clean_values(values: Iterable[object], limit: int) -> str:
    """Return values as code writes them, as one line of rich markup: every space is there."""
    written = clean_lines(", ".join(map(repr, values)))
    return escape(shorten(written.replace("\n", "\\n").replace("\t", "\\t"), limit))


def clean_lines(text: str) -> str:
    """Return the text with its line breaks and tabs; what steers a terminal is written out."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
