"""How deep a value can be changed: a number 0, a list of them 1, a list of lists 2.

What keeps state of its own (a queue, a generator, a closure, an array) has no depth.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

from habilis.skills.proof.names import last_of, path_of, stored

_FIXED = frozenset(
    "int float str bool bytes complex len abs round pow ord chr hex bin repr range slice object "
    "frozenset Decimal Fraction date datetime time timedelta timezone ZoneInfo namedtuple NewType "
    "TypeVar Struct itemgetter attrgetter PurePath PurePosixPath join upper lower strip format "
    "replace encode decode title capitalize".split()
)
_PURE = frozenset(
    "math cmath statistics typing fractions datetime enum zoneinfo re unicodedata".split()
)
_HOLD = frozenset(
    "list dict set sorted Counter OrderedDict deque fromkeys split splitlines maketrans "
    "copy items values keys".split()
)
_LAZY = frozenset("zip enumerate reversed map filter chain product permutations count".split())
_ONE_OF = frozenset({"min", "max", "sum", "tuple", "MappingProxyType"})
_CHANGEABLE = frozenset(
    "list dict set List Dict Set deque Counter defaultdict OrderedDict bytearray".split()
)
_STATEFUL = frozenset(
    "Iterator Iterable Generator Callable Queue Random ndarray DataFrame Series Any object".split()
)


def depth_of(
    value: ast.expr, known: Mapping[str, int], calls: Mapping[str, int], aliases: dict[str, str]
) -> int | None:
    """Return how deep a value can be changed, or None when it keeps state of its own.

    `known` has the depths of names, `calls` those of what functions and classes give.
    """
    return _Depths(known, calls, aliases).of(value)


def annotated_depth(annotation: ast.expr | None) -> int | None:
    """Return the depth of values of a type as it is written; without one, 1."""
    if annotation is None:
        return 1
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.Subscript):
        inner, outer = annotated_depth(annotation.slice), annotated_depth(annotation.value)
        if inner is None or outer is None:
            return None
        return inner + outer if last_of(annotation.value) in _CHANGEABLE else inner
    if isinstance(annotation, ast.Tuple | ast.BinOp):
        parts = [annotation.left, annotation.right] if isinstance(annotation, ast.BinOp) else None
        depths = [annotated_depth(each) for each in parts or getattr(annotation, "elts", [])]
        return None if None in depths else max([0, *(each or 0 for each in depths)])
    name = last_of(annotation)
    return None if name in _STATEFUL else int(name in _CHANGEABLE)


class _Depths:
    def __init__(
        self, known: Mapping[str, int], calls: Mapping[str, int], aliases: dict[str, str]
    ) -> None:
        self.known, self.calls, self.aliases = dict(known), calls, aliases

    def of(self, value: ast.expr, *, lazy: bool = False) -> int | None:
        """Return the depth; what is used up by reading has one only where `lazy`."""
        match value:
            case ast.Constant() | ast.Lambda():
                return 0
            case ast.Name(id=name):
                return self.known.get(name, 0 if hasattr(builtins, name) else None)
            case ast.Attribute():
                owner = self.of(value.value)
                return 0 if path_of(value, self.aliases) or owner == 0 else None
            case ast.Subscript():
                return _inside(self.of(value.value))
            case ast.Starred():
                return _inside(self.of(value.value, lazy=True))
            case ast.Tuple(elts=parts):
                depth = self.most(parts)
                return depth + 1 if depth else depth
            case ast.List() | ast.Set() | ast.Dict():
                return _around(self.most(_parts(value)))
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self._comprehension(value)
            case ast.GeneratorExp():
                return self._comprehension(value) if lazy else None
            case ast.Call():
                return self._call(value, lazy=lazy)
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                return None
        return self.most(_parts(value))

    def most(self, parts: list[ast.expr], *, lazy: bool = False) -> int | None:
        depths = [self.of(each, lazy=lazy) for each in parts]
        return None if None in depths else max([0, *(each or 0 for each in depths)])

    def _comprehension(
        self, value: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> int | None:
        for each in value.generators:
            depth = _inside(self.of(each.iter, lazy=True))
            if depth is None:
                return None
            self.known |= dict.fromkeys(stored(each.target), depth)
        elements = [value.value] if isinstance(value, ast.DictComp) else [value.elt]
        return _around(self.most(elements))

    def _call(self, call: ast.Call, *, lazy: bool) -> int | None:
        name, path = last_of(call.func), path_of(call.func, self.aliases)
        owner = [call.func.value] if isinstance(call.func, ast.Attribute) and not path else []
        parts = [*owner, *call.args, *(each.value for each in call.keywords)]
        given = self.most(parts, lazy=True)
        if isinstance(call.func, ast.Name) and name in self.calls:
            return None if given is None else max(self.calls[name], given)
        if name == "partial":
            return 0 if given == 0 else None
        if name in _FIXED or path.split(".")[0] in _PURE:
            return 0 if given is not None else None
        if name in _HOLD:
            return _around(_inside(given))
        if name in _ONE_OF or (lazy and name in _LAZY):
            return _inside(given) if name in _ONE_OF else given
        return None


def _parts(value: ast.expr) -> list[ast.expr]:
    return [each for each in ast.iter_child_nodes(value) if isinstance(each, ast.expr)]


def _inside(depth: int | None) -> int | None:
    return None if depth is None else max(0, depth - 1)


def _around(depth: int | None) -> int | None:
    return None if depth is None else depth + 1
