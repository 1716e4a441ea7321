"""The evidence for a version of a skill."""

from __future__ import annotations

from habilis.memory.library import SkillLibrary
from habilis.skills.proof.evidence import Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Skill


def evidence_of(library: SkillLibrary, skill: Skill) -> Proof:
    """Return what the checks see: they are run again on the cases that are kept."""
    return Gate(library.closure).prove(skill)
