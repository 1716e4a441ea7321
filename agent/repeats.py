"""When a model goes round in circles: the same action again, whatever its comments say."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter


class Repeats:
    """Counts the actions of one task; memory stays small however long they are."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def count(self, action: str) -> int:
        """Return how often this action has come by now, this time included."""
        key = hashlib.sha256(_meaning(action).encode("utf-8", "replace")).digest()
        self._seen[key] += 1
        return self._seen[key]


def _meaning(action: str) -> str:
    """Return code without comments and layout; other text without the blanks around it."""
    try:
        return ast.unparse(ast.parse(action))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return action.strip()
