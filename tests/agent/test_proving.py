from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import Agent, Budget, Expected, KeptBack, ScriptedAuthor, SkillLibrary
from habilis.agent.author import Purpose, Request
from habilis.agent.cli import app
from habilis.agent.keeping import Keeper
from habilis.agent.recall import Recall
from habilis.agent.setting import Setting
from habilis.agent.task import Task
from habilis.agent.uses import is_idle
from habilis.errors import ConfigError
from habilis.events import Event, Notice, SkillNotKept
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState
from tests.making import make_skill, simple

COST = "```python\nfinal_answer(5 * 10 * 100)\n```"
TOOL = '''```python
def fence_cost(sides: int, length_m: float, price_per_m: float) -> float:
    """Return the cost of a fence around a regular polygon."""
    return sides * length_m * price_per_m


assert fence_cost(5, 10, 100) == 5000
assert fence_cost(4, 2.5, 10) == 100
```'''
SURNAME = '''```python
def surname(text: str) -> str:
    """Return the last word of a name."""
    return text.split()[-1]

final_answer(surname)
```'''
MORE = [(["Grace Hopper"], "Hopper"), (["Jan van Dam"], "Dam"), (["Mei Lin Wu"], "Wu")]


def second_mind(*asserts: str) -> ScriptedAuthor:
    return ScriptedAuthor(["```python\n" + "\n".join(asserts) + "\n```"] * 2, name="tester")


def test_a_tester_sees_what_a_function_says_and_not_how_it_does_it(library: SkillLibrary) -> None:
    """Its cases are kept under its own name; the conversation goes on without it."""
    author = ScriptedAuthor([COST, TOOL])
    second = second_mind("assert fence_cost(3, 2, 1) == 6", "assert fence_cost(6, 1, 10) == 60")
    Agent(author, library=library, tester=second).run_sync("Cost?", checks=[Expected(5000)])
    (asked,) = second.requests
    assert asked.purpose is Purpose.TEST and len(asked.messages) == 1
    assert "def fence_cost(sides: int" in asked.messages[0].content
    assert "sides * length_m" not in asked.messages[0].content
    origins = [case.origin for case in library.get("fence_cost").cases]
    assert origins.count(CaseOrigin.TESTER) == 2 and len(author.requests) == 2


def test_what_a_tester_disputes_is_put_to_the_author_once(library: SkillLibrary) -> None:
    """A tester may be wrong: where the author insists, the skill stays a candidate."""
    seen: list[Event] = []
    author = ScriptedAuthor([COST, TOOL, TOOL])
    second = second_mind("assert fence_cost(3, 2, 1) == 7", "assert fence_cost(6, 1, 10) == 60")
    agent = Agent(author, library=library, tester=second, observer=seen.append)
    assert agent.run_sync("Cost?", checks=[Expected(5000)]).skills_made == ("fence_cost",)
    assert [each.check for each in seen if isinstance(each, SkillNotKept)] == ["tester"]
    assert "by its description it is 7" in author.requests[2].messages[-1].content
    assert library.get("fence_cost").state is SkillState.CANDIDATE


def test_a_task_is_solved_though_making_a_tool_of_it_breaks(library: SkillLibrary) -> None:
    """What nobody foresaw is told with its type and its text; the answer stays."""

    def write(request: Request) -> str:
        if request.purpose is Purpose.ACT:
            return COST
        raise OverflowError("too odd a value")

    seen: list[Event] = []
    agent = Agent(ScriptedAuthor(write), library=library, observer=seen.append)
    result = agent.run_sync("Cost?", checks=[Expected(5000)])
    assert result.solved and result.skills_made == ()
    notices = [each.text for each in seen if isinstance(each, Notice)]
    assert "no skill kept: OverflowError: too odd a value" in notices


