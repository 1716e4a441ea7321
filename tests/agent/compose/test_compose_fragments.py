"""What skills have in common becomes a skill of its own."""

from __future__ import annotations

import ast

from habilis.agent.authors.compose.fragments import find_fragments
from habilis.skills.skill import Provenance, Skill, read_source


def skill(name: str, body: str) -> Skill:
    source = f'def {name}(line: str) -> str:\n    """Do it."""\n    return {body}\n'
    return Skill(
        name=name,
        source=source,
        signature=read_source(source).signature,
        description="Do it.",
        provenance=Provenance(task="", author="test", made_at=0.0),
    )


SHARED = [
    skill("city", "line.split(';')[1].strip().upper() + '!'"),
    skill("amount", "'EUR ' + line.split(';')[3].strip()"),
    skill("name", "line.split(';')[0].strip().title()"),
]


def test_what_differs_becomes_a_parameter_and_what_is_the_same_stays() -> None:
    """The field's number differs between the skills, the separator does not."""
    fragment = find_fragments(SHARED)[0]
    names: dict[str, object] = {}
    exec(fragment.source, names)
    function = names[fragment.name]
    assert callable(function)
    assert function(" a; b ;c", 1) == "b" and function("x ;y", 0) == "x"
    facts = read_source(fragment.source)
    assert facts.typed and facts.description and '";"' in fragment.source


def test_the_skills_are_offered_rewrites_that_do_the_same() -> None:
    """Each calls the new skill, and gives what it gave before."""
    fragment = find_fragments(SHARED)[0]
    helper: dict[str, object] = {}
    exec(fragment.source, helper)
    assert set(fragment.rewrites) == {"city", "amount", "name"}
    for old in SHARED:
        tree = ast.parse(fragment.rewrites[old.name])
        assert read_source(fragment.rewrites[old.name]).requires == (fragment.name,)
        tree.body = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
        before, after = {}, dict(helper)  # type: dict[str, object], dict[str, object]
        exec(old.source, before)
        exec(compile(tree, "rewrite", "exec"), after)
        was, now = before[old.name], after[old.name]
        assert callable(was) and callable(now)
        assert was("ada; oslo ;x; 7 ") == now("ada; oslo ;x; 7 ")


def test_what_two_skills_share_is_no_skill_yet() -> None:
    """A need recurs when three skills have it."""
    assert find_fragments(SHARED[:2]) == []
