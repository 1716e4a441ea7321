"""What the gate keeps and refuses: good tools, bad variants, copies, real models' functions.

Gold tools (`creation.jsonl`) are proved with the three cases of `proof_gold`; a tool counts
as working when it is a function of its parameters, found by calling it. Each bad variant
(`proof_plants`) has its tool's cases; one that passes is asked the questions its own proof
raises, three at most, and the tool answers, as a tester would. Copies meet a real library.
A copy counts as refused when it is merged into its tool, or is no new version of it.
Solutions of real models (`mint/`) are judged in `proof_mint`. `--quick` takes a sample
that a fixed seed draws.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.proof_gold import changed, gold_drafts, truth
from benchmarks.proof_mint import (
    ALL_RIVALS,
    AT_RANDOM,
    FEW_RIVALS,
    MADE_ONLY,
    NO_RIVALS,
    Judged,
    judge_solutions,
)
from benchmarks.proof_plants import CLASSES, copies, planted
from benchmarks.report import Report, Row, own_row, tell
from habilis.agent.keeping import Decision, Keeper
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import same
from habilis.skills.proof.evidence import Call, Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Skill, read_source

_HIDDEN_FAULTS: Final = frozenset({"depends on time", "depends on hash order", "counts its calls"})
_SCAN: Final = 60  # inputs on which a variant must differ somewhere to count as bad
_QUICK_TOOLS, _QUICK_TASKS = 30, 8


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Measure on the data that is there; what is not is left out. Rows are shown as reached."""
    causes: Counter[str] = Counter()
    rows = tell(_measured(data, causes, quick=quick))
    return Report(benchmark="proof", rows=rows, causes=causes)


def _measured(data: Path, causes: Counter[str], *, quick: bool) -> Iterator[Row]:
    if (data / "creation.jsonl").exists():
        lines = (data / "creation.jsonl").read_text(encoding="utf-8").splitlines()
        chosen = Random(0).sample(lines, min(len(lines), _QUICK_TOOLS)) if quick else lines
        tools = list(gold_drafts([json.loads(line) for line in chosen]))
        print(f"{len(tools)} gold tools run", file=sys.stderr, flush=True)
        causes.update(f"gold tool that {tool.fault}" for tool in tools if tool.fault)
        drafts = [tool.draft for tool in tools if not tool.fault]
        yield from _of_tools(drafts, causes)
        yield from _of_copies(drafts, causes)
        yield from _of_plants(drafts, causes)
    folder = data if (data / "solutions.jsonl").exists() else data / "mint"
    if (folder / "solutions.jsonl").exists():
        judged: list[Judged] = []
        for found in judge_solutions(folder, tasks=_QUICK_TASKS if quick else None):
            judged += found
            print(f"{len(judged)} solutions judged", file=sys.stderr, flush=True)
        yield from _of_solutions(judged, causes)


# gold tools ------------------------------------------------------------------


def _of_tools(tools: Sequence[Skill], causes: Counter[str]) -> Iterator[Row]:
    gate, kept, seconds = Gate(lambda *_: []), 0, 0.0
    per_check: defaultdict[str, float] = defaultdict(float)
    for tool in tools:
        started = time.monotonic()
        proof = gate.prove(tool)
        seconds += time.monotonic() - started
        kept += proof.passed
        if proof.failed is not None:
            causes[f"working gold tool refused by {proof.failed.name}"] += 1
        for check in proof.checks:
            per_check[check.name] += check.seconds
    yield _share("working gold tools accepted", kept, len(tools), goal=">= 95")
    n = max(1, len(tools))
    yield Row(name="proofs a second", ours=n / (seconds or 1), peer=None, unit="1/s", n=n)
    for name, total in per_check.items():
        yield Row(name=f"  {name}", ours=1000 * total / n, peer=None, unit="ms", n=n)


def _of_plants(tools: Sequence[Skill], causes: Counter[str]) -> Iterator[Row]:
    gate = Gate(lambda *_: [])
    for name, plant in CLASSES.items():
        bad, at_once, in_all = 0, 0, 0
        for tool in tools:
            source = planted(tool, plant, Random(f"{name}{tool.name}"))
            draft = None if source is None else _variant(tool, source)
            if draft is None:
                continue
            proof = gate.prove(draft)
            if proof.failed is not None:
                bad, at_once, in_all = bad + 1, at_once + 1, in_all + 1
                causes[f"{name}, refused by {proof.failed.name}"] += 1
            elif name in _HIDDEN_FAULTS or _differs(tool, draft):
                caught = _caught_by_a_question(tool, draft, proof)
                bad, in_all = bad + 1, in_all + caught
                causes[f"{name}, {'refused by a question' if caught else 'kept'}"] += 1
        yield _share(f"refused: {name}", in_all, bad, goal=">= 95")
        yield _share("  before a question is asked", at_once, bad)


