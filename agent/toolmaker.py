"""After a solved task: abstract a function from it, prove it, keep it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from habilis.agent.author import Purpose
from habilis.agent.checks import KeptBack
from habilis.agent.dialogue import Dialogue, Stopped
from habilis.agent.draft import read_draft
from habilis.agent.parse import parse_reply
from habilis.agent.prompts import render
from habilis.agent.reuse import answering_skill
from habilis.agent.runner import Runner
from habilis.agent.task import Task
from habilis.errors import LibraryError, NameTaken
from habilis.events import Notice, SkillKept, SkillNotKept
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import same_as_written, show
from habilis.skills.extract import extract_function
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.policy import Policy
from habilis.skills.rename import rename
from habilis.skills.sandbox.wire import FunctionRef
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, read_source

_REPAIRS = 1
_TWIN_COSINE = 0.6  # below, equal results on few cases prove no copy: area is not price times count
_MANY_CASES = 5


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A task with the answer that was accepted, and what it took."""

    task: Task
    answer: object
    sources: tuple[str, ...]  # the actions that ran
    used: tuple[str, ...] = ()  # the saved skills that were called
    tools_called: tuple[str, ...] = ()
    session: str = ""


class Toolmaker:
    """Turns solved tasks into kept skills, one at a time."""

    def __init__(
        self,
        library: SkillLibrary,
        *,
        dialogue: Dialogue,
        runner: Runner,
        allow: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        self._library, self._dialogue, self._runner, self._clock = library, dialogue, runner, clock
        self._gate = Gate(library.closure, policy=Policy(allow=tuple(allow)))
        runner.on_cancel.append(self._gate.interrupt)

    async def learn(self, solved: Solved) -> tuple[str, ...]:
        """Make a skill of the solution; return the names kept (none is an ordinary outcome)."""
        answer = solved.answer
        if isinstance(answer, FunctionRef) and not self._defined(answer.name, solved.sources):
            return ()  # a saved skill was the answer
        reused = answering_skill(solved.sources, solved.used)
        if reused and not isinstance(answer, FunctionRef):
            self._not_kept("", "abstract", f"the answer is what {reused!r} returned")
            return ()
        try:
            return await self._make(solved)
        except Stopped as stop:
            self._not_kept("", "author", stop.detail or f"{stop.reason} reached")
            return ()

    async def _make(self, solved: Solved) -> tuple[str, ...]:
        draft, evidence = await self._first_draft(solved)
        for attempt in range(_REPAIRS + 1):
            if draft is None and evidence:
                self._not_kept("", "draft", evidence)
            elif draft is not None:
                kept, evidence = await self._runner.beside(self._keep, draft, solved)
                if kept is not None:
                    requires = tuple(kept.requires)
                    self._dialogue.announce(
                        SkillKept, name=kept.name, version=kept.version, requires=requires
                    )
                    return (kept.name,)
            if not evidence or attempt == _REPAIRS:
                break
            self._dialogue.say(render("repair", evidence=evidence))
            reply = await self._dialogue.ask(Purpose.REPAIR)
            draft, evidence = await self._read(reply.text, solved)
        return ()

    # drafts ------------------------------------------------------------------

    async def _first_draft(self, solved: Solved) -> tuple[Skill | None, str]:
        if isinstance(solved.answer, FunctionRef):
            names = self._library.names()
            source = extract_function(solved.sources, solved.answer.name, skills=names)
            return self._draft(source, _example_cases(solved.task), solved)
        answer = show(solved.answer, 200)
        self._dialogue.say(render("abstract", answer=answer))
        reply = await self._dialogue.ask(Purpose.ABSTRACT)
        return await self._read(reply.text, solved)

    async def _read(self, text: str, solved: Solved) -> tuple[Skill | None, str]:
        """Turn a reply into a draft with cases; its claims are run and recorded."""
        code = "\n\n".join(parse_reply(text).code)
        if not code:
            self._not_kept("", "abstract", "the author sees nothing worth keeping")
            return None, ""
        try:
            proposal = read_draft(code)
        except ValueError as error:
            return None, f"{error}."
        if isinstance(solved.answer, FunctionRef):
            return self._draft(proposal.source, _example_cases(solved.task), solved)
        draft, evidence = self._draft(_needed(proposal.source), (), solved)
        if draft is None:
            return None, evidence
        outcomes = await self._runner.beside(
            self._gate.call,
            draft,
            [Call(arguments=each.arguments, keywords=each.keywords) for each in proposal.claims],
        )
        cases = []
        for claim, outcome in zip(proposal.claims, outcomes, strict=True):
            if not outcome.ok:
                return None, f"An assert fails:\n{outcome.error}"
            if not claim.agrees(outcome.value):
                return None, (
                    f"An assert fails: {draft.name} gave {show(outcome.value)} where the assert "
                    f"says {show(claim.stated)}."
                )
            solves = claim.agrees(solved.answer) or same_as_written(outcome.value, solved.answer)
            cases.append(
                Case(
                    arguments=claim.arguments,
                    keywords=claim.keywords,
                    expected=outcome.value,
                    origin=CaseOrigin.TASK if solves else CaseOrigin.AUTHOR,
                )
            )
        if not any(case.origin is CaseOrigin.TASK for case in cases):
            return None, (
                f"No assert calls {draft.name} with this task's values written out and gives its "
                f"answer, {show(solved.answer, 200)}; the first one must."
            )
        return replace(draft, cases=tuple(cases)), ""

    def _draft(
        self, source: str, cases: Sequence[Case], solved: Solved
    ) -> tuple[Skill | None, str]:
        try:
            facts = read_source(source)
        except ValueError as error:
            return None, f"{error}."
        task = solved.task
        untrusted = [*task.inputs, *(file.name for file in task.files), *solved.tools_called]
        return (
            Skill(
                name=facts.name,
                source=source,
                signature=facts.signature,
                description=facts.description,
                cases=tuple(cases),
                requires={
                    name: self._library.get(name).hash
                    for name in facts.requires
                    if name in self._library
                },
                provenance=Provenance(
                    task=task.instruction,
                    author=self._dialogue.author.name,
                    made_at=self._clock(),
                    session=solved.session,
                    untrusted=tuple(untrusted),
                ),
            ),
            "",
        )

    # prove and keep ----------------------------------------------------------

    def _keep(self, draft: Skill, solved: Solved) -> tuple[Skill | None, str]:
        """Prove a draft and keep it; else return the evidence against it, for a repair."""
        try:
            return self._prove_and_add(draft, solved)
        except NameTaken:  # another agent has just kept a skill of this name
            return self._prove_and_add(draft, solved)
        except LibraryError as error:  # read-only or full: the answer must not be lost for that
            self._dialogue.announce(Notice, text=f"no skill kept: {error}")
            return None, ""

    def _prove_and_add(self, draft: Skill, solved: Solved) -> tuple[Skill | None, str]:
        draft = self._settle_name(draft)
        versions = len(self._library.versions(draft.name))
        hits = self._library.search(f"{draft.name} {draft.description}", k=5)
        near = [
            hit.skill
            for hit in hits
            if hit.skill.name not in {draft.name, *draft.requires}
            and (hit.cosine >= _TWIN_COSINE or len(draft.cases) >= _MANY_CASES)
        ]
        near += [self._library.get(name) for name in draft.requires]  # no mere wrapper
        proof = self._gate.prove(draft, neighbours=near)
        failed = proof.failed
        if failed is None:
            kept = self._library.add(draft, after=versions)
            self._library.add_solved_task(kept.name, solved.task.instruction)
            return kept, ""
        self._not_kept(draft.name, failed.name, failed.evidence)
        if proof.twin:
            self._library.add_solved_task(proof.twin, solved.task.instruction)
            return None, ""
        return None, f"Check {failed.name!r}: {failed.evidence}."

    def _settle_name(self, draft: Skill) -> Skill:
        """Keep the name if it is free, or if the old skill's cases pass; else number it."""
        if draft.name not in self._library:
            return draft
        old = self._library.get(draft.name)
        both = replace(draft, cases=(*draft.cases, *(c for c in old.cases if c not in draft.cases)))
        if self._gate.prove(both).passed:
            return both
        number = 2
        while f"{draft.name}_{number}" in self._library:
            number += 1
        name = f"{draft.name}_{number}"
        return replace(draft, name=name, source=rename(draft.source, {draft.name: name}))

    def _not_kept(self, name: str, check: str, evidence: str) -> None:
        self._dialogue.announce(SkillNotKept, name=name, check=check, evidence=evidence)

    @staticmethod
    def _defined(name: str, sources: Sequence[str]) -> bool:
        try:
            extract_function(sources, name)
        except ValueError:
            return False
        return True


def _needed(source: str) -> str:
    """Leave out what the function does not need; what is no skill stays as it is."""
    try:
        return extract_function([source], read_source(source).name)
    except ValueError:
        return source


def _example_cases(task: Task) -> tuple[Case, ...]:
    kept_back = [e for check in task.checks if isinstance(check, KeptBack) for e in check.examples]
    rows = [(CaseOrigin.USER, e) for e in task.examples]
    rows += [(CaseOrigin.KEPT_BACK, e) for e in kept_back]
    return tuple(
        Case(arguments=example.inputs, expected=example.output, origin=origin)
        for origin, example in rows
    )
