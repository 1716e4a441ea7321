"""The skill graph: who calls whom, drawn in columns from what is called to what calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from habilis.agent.report.facts import SkillFacts
from habilis.agent.report.words import line, plural

MOST_NODES = 48
_NODE_WIDTH, _NODE_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 160, 26, 56, 9, 4
_NAME_CHARS = 22


@dataclass(frozen=True, kw_only=True)
class Node:
    x: float
    y: float
    text: str
    title: str
    kind: str  # "new" when the session made it


@dataclass(frozen=True, kw_only=True)
class Edge:
    path: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes and edges in the units of `width` and `height`; `left_out` were too many to draw."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int
    alone: tuple[str, ...]  # made here, call none and are called by none
    left_out: int

    node_width: int = _NODE_WIDTH
    node_height: int = _NODE_HEIGHT


def skill_graph(skills: Sequence[SkillFacts]) -> Graph:
    """Lay out the skills that call or are called, the most connected ones if there are many."""
    known = {skill.name: skill for skill in skills}
    calls = {s.name: tuple(n for n in s.requires if n in known and n != s.name) for s in skills}
    callers = {name: sum(name in called for called in calls.values()) for name in known}
    linked = [n for n in known if calls[n] or callers[n]]
    chosen = sorted(linked, key=lambda n: (-callers[n] - len(calls[n]), n))[:MOST_NODES]
    calls = {n: tuple(c for c in calls[n] if c in chosen) for n in linked if n in chosen}
    columns = _columns(calls)
    places = _places(columns)
    return Graph(
        nodes=tuple(_node(known[name], x, y) for name, (x, y) in places.items()),
        edges=tuple(_edge(a, b, places) for a, called in calls.items() for b in called),
        width=2 * _MARGIN + len(columns) * (_NODE_WIDTH + _GAP_X) - _GAP_X,
        height=2 * _MARGIN + max(map(len, columns), default=0) * (_NODE_HEIGHT + _GAP_Y) - _GAP_Y,
        alone=tuple(s.name for s in skills if s.name not in linked and s.made_here),
        left_out=len(linked) - len(chosen),
    )


def _columns(calls: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return names by depth: what calls nothing first; each near what it calls."""
    depth: dict[str, int] = {}
    for _ in range(len(calls) + 1):  # pinned versions can form a ring by name; it then stops
        for name, called in calls.items():
            depth[name] = min(1 + max((depth.get(c, 0) for c in called), default=-1), 11)
    columns: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name in sorted(calls):
        columns[depth[name]].append(name)
    row = {name: float(i) for column in columns for i, name in enumerate(column)}
    for column in columns[1:]:
        column.sort(key=lambda n: (sum(row[c] for c in calls[n]) / max(1, len(calls[n])), n))
        row |= {name: float(i) for i, name in enumerate(column)}
    return columns


def _places(columns: Sequence[Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Return the upper left corners; shorter columns stand in the middle."""
    rows = max(map(len, columns), default=0)
    return {
        name: (
            _MARGIN + x * (_NODE_WIDTH + _GAP_X),
            _MARGIN + (y + (rows - len(column)) / 2) * (_NODE_HEIGHT + _GAP_Y),
        )
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }


def _node(skill: SkillFacts, x: float, y: float) -> Node:
    origin = "made in this session" if skill.made_here else "there before"
    used = plural(skill.used_by, "task")
    return Node(
        x=x,
        y=y,
        text=line(skill.name, 400) if len(skill.name) <= _NAME_CHARS else _cut(skill.name),
        title=f"{line(skill.name, 80)}: {line(skill.description)} ({origin}; called in {used})",
        kind="new" if skill.made_here else "old",
    )


def _cut(name: str) -> str:
    return f"{line(name[: _NAME_CHARS - 1], 80)}…"


def _edge(caller: str, called: str, places: Mapping[str, tuple[float, float]]) -> Edge:
    (to_x, to_y), (from_x, from_y) = places[called], places[caller]
    start, end = to_x + _NODE_WIDTH, from_x
    y1, y2 = to_y + _NODE_HEIGHT / 2, from_y + _NODE_HEIGHT / 2
    bend = max(24.0, (end - start) / 2)
    return Edge(
        path=f"M{end:g} {y2:g}C{end - bend:g} {y2:g} {start + bend:g} {y1:g} {start:g} {y1:g}",
        title=f"{line(caller, 80)} calls {line(called, 80)}",
    )
