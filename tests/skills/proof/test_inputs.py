from __future__ import annotations

import ast
from random import Random

import pytest

from habilis.skills.proof.declared import declared_calls
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.mutants import make_mutants
from habilis.skills.proof.near import near_calls, vary
from habilis.skills.proof.reading import function_of, laid_out_alike, shape_of, spelled_out

SOURCE = '''
def clip(values: list[int], low: int = 0, *, high: int | None = 9) -> list[int]:
    """Return values within bounds."""
    return [v for v in values if v >= low and (high is None or v < high)]
'''


ANNOTATIONS = (
    "int;float;str;bool;list[str];dict[str, int];Optional[int];int | None;tuple[int, str];"
    "tuple[int, ...];set[int];'list[int]';Literal['a', 'b'];date"
)


@pytest.mark.parametrize("annotation", ANNOTATIONS.split(";"))
def test_inputs_have_the_declared_type(annotation: str) -> None:
    """As many as asked for, the same ones for the same seed."""
    function = function_of(f"def f(x: {annotation}) -> int:\n    return 1\n")
    made = [declared_calls(function, [], count=9, random=Random(1)) for _ in range(2)]
    assert made[0] == made[1] and len(made[0]) == 9
    assert len({type(call.arguments[0]).__name__ for call in made[0]}) <= 2


def test_unknown_types_and_hostile_annotations_make_nothing() -> None:
    """An annotation is read, never evaluated."""
    for annotation in ("Callable", "Order", "__import__('os').abort()", "'not python('"):
        function = function_of(f"def f(x: {annotation}) -> int:\n    return 1\n")
        assert declared_calls(function, [], count=3, random=Random(1)) == []


def test_near_inputs_differ_and_keep_their_kind() -> None:
    """What another task of the kind would bring."""
    for value in (5, 2.5, "Ada Lovelace", [1, 2, 3], (1, "a"), {"a": 1}, True, {1, 2}):
        made = vary(value, Random(3))
        assert made != value and type(made) is type(value)
    calls = list(near_calls([Call(arguments=(5, "x y"))], Random(1), constants=["z"], count=8))
    assert len(calls) == 8 and all(len(call.arguments) == 2 for call in calls)


def test_calls_are_spelled_out_with_their_defaults() -> None:
    """Equal calls become equal, however they were written."""
    function = function_of(SOURCE)
    short = spelled_out(Call(arguments=([1],)), function)
    long = spelled_out(Call(keywords={"values": [1], "low": 0, "high": 9}), function)
    assert short == long == Call(arguments=([1], 0), keywords={"high": 9})


def test_mutants_parse_differ_and_stay_within_their_number() -> None:
    """Every kind of fault comes before a second one of a kind."""
    mutants = make_mutants(SOURCE, count=12)
    assert len({each.source for each in mutants}) == len(mutants) <= 12
    assert all(ast.parse(each.source) for each in mutants)
    faults = " ".join(each.fault for each in mutants)
    for kind in ("comparison", "becomes Or", "returns None"):
        assert kind in faults
    assert make_mutants(SOURCE, count=12) == mutants
    assert "within bounds" not in mutants[0].source


def test_another_layout_is_no_other_source() -> None:
    """Comments, blank lines, quotes and the room around a docstring's words say nothing."""
    source = 'def f(n: int) -> int:\n    """Add   one."""\n    return n + 1\n'
    other = "# mine\ndef f(n:int)->int:\n    '''Add\n    one.\n    '''\n\n    return (n + 1)\n"
    assert laid_out_alike(source, other)
    assert not laid_out_alike(source, source.replace("Add", "Put"))
    assert not laid_out_alike(source, source.replace("n:", "m:"))
    assert laid_out_alike("def", "def") and not laid_out_alike("def", source)


def test_a_renamed_copy_has_the_same_shape() -> None:
    """Names, comments, annotations and layout do not count; what is done does."""
    renamed = SOURCE.replace("clip", "cut").replace("values", "given").replace("low", "least")
    assert shape_of(renamed) == shape_of(SOURCE)
    assert shape_of(SOURCE.replace(">=", ">")) != shape_of(SOURCE)
