"""Is code found in what models really wrote, and none made up?

Data: `replies.jsonl`, one object per line with `reply` and `code` (the regions that
compile, empty where there are none). The peer is a strict parser, as agents of the
CodeAct kind release: a fence or an execute tag that is well-formed, or nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Report, Row
from habilis.agent.parse import parse_reply

_QUICK_ROWS = 200
_FENCE: Final = re.compile(r"^```python\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_TAG: Final = re.compile(r"<execute>(.*?)</execute>", re.DOTALL)
_HOW: Final = "not measured: give --data FOLDER with a replies.jsonl"


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the share in which code was found, the share of it that is the labelled code
    (labels come from a script: where code stands after an invented output they hold it, and
    we leave it out), and the share without code that gave none."""
    replies = _load(data, quick=quick)
    labelled = [row for row in replies if row["code"]]
    with_code = [str(row["reply"]) for row in labelled]
    without = [str(row["reply"]) for row in replies if not row["code"]]
    return Report(
        benchmark="replies",
        rows=[
            _row("code found where there is some", with_code, expected=True),
            _agreement(labelled),
            _row("none made up where there is none", without, expected=False),
        ],
    )


def strict_finds(reply: str) -> bool:
    """Tell whether the strict parser takes a reply: one block, marked and closed as asked."""
    if reply.count("<execute>") != reply.count("</execute>"):
        return False
    return len(_TAG.findall(reply)) == 1 or len(_FENCE.findall(reply)) == 1


def _finds(reply: str) -> bool:
    parsed = parse_reply(reply)
    return bool(parsed.code or parsed.solution)


def _agreement(labelled: list[dict[str, Any]]) -> Row:
    return Row(
        name="the labelled code is in it, or all of it is labelled",
        ours=100 * sum(map(_agrees, labelled)) / len(labelled) if labelled else None,
        peer=None,
        unit="%",
        n=len(labelled),
        note="" if labelled else _HOW,
    )


def _agrees(row: dict[str, Any]) -> bool:
    parsed = parse_reply(str(row["reply"]))
    ours = _plain("\n".join([*parsed.code, parsed.solution or ""]))
    labels = _plain("\n".join(row["code"]))
    return bool(ours) and (ours in labels or any(_plain(code) in ours for code in row["code"]))


def _plain(code: str) -> str:
    return "".join(code.split())


def _row(name: str, replies: list[str], *, expected: bool) -> Row:
    def share(finds: Callable[[str], bool]) -> float | None:
        right = sum(finds(reply) is expected for reply in replies)
        return 100 * right / len(replies) if replies else None

    return Row(
        name=name,
        ours=share(_finds),
        peer=share(strict_finds),
        goal=">= 98",
        unit="%",
        n=len(replies),
        goal_is_about="ours",
        note="" if replies else _HOW,
    )


def _load(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    places = (folder / "replies.jsonl", folder / "mint" / "replies.jsonl")
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return rows[:_QUICK_ROWS] if quick else rows
