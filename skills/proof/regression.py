"""A changed skill is proved on its past, and with it every skill that calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from habilis.skills.proof.evidence import Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.standing import VOUCHED, says_the_same
from habilis.skills.skill import Case, Skill

_AGAIN = (
    "form",
    "alone",
    "cases",
    "again",
)  # a dependant was proved before; its source is the same


@dataclass(frozen=True, kw_only=True)
class Update:
    """What a change comes to.

    `versions` are the changed skill and its dependants, each pinning the new versions of
    what it calls, in the order in which to keep them; empty when the change is refused.
    `refused` then names the skill that fails, and `evidence` says on which of its cases.
    """

    proof: Proof
    versions: tuple[Skill, ...] = ()
    refused: str = ""
    evidence: str = ""


def prove_update(
    gate: Gate,
    draft: Skill,
    old: Skill,
    *,
    skills: Sequence[Skill],
    neighbours: Sequence[Skill] = (),
) -> Update:
    """Prove a new version of `old` on its own and all past cases, then every dependant.

    `skills` are the current versions of the library. What nobody vouched for may change:
    recorded results are the old version's, right or wrong.
    """
    draft = replace(draft, cases=_joined(draft.cases, old.cases))
    circle = _circle(draft, skills)
    if circle:
        evidence = f"it calls {circle!r}, which calls it: skills may not require each other"
        return Update(proof=Proof(checks=()), refused=draft.name, evidence=evidence)
    proof = gate.prove(draft, neighbours=neighbours)
    if proof.failed is not None:
        evidence = f"check {proof.failed.name!r}: {proof.failed.evidence}"
        return Update(proof=proof, refused=draft.name, evidence=evidence)
    draft = replace(draft, cases=(*draft.cases, *proof.recorded))
    renewed = {draft.name: draft}
    for skill in dependants(draft.name, skills):
        pinned = {n: renewed[n].hash if n in renewed else pin for n, pin in skill.requires.items()}
        renewed[skill.name] = again = replace(skill, requires=pinned)
        failed = gate.prove(
            again,
            load_skill=lambda name, pin="", /: _closure(gate, name, pin, renewed),
            checks=_AGAIN,
        ).failed
        if failed is not None:
            return Update(
                proof=proof,
                refused=skill.name,
                evidence=f"{skill.name!r}, which calls {draft.name!r}, fails with it: "
                f"{failed.evidence}",
            )
    return Update(proof=proof, versions=tuple(renewed.values()))


def dependants(name: str, skills: Iterable[Skill]) -> list[Skill]:
    """Return the skills that call `name`, directly or not, each after those it calls."""
    known = {skill.name: skill for skill in skills}
    found: dict[str, Skill] = {}
    wanted = {name}
    while True:
        more = {n: s for n, s in known.items() if n not in found and wanted & s.requires.keys()}
        more.pop(name, None)
        if not more:
            break
        found |= more
        wanted |= more.keys()
    ordered: list[Skill] = []
    left = dict(found)
    while left:
        ready = [s for s in left.values() if not (s.requires.keys() & left.keys() - {s.name})]
        for skill in ready or list(left.values()):  # a circle: older libraries may hold one
            ordered.append(left.pop(skill.name))
    return ordered


def _circle(draft: Skill, skills: Sequence[Skill]) -> str:
    """Return the skill that the draft calls and that calls the draft, else an empty text."""
    callers = {skill.name for skill in dependants(draft.name, skills)} | {draft.name}
    return next((name for name in draft.requires if name in callers), "")


def _joined(new: Sequence[Case], past: Sequence[Case]) -> tuple[Case, ...]:
    """Add the past cases that somebody vouches for and that are not there yet."""
    known = list(new)
    for case in past:
        if case.origin in VOUCHED and not any(says_the_same(case, each) for each in known):
            known.append(case)
    return tuple(known)


def _closure(
    gate: Gate, name: str, pin: str, renewed: Mapping[str, Skill]
) -> list[tuple[str, str]]:
    if name not in renewed:
        return list(gate.load_skill(name, pin))
    skill = renewed[name]
    below = [
        pair
        for needed, own in skill.requires.items()
        for pair in _closure(gate, needed, own, renewed)
    ]
    return [*below, (name, skill.source)]