def test_a_tester_that_repeats_itself_brings_one_case(library: SkillLibrary) -> None:
    """Spelled with names or not, one input is one; the skill stays a candidate."""
    same = ["assert fence_cost(3, 2, 1) == 6"] * 3
    second = second_mind(*same, "assert fence_cost(sides=3, length_m=2, price_per_m=1) == 6")
    author = ScriptedAuthor([COST, TOOL])
    Agent(author, library=library, tester=second).run_sync("Cost?", checks=[Expected(5000)])
    assert library.get("fence_cost").state is SkillState.CANDIDATE


def test_a_tester_that_fails_costs_no_skill(library: SkillLibrary) -> None:
    """What is proved is kept without it."""
    silent = ScriptedAuthor([], name="silent")
    seen: list[Event] = []
    agent = Agent(
        ScriptedAuthor([COST, TOOL]), library=library, tester=silent, observer=seen.append
    )
    assert agent.run_sync("Cost?", checks=[Expected(5000)]).skills_made == ("fence_cost",)
    assert any("no independent cases" in each.text for each in seen if isinstance(each, Notice))


def test_checks_kept_back_make_a_skill_active_at_once(library: SkillLibrary) -> None:
    """Examples that the author was shown do not."""
    shown = [(["Ada Lovelace"], "Lovelace")]
    Agent(ScriptedAuthor([SURNAME]), library=library).run_sync("Last name?", examples=shown)
    assert library.get("surname").state is SkillState.CANDIDATE
    library.archive("surname")
    agent = Agent(ScriptedAuthor([SURNAME]), library=library)
    agent.run_sync("Last name of a person?", examples=shown, checks=[KeptBack(MORE)])
    assert library.get("surname").state is SkillState.ACTIVE


def test_a_candidate_answers_alone_only_on_evidence(library: SkillLibrary) -> None:
    """One new example its author had not seen is too little; the same task is answered."""
    shown = [(["Ada Lovelace"], "Lovelace")]
    Agent(ScriptedAuthor([SURNAME]), library=library).run_sync("Last name?", examples=shown)
    nobody = Agent(ScriptedAuthor([]), library=library)
    assert nobody.run_sync("Last name?", examples=shown).stop_reason == "recalled"
    assert nobody.run_sync("Last name?", examples=MORE[:1]).stop_reason == "gave_up"
    assert nobody.run_sync("Last name?", examples=MORE).stop_reason == "recalled"


def test_untrusted_text_in_view_can_hold_a_skill(library: SkillLibrary) -> None:
    """Then a person decides, however good the evidence."""

    def solve(request: Request) -> str:
        return SURNAME

    agent = Agent(ScriptedAuthor(solve), library=library, hold_untrusted=True)
    shown = [(["Ada Lovelace"], "Lovelace")]
    agent.run_sync("Last name?", inputs={"text": "a b"}, examples=shown, checks=[KeptBack(MORE)])
    assert library.get("surname").state is SkillState.CANDIDATE


def test_later_tasks_decide_what_a_skill_is_worth(library: SkillLibrary) -> None:
    """Two more tasks make it active, failures doubtful, and its callers are named."""
    word = library.add(simple("first_word", "Return the first word.", "return text.split()[0]"))
    caller = make_skill(
        "from skills import first_word\n\n\n"
        'def shout(text: str) -> str:\n    """Shout."""\n    return first_word(text).upper()\n',
        requires={"first_word": word.hash},
    )
    library.add(caller)
    library.add_solved_task("first_word", "made for this")
    for task in ("one", "two"):
        record_uses(library, ["first_word"], task=task, solved=None)
    assert library.get("first_word").state is SkillState.CANDIDATE
    for task in ("three", "four"):
        record_uses(library, ["first_word"], task=task, solved=True)
    assert library.get("first_word").state is SkillState.ACTIVE
    told = [record_uses(library, ["first_word"], task="five", solved=False) for _ in range(3)]
    assert library.get("first_word").state is SkillState.DOUBTFUL
    assert told[-1] == [
        "skill 'first_word' is doubtful now",
        "'shout' calls the doubtful 'first_word'",
    ]
    ledger = library.ledger("first_word")
    assert (ledger.called, ledger.helped, ledger.failed) == (5, 2, 3)
    assert is_idle(SkillState.DOUBTFUL, ledger)


