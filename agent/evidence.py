"""The evidence for a version of a skill."""

from __future__ import annotations

from habilis.memory.library import SkillLibrary
from habilis.skills.proof.evidence import Proof, proof_from_json
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Skill


def evidence_of(library: SkillLibrary, skill: Skill) -> Proof:
    """Return what the checks saw when it was kept; where nobody kept that, they run again."""
    kept = library.evidence(skill.name, skill.version)
    return proof_from_json(kept) if isinstance(kept, list) else Gate(library.closure).prove(skill)
