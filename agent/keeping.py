"""From a draft to a kept skill: prove it, find its place, give it the state it has earned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from habilis.agent.neighbours import neighbours
from habilis.errors import NameTaken
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.evidence import Kinship, Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.reading import laid_out_alike
from habilis.skills.proof.regression import Update, prove_update
from habilis.skills.proof.standing import Rule, first_state, next_state, unseen
from habilis.skills.proof.trial import agrees, call_of
from habilis.skills.rename import rename
from habilis.skills.skill import Case, Skill, SkillState


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of a draft. `versions` are what to keep, the draft first; none if refused.

    `twin` is the skill we have already, when the draft is a copy of it.
    """

    proof: Proof
    versions: tuple[Skill, ...] = ()
    check: str = ""
    evidence: str = ""
    twin: str = ""
    known: Mapping[str, int] = field(default_factory=dict)  # versions of each name by then

    @property
    def passed(self) -> bool:
        return bool(self.versions)


class Keeper:
    """Decides on drafts, and keeps what has passed.

    With `hold_untrusted`, a skill that was made with untrusted text in view stays a
    candidate until a person approves it (`habilis skills review`).
    """

    def __init__(
        self,
        library: SkillLibrary,
        gate: Gate,
        *,
        rule: Rule = Rule(),
        hold_untrusted: bool = False,
    ) -> None:
        self._library, self._gate, self._rule = library, gate, rule
        self._hold_untrusted = hold_untrusted

    def decide(self, draft: Skill, *, numbered: bool = True) -> Decision:
        """Prove a draft under its own name, or as the next version of a skill of that name.

        A name whose skill it does not continue gets a number, unless `numbered` is False:
        then it is refused. A draft that does all that a narrower skill does, and more,
        becomes that skill's next version where its past and its dependants allow. One that
        is laid out otherwise, and no more, is the version that is there, with its cases.
        """
        known = self._library.version_counts()
        return replace(self._decide(draft, numbered=numbered), known=known)

    def _decide(self, draft: Skill, *, numbered: bool) -> Decision:
        if draft.name in self._library:
            old = self._library.get(draft.name)
            if laid_out_alike(draft.source, old.source):
                draft = replace(draft, source=old.source)
            update = self._update(draft, old)
            if update.versions or not numbered or update.evidence.startswith("it calls"):
                return _of_update(update)
            draft = self._numbered(draft)
        near = neighbours(self._library, draft)
        proof = self._gate.prove(draft, neighbours=near)
        if proof.failed is not None:
            return Decision(
                proof=proof,
                check=proof.failed.name,
                evidence=proof.failed.evidence,
                twin=proof.twin,
            )
        replaced = self._replaced(draft, proof)
        if replaced is not None:
            return replaced
        kept = replace(draft, cases=(*draft.cases, *proof.recorded))
        return Decision(proof=proof, versions=(kept,))

    def keep(self, decision: Decision) -> Skill:
        """Write the versions of a decision at once, the draft with the state it has earned.

        Raises:
            NameTaken: somebody else has kept a version of one of the names since it was
                proved. Then none is written.
        """
        draft, *dependants = decision.versions
        versions = self._library.versions(draft.name)
        draft = replace(draft, state=self._state(draft, decision.proof, versions))
        return self._library.add_all(
            [draft, *dependants],
            after={each.name: decision.known.get(each.name, 0) for each in decision.versions},
            evidence={draft.name: decision.proof.to_json()},
        )[0]

    def _state(self, skill: Skill, proof: Proof, versions: Sequence[Skill]) -> SkillState:
        if self._hold_untrusted and skill.provenance.untrusted:
            return SkillState.CANDIDATE
        old = self._library.get(skill.name) if versions else skill
        alike = skill.hash == old.hash or self._gives_the_same(old, skill.cases)
        cases = skill.cases if alike else unseen(old.cases, skill.cases)
        earned = first_state(cases, strength=proof.strength, rule=self._rule)
        if not alike or old.state is not SkillState.ACTIVE:
            return earned
        return next_state(earned, self._library.uses_of(old), rule=self._rule)

    def _gives_the_same(self, old: Skill, cases: Sequence[Case]) -> bool:
        """Tell whether an old version gives all that its successor was proved on."""
        outcomes = self._gate.call(old, [call_of(case) for case in cases])
        return all(map(agrees, outcomes, cases))

    def _update(self, draft: Skill, old: Skill) -> Update:
        return prove_update(
            self._gate,
            draft,
            old,
            skills=list(self._library),
            neighbours=[] if draft.hash == old.hash else neighbours(self._library, draft),
        )

    def _replaced(self, draft: Skill, proof: Proof) -> Decision | None:
        """Put a more general draft in the place of the narrower skill, if nothing breaks."""
        relative = proof.relative
        if relative is None or relative.kinship is not Kinship.MORE_GENERAL:
            return None
        old = self._library.get(relative.name)
        if old.name in draft.requires:
            return None
        renamed = replace(draft, name=old.name, source=rename(draft.source, {draft.name: old.name}))
        update = self._update(renamed, old)
        return _of_update(update) if update.versions else None

    def _numbered(self, draft: Skill) -> Skill:
        number = 2
        while f"{draft.name}_{number}" in self._library:
            number += 1
        name = f"{draft.name}_{number}"
        return replace(draft, name=name, source=rename(draft.source, {draft.name: name}))


def keep_or_prove_again(keeper: Keeper, decision: Decision, draft: Callable[[], Skill]) -> Skill:
    """Keep what was decided; where somebody was quicker, decide once more.

    Raises:
        NameTaken: twice in a row.
    """
    try:
        return keeper.keep(decision)
    except NameTaken:
        again = keeper.decide(draft())
        if not again.passed:
            raise
        return keeper.keep(again)


def _of_update(update: Update) -> Decision:
    failed = update.proof.failed
    return Decision(
        proof=update.proof,
        versions=update.versions,
        check="" if update.versions else failed.name if failed else "update",
        evidence=update.evidence,
        twin=update.proof.twin,
    )