def _variant(tool: Skill, source: str) -> Skill | None:
    try:
        facts = read_source(source)
    except ValueError:
        return None
    return replace(tool, source=source, signature=facts.signature)


def _differs(tool: Skill, draft: Skill) -> bool:
    random = Random(tool.name)
    calls = [Call(arguments=case.arguments) for case in tool.cases]
    calls += [changed(random.choice(calls), random) for _ in range(_SCAN)]
    return not _alike(tool, draft, calls)


def _alike(tool: Skill, draft: Skill, calls: Sequence[Call]) -> bool:
    pairs = zip(truth(tool, calls), truth(draft, calls), strict=True)
    return all(a.ok == b.ok and same(a.value, b.value, rel_tol=1e-6) for a, b in pairs)


def _caught_by_a_question(tool: Skill, draft: Skill, proof: Proof) -> bool:
    return bool(proof.questions) and not _alike(tool, draft, proof.questions)


def _of_copies(tools: Sequence[Skill], causes: Counter[str]) -> Iterator[Row]:
    """Fill a library through the gate, then offer it copies of all that it has kept."""
    with tempfile.TemporaryDirectory() as folder, SkillLibrary(folder, index="exact") as library:
        keeper = Keeper(library, Gate(library.closure))
        decisions = [_offer(keeper, tool) for tool in tools]
        twins = Counter(decision.twin for decision in decisions if decision.twin)
        causes["gold tool merged into one that does the same"] = twins.total()
        whole = twins.total() + sum(decision.passed for decision in decisions)
        yield _share("gold tools the gate passes, kept beside the others", len(library), whole)
        found: defaultdict[str, list[bool]] = defaultdict(list)
        for skill in library:
            for kind, (name, source) in zip(("renamed", "reformatted"), copies(skill), strict=True):
                said = skill.description if kind == "reformatted" else _told_otherwise(name)
                copy = replace(
                    skill,
                    name=name,
                    source=source,
                    signature=read_source(source).signature,
                    description=said,
                )
                decision = keeper.decide(copy)
                same = [version.hash for version in decision.versions] == [skill.hash]
                found[kind].append(decision.twin == skill.name or same)
        for kind, refused in found.items():
            yield _share(f"refused as duplicates: {kind}", sum(refused), len(refused), goal=">= 95")


def _offer(keeper: Keeper, tool: Skill) -> Decision:
    decision = keeper.decide(tool)
    if decision.passed:
        keeper.keep(decision)
    return decision


def _told_otherwise(name: str) -> str:
    return f"Compute the {name.replace('_', ' ')}."


# real models' functions ------------------------------------------------------


def _of_solutions(judged: Sequence[Judged], causes: Counter[str]) -> Iterator[Row]:
    for each in judged:
        verdict = f"refused by {each.refused_by}" if each.refused_by else "kept on visible cases"
        causes[f"{'right' if each.right else 'wrong'} solution {verdict}"] += 1
    kept = [each for each in judged if not each.refused_by]
    for count in range(3):
        passing = [each for each in kept if all(each.independent[:count])]
        yield _right(f"right among those kept, {count} independent cases", passing)
    wrong = [each for each in kept if not each.right]
    right = [each for each in kept if each.right]
    for way in (ALL_RIVALS, MADE_ONLY, FEW_RIVALS, NO_RIVALS, AT_RANDOM):
        refused = [each.asked[way] is False for each in wrong if each.asked[way] is not None]
        goal = ">= 80" if way == ALL_RIVALS else ""
        yield _share(f"wrong refused by one case {way}", sum(refused), len(refused), goal=goal)
        lost = [each.asked[way] is False for each in right if each.asked[way] is not None]
        yield _share("  right refused", sum(lost), len(lost))
    random = [each for each in wrong if not all(each.independent[:1])]
    yield _share("wrong refused by one hidden case at random", len(random), len(wrong))
    active = [each for each in kept if each.active]
    yield _right("right among those made active", active, goal=">= 95")
    yield _share("right ones made active", sum(e.right for e in active), len(right))


def _right(name: str, judged: Sequence[Judged], *, goal: str = "") -> Row:
    return _share(name, sum(each.right for each in judged), len(judged), goal=goal)


def _share(name: str, part: int, whole: int, *, goal: str = "") -> Row:
    value = 100 * part / whole if whole else None
    return own_row(name, value, goal=goal, unit="%", n=whole)
