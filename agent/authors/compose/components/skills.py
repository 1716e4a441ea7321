"""Saved skills as components. They are untrusted: their values come from the jail, in batches."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from habilis.agent.author import CallSkill
from habilis.agent.authors.compose.terms import ERROR, Component, Values
from habilis.agent.authors.compose.types import Type, freeze, item_type, thaw, type_of
from habilis.skills.skill import Skill

_COSTS = (3, 2, 1)  # of a skill that shares no, one, more words with the task
_COMMON = frozenset("from give list name with that this each such turn make into show".split())
_BASIC = {"str", "int", "float", "bool", "dict"}


def components(skill: Skill, *, task: str) -> list[Component]:
    """Return a skill as a component, and mapped over a list when it takes one value.

    There is none when its parameters are of types we do not know. A skill that shares
    words with the task is cheap: it is reached deep inside compositions.
    """
    found = signature_types(skill.signature)
    if found is None:
        return []
    arguments, returns = found
    names = tuple(f"argument_{position}" for position in range(len(arguments)))
    call = f"{skill.name}({', '.join(names)})"
    cost = _COSTS[min(2, len(_words(f"{skill.name} {skill.description}") & _words(task)))]
    made = [_component(skill, call, names, arguments, returns, cost=cost)]
    if len(arguments) == 1:
        call = f"[{skill.name}(each) for each in items]"
        lists = (f"list[{arguments[0]}]",)
        made.append(
            _component(skill, call, ("items",), lists, f"list[{returns}]", cost=cost, maps=True)
        )
    return made


def _component(
    skill: Skill,
    call: str,
    names: tuple[str, ...],
    arguments: tuple[Type, ...],
    returns: Type,
    *,
    cost: int,
    maps: bool = False,
) -> Component:
    return Component(
        cost=cost + maps,
        names=names,
        arguments=arguments,
        returns=returns,
        template=ast.parse(call, mode="eval").body,
        function=_not_here,
        skill=skill.name,
        maps=maps,
    )


def _words(text: str) -> set[str]:
    """Return the beginnings of the words that say something: "levels" is "level"."""
    found = re.findall(r"[a-z]{3,}", text.lower().replace("_", " "))
    return {word[:5] for word in found if word not in _COMMON | {"the", "and", "for", "its"}}


def _not_here(*_: object) -> object:
    raise RuntimeError("a skill runs in the jail only")


def signature_types(signature: str) -> tuple[tuple[Type, ...], Type] | None:
    """Read "(text: str, limit: int) -> str"; None for types or forms we do not handle.

    Parameters with a default are left at it.
    """
    try:
        function = ast.parse(f"def f{signature}: pass").body[0]
    except SyntaxError:
        return None
    if not isinstance(function, ast.FunctionDef) or function.returns is None:
        return None
    given = function.args
    if given.vararg or given.kwarg or None in given.kw_defaults:
        return None
    positional = [*given.posonlyargs, *given.args]
    needed = positional[: len(positional) - len(given.defaults)] or positional[:1]
    types = [_known(argument.annotation) for argument in needed]
    returns = _known(function.returns)
    if not types or not returns or not all(types):
        return None
    return tuple(str(type_) for type_ in types), returns


def _known(annotation: ast.expr | None) -> Type | None:
    text = ast.unparse(annotation) if annotation else ""
    if text.startswith("dict["):
        return "dict"
    inside = item_type(text)
    if inside is None:
        return text if text in _BASIC else None
    known = _known(ast.parse(inside, mode="eval").body)
    return f"list[{known}]" if known else None


class SkillCalls:
    """Remembers what skills gave, and asks for what is missing in one round trip."""

    batch = 60  # argument vectors for one skill at one cost level

    def __init__(self, call: CallSkill) -> None:
        self._call = call
        self._known: dict[tuple[str, str], object] = {}

    def prepare(self, component: Component, rows: Sequence[Values]) -> None:
        """Call the skill on what it was not called on before, in one round trip."""
        rows = [row for row in rows if ERROR not in row]
        if component.maps:
            rows = [(item,) for row in rows for item in _items(row)]
        keyed = {(component.skill, repr(row)): row for row in rows}
        missing = {key: row for key, row in keyed.items() if key not in self._known}
        if not missing:
            return
        arguments = [tuple(map(thaw, row)) for row in missing.values()]
        outcomes = self._call(component.skill, arguments)
        returns = item_type(component.returns) if component.maps else component.returns
        for key, outcome in zip(missing, outcomes, strict=True):
            value = freeze(outcome.value) if outcome.ok else ERROR
            self._known[key] = value if _fits(value, returns or "") else ERROR

    def value(self, component: Component, row: Values) -> object:
        """Return what the skill gave on a prepared row, ERROR when it failed."""
        if ERROR in row or not component.maps:
            return self._known.get((component.skill, repr(row)), ERROR)
        values = tuple(self._known[component.skill, repr((item,))] for item in _items(row))
        return ERROR if ERROR in values else values

    def run(self, component: Component, row: Values) -> object:
        """Return what the skill gives on a row; call it if need be.

        Raises:
            ValueError: it failed.
        """
        self.prepare(component, [row])
        value = self.value(component, row)
        if value is ERROR:
            raise ValueError(f"{component.skill} failed")
        return value


def _items(row: Values) -> Values:
    items = row[0]
    assert isinstance(items, tuple)
    return items


def _fits(value: object, type_: Type) -> bool:
    found = type_of([value])
    if found == type_ or (found == "int" and type_ == "float"):
        return True
    return value == () and item_type(type_) is not None
