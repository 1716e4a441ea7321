"""Saved skills as components. They are untrusted: their values come from the jail, in batches."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from habilis.agent.author import CallSkill
from habilis.agent.authors.compose.terms import ERROR, Component, Values
from habilis.agent.authors.compose.types import (
    Type,
    freeze,
    item_type,
    text_of_value,
    thaw,
    type_of,
)
from habilis.skills.skill import Skill

_COST = 2
_BASIC = {"str", "int", "float", "bool", "dict"}


def components(skill: Skill) -> list[Component]:
    """Return a skill as a component, and mapped over a list when it takes one value.

    There is none when its parameters are of types we do not know.
    """
    return list(_components(skill.name, skill.signature))


@lru_cache(maxsize=20_000)
def _components(skill: str, signature: str) -> tuple[Component, ...]:
    found = signature_types(signature)
    if found is None:
        return ()
    arguments, returns = found
    names = tuple(f"argument_{position}" for position in range(len(arguments)))
    call = f"{skill}({', '.join(names)})"
    made = [_component(skill, call, names, arguments, returns)]
    if len(arguments) == 1:
        call = f"[{skill}(each) for each in items]"
        lists = (f"list[{arguments[0]}]",)
        made.append(_component(skill, call, ("items",), lists, f"list[{returns}]", maps=True))
    return tuple(made)


def _component(
    skill: str,
    call: str,
    names: tuple[str, ...],
    arguments: tuple[Type, ...],
    returns: Type,
    *,
    maps: bool = False,
) -> Component:
    return Component(
        cost=_COST + maps,
        names=names,
        arguments=arguments,
        returns=returns,
        template=ast.parse(call, mode="eval").body,
        function=_not_here,
        skill=skill,
        maps=maps,
    )


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
        keyed = {(component.skill, text_of_value(row)): row for row in rows}
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
            return self._known.get((component.skill, text_of_value(row)), ERROR)
        values = tuple(self._known[component.skill, text_of_value((item,))] for item in _items(row))
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