def record_uses(
    library: SkillLibrary, names: list[str], *, task: str, solved: bool | None
) -> list[str]:
    """Record what a task would that called these skills."""
    author = ScriptedAuthor([])
    setting = Setting(author=author, library=library, budget=Budget(), clock=time.time)
    recall = Recall(setting, Task(instruction=task))
    used = dict.fromkeys(names, 1)
    return recall.record(used, sources=names, answer="", solved=solved, seconds=1.0, tokens=9)


@pytest.fixture
def skills(tmp_path: Path, library: SkillLibrary) -> Callable[..., tuple[int, str]]:
    """Run `habilis skills` on the test's library; return exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        given = ["skills", *arguments, "--library", str(library.path)]
        result = CliRunner().invoke(app, given)
        return result.exit_code, result.output

    return run


WORDS = '''def words_of(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


assert words_of("a b") == ["a", "b"]
assert words_of("c") == ["c"]
'''


def test_a_file_passes_the_same_gate(
    tmp_path: Path, skills: Callable[..., tuple[int, str]], library: SkillLibrary
) -> None:
    """Kept, updated, refused with the case that fails, and rolled back by one command."""
    file = tmp_path / "words.py"
    file.write_text(WORDS)
    code, said = skills("add", str(file))
    assert code == 0 and "kept words_of version 1, candidate" in said and "mutation" in said
    file.write_text(WORDS.replace("split()", 'replace(",", " ").split()'))
    assert "kept words_of version 2" in skills("add", str(file))[1]
    code, said = skills("prove", "words_of", "--json")
    assert code == 0 and json.loads(said)["passed"]

    assert "planted faults" in skills("show", "words_of", "--evidence")[1]
    assert "at version 1 again" in skills("rollback", "words_of")[1]
    file.write_text("assert 1 == 1\n")
    assert skills("add", str(file))[0] != 0


def test_adding_says_what_has_come_of_it(
    tmp_path: Path, skills: Callable[..., tuple[int, str]]
) -> None:
    """A file that says nothing new makes no version; one that cannot be kept says why."""
    file = tmp_path / "words.py"

    def add(text: str) -> str:
        file.write_text(text)
        return skills("add", str(file))[1].strip().split("\n")[-1]

    assert add(WORDS[: WORDS.index("assert")]).endswith("assert words_of(...) == ...")
    assert add(WORDS) == "kept words_of version 1, candidate"
    assert "version 1 is there already: nothing new, candidate" in add(WORDS)
    laid_out = WORDS.replace("    return", "    # by spaces\n\n    return")
    more = laid_out + 'assert words_of("d e") == ["d", "e"]\n'
    assert "version 1 is there already: 1 more case, candidate" in add(more)
    commas = WORDS.replace("split()", 'replace(",", " ").split()')
    assert "kept words_of version 2" in add(commas)
    assert "version 1 is the current one again" in add(WORDS)
    assert "version 2 is the current one again" in add(commas)
    skills("archive", "words_of")
    assert add(commas).endswith("nothing new, candidate; it was archived")
    assert "two cases contradict each other: words_of('c')" in add(
        commas + 'assert words_of("c") == ["C"]\n'
    )


ROUND_ABOUT = '''from skills import {other}


def {own}(text: str) -> list[str]:
    """Return the words of a text."""
    return {other}(text)


assert {own}("a b") == ["a", "b"]
'''


def test_files_that_require_each_other_are_refused(
    tmp_path: Path, skills: Callable[..., tuple[int, str]]
) -> None:
    """The circle is named; both stay as they were."""
    file = tmp_path / "words.py"
    file.write_text(WORDS)
    skills("add", str(file))
    capitals = ROUND_ABOUT.format(own="capitals_of", other="words_of")
    file.write_text(capitals.replace("(text)\n", "(text.upper())\n").replace('["a"', '["A"'
        ).replace('"b"]', '"B"]'))  # fmt: skip
    assert "kept capitals_of version 1" in skills("add", str(file))[1]
    file.write_text(ROUND_ABOUT.format(own="words_of", other="capitals_of"))
    code, said = skills("add", str(file))
    assert code == 1 and "calls 'capitals_of', which calls it" in said


def test_versions_and_what_is_wrong_are_told_plainly(
    tmp_path: Path, skills: Callable[..., tuple[int, str]], library: SkillLibrary
) -> None:
    """Which version is the current one, and why a command cannot do what it is asked."""
    first = library.add(simple("first_word", "Return the first word.", "return text.split()[0]"))
    for arguments, said in {
        ("rollback", "first_word"): "at its first version: there is none to go back to",
        ("rollback", "first_word", "--version", "7"): "no version 7; there is 1",
        ("add", str(tmp_path / "none.py")): "cannot be added: No such file or directory",
        ("add", str(tmp_path)): "cannot be added: Is a directory",
        ("review", "first_word", "--approve", "--refuse"): "exclude each other: give one",
    }.items():
        given = ["skills", *arguments, "--library", str(library.path)]
        with pytest.raises(ConfigError, match=said):
            CliRunner().invoke(app, given, catch_exceptions=False)
    library.add(replace(first, source=first.source.replace("split()", "strip().split()")))
    skills("rollback", "first_word")
    lines = skills("history", "first_word")[1].splitlines()
    assert lines[0].startswith("* 1 ") and lines[1].startswith("  2 ")
    rows = json.loads(skills("history", "first_word", "--json")[1])
    assert [row["current"] for row in rows] == [True, False]
    skills("archive", "first_word")
    assert "is active; it was archived" in skills("review", "first_word", "--approve")[1]


def test_an_author_is_not_shown_how_it_is_judged(library: SkillLibrary) -> None:
    """Not in words and not as data: what is kept back would be kept from nobody."""
    seen: list[Request] = []

    def solve(request: Request) -> str:
        seen.append(request)
        return SURNAME

    agent = Agent(ScriptedAuthor(solve), library=library)
    result = agent.run_sync("Last name?", examples=MORE[:1], checks=[KeptBack(MORE[1:])])
    assert result.solved and seen and all(request.task.checks == () for request in seen)
    assert not any("Jan van Dam" in repr(request) for request in seen)


def test_the_same_short_formula_of_another_purpose_is_no_copy(library: SkillLibrary) -> None:
    """Sides times length and speed times time read alike; code of some length says more."""

    def product(name: str, said: str, one: str, two: str) -> Skill:
        head = f"def {name}({one}: float, {two}: float) -> float:"
        given = Case(arguments=(5.0, 10.0), expected=50.0, origin=CaseOrigin.USER)
        source = f'{head}\n    """{said}"""\n    return {one} * {two}\n'
        return make_skill(source, cases=(given,))

    library.add(product("polygon_perimeter", "Return the perimeter.", "sides", "length"))
    library.encode()
    keeper = Keeper(library, Gate(library.closure))
    other = product("distance_covered", "Return how far a car has gone.", "speed", "hours")
    assert keeper.decide(other).passed
    copied = product("perimeter_polygon", "Compute the polygon perimeter.", "a", "b")
    assert keeper.decide(copied).twin == "polygon_perimeter"


def test_review_and_prune(skills: Callable[..., tuple[int, str]], library: SkillLibrary) -> None:
    """A person's word makes active; what never helped is put away, on request only."""
    library.add(simple("first_word", "Return the first word.", "return text.split()[0]"))
    assert "nothing waits" in skills("review")[1]
    assert "is active" in skills("review", "first_word", "--approve")[1]
    assert "worth its place" in skills("prune", "--dry-run")[1]
    for number in range(3):
        record_uses(library, ["first_word"], task=f"{number}", solved=False)
    assert "would archive first_word: doubtful" in skills("prune", "--dry-run")[1]
    assert library.get("first_word").state is SkillState.DOUBTFUL
    assert "archived first_word" in skills("prune")[1]
    assert library.get("first_word").state is SkillState.ARCHIVED
