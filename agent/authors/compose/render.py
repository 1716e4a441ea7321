"""A program as a Python function that a reviewer would accept."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from habilis.agent.authors.compose.expressions import write
from habilis.agent.authors.compose.idioms import IDIOMS, source_of
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.quotes import double_quoted
from habilis.agent.authors.compose.table import MODULES
from habilis.agent.authors.compose.terms import Apply, Choice, Comprehension, Concat, Term, walk
from habilis.agent.authors.compose.tidy import text_of
from habilis.agent.authors.compose.types import Type, text_of_value, thaw

_MAX_LINE = 96
_MAX_SENTENCE = 100
_MAX_EXAMPLE = 400  # characters; a longer one tells a reader nothing
_NO_LITERAL = re.compile(r"\b(?:nan|inf)\b")  # are names only in a program
_WORTH_A_NAME = 4  # cost of a part that is used twice
_LONG = 28  # characters of a part of a text, above which it is named when the line is long
_LOCALS = {"str": "part", "list[str]": "words", "date": "when", "float": "value", "int": "number"}
_PARAMETERS = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "flag",
    "dict": "row",
    "list[str]": "texts",
    "list[int]": "numbers",
    "list[float]": "numbers",
    "list[dict]": "rows",
}
_RESERVED = frozenset({*MODULES, *dir(builtins), "skills", "final_answer"})


@dataclass(frozen=True, kw_only=True)
class Program:
    """A rendered function. `source` is complete; `body` is what was found, without docstring."""

    name: str
    source: str
    body: str
    skills: tuple[str, ...]


def render(term: Term, problem: Problem, *, name: str, description: str) -> Program:
    """Return the function for a term that answers a problem.

    Raises:
        ValueError: the term cannot be written in this version of Python.
    """
    skills = tuple(sorted(set(_skills(term))))
    if name in skills:
        name = f"{name}_2"
    body = double_quoted("\n".join(_statements(term, problem.names)))
    idioms = [source_of(idiom) for idiom in IDIOMS if f"{idiom}(" in body]
    signature = ", ".join(
        f"{parameter}: {_annotation(type_)}"
        for parameter, type_ in zip(problem.names, problem.types, strict=True)
    )
    lines = [*_imports("\n\n\n".join([*idioms, f"def f():\n{body}"])), ""]
    if skills:
        lines += [f"from skills import {', '.join(skills)}", ""]
    lines += [line for idiom in idioms for line in ("", idiom, "")]
    lines += [
        "",
        f"def {name}({signature}) -> {_annotation(problem.returns)}:",
        *_docstring(name, description, problem),
        body,
    ]
    source = "\n".join(lines).strip() + "\n"
    return Program(name=name, source=re.sub(r"\n{4,}", "\n\n\n", source), body=body, skills=skills)


def _skills(term: Term) -> Iterator[str]:
    for part in walk(term):
        if isinstance(part, Apply) and part.component.skill:
            yield part.component.skill


def _imports(code: str) -> list[str]:
    tree = ast.parse(code)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = sorted({line for name, line in MODULES.items() if name in used})
    modules: dict[str, list[str]] = {}
    for line in found:
        start, _, names = line.partition(" import ")
        modules.setdefault(start, []).append(names)
    lines = [
        f"{start} import {', '.join(names)}" if names[0] else start
        for start, names in modules.items()
    ]
    return sorted(lines, key=lambda line: (line.startswith("from"), line))


def _annotation(type_: Type) -> str:
    return type_


def _docstring(name: str, description: str, problem: Problem) -> list[str]:
    shown = min(range(len(problem.rows)), key=lambda i: _unfit_to_show(problem, i))
    arguments = ", ".join(text_of_value(thaw(value)) for value in problem.rows[shown])
    quote = '"' * 3
    example = f"    >>> {name}({arguments})\n    {text_of_value(thaw(problem.outputs[shown]))}"
    if len(example) > _MAX_EXAMPLE or _NO_LITERAL.search(example):
        return [f"    {quote}{sentence(description)}{quote}"]
    text = f"{sentence(description)}\n\nExample:\n{example}\n".replace("\\", "\\\\")
    lines = text.replace(quote, '\\"\\"\\"').split("\n")
    inside = [f"    {line}" if line else "" for line in lines[1:-1]]
    return [f"    {quote}{lines[0]}", *inside, f"    {quote}"]


def _unfit_to_show(problem: Problem, place: int) -> tuple[bool, int]:
    text = text_of_value((problem.rows[place], problem.outputs[place]))
    return _NO_LITERAL.search(text) is not None, len(text_of_value(problem.rows[place]))


def sentence(text: str) -> str:
    """Return a description as one line of at most 100 characters that ends with a period."""
    line = " ".join(re.sub(r"[^\x20-\x7e\u00a1-\uffff]|[\"`\\]", " ", text).split())
    line = re.split(r"(?<=[.!?])\s", line)[0].rstrip(".!?:; ") or "Made from examples"
    if len(line) >= _MAX_SENTENCE:
        return line[: _MAX_SENTENCE - 4].rsplit(" ", 1)[0].rstrip(",;: ") + "..."
    return line[0].upper() + line[1:] + "."


def identifier(
    text: str, *, taken: Iterable[str] = (), fallback: str = "made_from_examples"
) -> str:
    """Return a function or parameter name close to a text, safe where it is to stand."""
    name = re.sub(r"\W+", "_", text.strip(), flags=re.ASCII).strip("_").lower()[:40].strip("_")
    name = name.lstrip("0123456789_") or fallback
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _RESERVED:
        name = f"get_{name}"
    taken, base, number = set(taken), name, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def parameter_names(types: Sequence[Type], given: Sequence[str] | None) -> tuple[str, ...]:
    """Return one name per input: those given, made safe, or names that say the type."""
    wanted = list(given) if given and len(given) == len(types) else []
    if not wanted:
        wanted = [_PARAMETERS.get(type_, "items") for type_ in types]
        if len(set(wanted)) == 1 and 1 < len(wanted) <= 3:
            wanted = ["first", "second", "third"][: len(wanted)]
    names: list[str] = []
    for text in wanted:
        name = text if text.isidentifier() and not text.startswith("_") else identifier(text)
        if keyword.iskeyword(name) or name in _RESERVED:
            name = f"the_{name}"
        names.append(name if name not in names else identifier(name, taken=names))
    return tuple(names)


# statements ------------------------------------------------------------------


def _statements(term: Term, parameters: Sequence[str], indent: str = "    ") -> list[str]:
    """Return the body: early returns for conditions, names for what is used more than once."""
    if isinstance(term, Choice):
        test = text_of(write(term.test, {}))
        return [
            f"{indent}if {test}:",
            *_statements(term.then, parameters, indent + "    "),
            *_statements(term.otherwise, parameters, indent),
        ]
    shared = _shared(term)
    try:
        lines = _lines(term, shared, parameters, indent)
        if all(len(line) <= _MAX_LINE for line in lines):
            return lines
    except ValueError:  # a backslash inside an f-string's braces
        pass
    return _lines(term, [*shared, *_long_parts(term, shared)], parameters, indent)


def _lines(
    term: Term, to_name: Sequence[Term], parameters: Sequence[str], indent: str
) -> list[str]:
    named: dict[int, str] = {}
    lines = []
    for part in _in_order(term, to_name):
        base = _LOCALS.get(part.type, "items")
        name = identifier(base, taken=[*parameters, *named.values(), *_skills(term)])
        lines.append(f"{indent}{name} = {text_of(write(part, named))}")
        named[id(part)] = name
    return [*lines, f"{indent}return {text_of(write(term, named))}"]


def _in_order(term: Term, to_name: Sequence[Term]) -> list[Term]:
    wanted = {id(part) for part in to_name}
    found = {id(part): part for part in _outside_loops(term) if id(part) in wanted}
    return list(found.values())


def _outside_loops(term: Term) -> Iterator[Term]:
    """Yield the parts that may be computed beforehand: not the bodies of comprehensions."""
    children = (term.source,) if isinstance(term, Comprehension) else term.children()
    if isinstance(term, Choice):
        children = ()
    for child in children:
        yield from _outside_loops(child)
    yield term


def _shared(term: Term) -> list[Term]:
    counts = Counter(id(part) for part in _outside_loops(term))
    repeated = [
        part
        for part in _outside_loops(term)
        if isinstance(part, Apply) and part is not term and part.cost >= _WORTH_A_NAME
        if counts[id(part)] > 1 or _fills_twice(part, term)
    ]
    outer = {id(part): part for part in repeated}
    return [part for part in outer.values() if not _only_inside(part, outer, counts, term)]


def _fills_twice(part: Term, term: Term) -> bool:
    """Tell whether a template that takes this part mentions it more than once."""
    for user in _outside_loops(term):
        if isinstance(user, Apply) and part in user.arguments:
            hole = user.component.names[user.arguments.index(part)]
            nodes = ast.walk(user.component.template)
            if sum(isinstance(node, ast.Name) and node.id == hole for node in nodes) > 1:
                return True
    return False


def _only_inside(
    part: Term, named: Mapping[int, Term], counts: Mapping[int, int], term: Term
) -> bool:
    """Tell whether every use of a part lies within one larger part that is named itself."""
    for other in named.values():
        if other is part:
            continue
        within = sum(inner is part for inner in _outside_loops(other))
        if within == 1 and within * counts[id(other)] >= counts[id(part)]:
            return not _fills_twice(part, term)
    return False


def _long_parts(term: Term, shared: Sequence[Term]) -> list[Term]:
    known = {id(part) for part in shared}
    tops = term.children() if isinstance(term, (Concat, Apply)) else ()
    found: list[Term] = []
    for part in tops:
        if id(part) in known or not isinstance(part, (Apply, Comprehension)):
            continue
        text = text_of(write(part, {}))
        if len(text) > _LONG or "\\" in text:
            found.append(part)
    return found
