"""After a solved task: abstract a function from it, prove it, keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from habilis.agent.author import Author, Purpose
from habilis.agent.dialogue import Dialogue, Stopped
from habilis.agent.draft import needed, read_draft
from habilis.agent.keeping import Decision, Keeper, keep_or_prove_again
from habilis.agent.later import answering_case, gather, later
from habilis.agent.neighbours import unseen
from habilis.agent.parse import parse_reply
from habilis.agent.prompts import render
from habilis.agent.reuse import answering_skill, example_cases
from habilis.agent.runner import Runner
from habilis.agent.task import Task
from habilis.agent.tester import Tested, have_tested
from habilis.errors import AuthorError, HabilisError, LibraryError
from habilis.events import Notice, SkillKept, SkillNotKept
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import same_as_written, show
from habilis.skills.extract import defines, extract_function
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.policy import Policy
from habilis.skills.proof.standing import Rule, independent
from habilis.skills.sandbox.wire import FunctionRef
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, read_source

_REPAIRS = 1


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A task with the answer that was accepted, and what it took."""

    task: Task
    answer: object
    sources: tuple[str, ...]  # the actions that ran
    judged: bool = False  # by examples or checks, not only for want of any
    used: tuple[str, ...] = ()  # the saved skills that were called
    tools_called: tuple[str, ...] = ()
    session: str = ""
    seconds: float | None = None  # that it took
    tokens: int | None = None


class Toolmaker:
    """Turns solved tasks into kept skills, one at a time."""

    def __init__(
        self,
        library: SkillLibrary,
        *,
        dialogue: Dialogue,
        runner: Runner,
        policy: Policy,
        clock: Callable[[], float],
        tester: Author | None = None,
        hold_untrusted: bool = False,
    ) -> None:
        self._library, self._dialogue, self._runner, self._clock = library, dialogue, runner, clock
        self._gate = Gate(library.closure, policy=policy)
        self._keeper = Keeper(library, self._gate, hold_untrusted=hold_untrusted)
        self._tester, self._hold_untrusted = tester, hold_untrusted
        self._heard: dict[str, Tested] = {}
        runner.on_cancel.append(self._gate.interrupt)

    async def learn(self, solved: Solved) -> tuple[str, ...]:
        """Make a skill of the solution; return the names kept (none is an ordinary outcome)."""
        with self._noticing():
            return await self._learn(solved)
        return ()

    async def _learn(self, solved: Solved) -> tuple[str, ...]:
        answer = solved.answer
        if isinstance(answer, FunctionRef) and not defines(solved.sources, answer.name):
            await self._gather(answer.name, example_cases(solved.task), solved)
            return ()  # a saved skill was the answer
        reused = answering_skill(solved.sources, solved.used)
        if reused and not isinstance(answer, FunctionRef):
            self._not_kept("", "abstract", f"the answer is what {reused!r} returned")
            found = await answering_case(solved.sources, solved.used, answer, runner=self._runner)
            await self._gather(reused, [found] if found else [], solved)
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
                kept, evidence = await self._try(draft, solved, last=attempt == _REPAIRS)
                if kept is not None:
                    requires = tuple(kept.requires)
                    self._dialogue.announce(
                        SkillKept, name=kept.name, version=kept.version, requires=requires
                    )
                    return (kept.name,)
            if not evidence or attempt == _REPAIRS:
                break
            wrote = not isinstance(solved.answer, FunctionRef)
            text = await self._ask(Purpose.REPAIR, evidence=evidence, asserts=wrote)
            draft, evidence = await self._read(text, solved)
        return ()

    async def _try(self, draft: Skill, solved: Solved, *, last: bool) -> tuple[Skill | None, str]:
        """Prove a draft, have it tested and keep it; else return the evidence against it.

        A tester may be wrong: what it disputes is put to the author once. Where the author
        insists, the draft is kept with the cases that are agreed on, which then vouch for
        nothing.
        """
        decision = await self._runner.beside(self._decide, draft, solved)
        if decision is None or decision.twin:
            if decision:
                await self._gather(decision.twin, example_cases(solved.task), solved)
            return None, ""
        if not decision.passed:
            return None, f"Check {decision.check!r}: {decision.evidence}."
        tested = await self._tested(draft, decision)
        if tested.dispute and not last:
            self._not_kept(draft.name, "tester", tested.dispute)
            return None, render("dispute", dispute=tested.dispute).strip()
        if tested.cases:
            draft = replace(draft, cases=(*draft.cases, *tested.vouched))
            decision = await self._runner.beside(self._decide, draft, solved)
        return await self._runner.beside(self._keep, draft, decision, solved), ""

    async def _tested(self, draft: Skill, decision: Decision) -> Tested:
        """Have cases written by a mind that has not seen the body, where they are missing."""
        if self._tester is None or independent(draft.cases) >= Rule().independent:
            return Tested()
        if draft.source not in self._heard:  # the same function would be judged alike
            questions = decision.proof.questions
            ask = partial(self._dialogue.ask_aside, self._tester)
            beside, gate = self._runner.beside, self._gate
            try:
                self._heard[draft.source] = await have_tested(
                    draft, questions, ask=ask, call=lambda d, calls: beside(gate.call, d, calls)
                )
            except (AuthorError, Stopped) as error:  # what is proved is not lost for that
                self._dialogue.announce(Notice, text=f"no independent cases: {error}")
                return Tested()
        return self._heard[draft.source]

    # drafts ------------------------------------------------------------------

    async def _first_draft(self, solved: Solved) -> tuple[Skill | None, str]:
        if isinstance(solved.answer, FunctionRef):
            names, answer = self._library.names(), solved.answer.name
            code = extract_function(solved.sources, answer, skills=names)
            return self._draft(code, example_cases(solved.task), solved)
        told = "\n".join(message.content for message in self._dialogue.messages)
        near = await self._runner.beside(
            unseen, self._library, solved.task.instruction, code=solved.sources, told=told
        )
        shown, files = show(solved.answer, 200), solved.task.files
        text = await self._ask(Purpose.ABSTRACT, answer=shown, files=files, near=near)
        return await self._read(text, solved)

    async def _ask(self, purpose: Purpose, **values: object) -> str:
        self._dialogue.say(render(purpose.value, saved=len(self._library), **values))
        return (await self._dialogue.ask(purpose)).text

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
        source = needed(proposal.source, self._library.names())
        if isinstance(solved.answer, FunctionRef):
            return self._draft(source, example_cases(solved.task), solved)
        draft, evidence = self._draft(source, (), solved)
        if draft is None:
            return None, evidence
        calls = [each.call for each in proposal.claims]
        outcomes = await self._runner.beside(self._gate.call, draft, calls)
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
                    seconds=solved.seconds,
                    tokens=solved.tokens,
                ),
            ),
            "",
        )

    # prove and keep ----------------------------------------------------------

    async def _gather(self, name: str, cases: Sequence[Case], solved: Solved) -> None:
        """Give a skill that was there already the checked cases of this task."""
        if solved.judged and cases:
            await self._runner.beside(self._add_cases, name, later(cases))

    def _add_cases(self, name: str, cases: Sequence[Case]) -> None:
        with self._noticing():
            before = self._library.get(name)
            held = self._hold_untrusted and bool(before.provenance.untrusted)
            after = gather(self._library, self._gate, name, cases, held=held).skill
            if after.state is not before.state:
                self._dialogue.announce(Notice, text=f"skill {name!r} is {after.state.value} now")

    def _decide(self, draft: Skill, solved: Solved) -> Decision | None:
        """Prove a draft and say what is against it; a copy is one more task of its twin."""
        with self._noticing():
            decision = self._keeper.decide(draft)
            if not decision.passed:
                self._not_kept(draft.name, decision.check, decision.evidence)
            if decision.twin:
                self._library.add_solved_task(decision.twin, solved.task.instruction)
            return decision
        return None

    def _keep(self, draft: Skill, decision: Decision | None, solved: Solved) -> Skill | None:
        if decision is None or not decision.passed:
            return None
        with self._noticing():
            kept = keep_or_prove_again(self._keeper, decision, lambda: draft)
            self._library.add_solved_task(kept.name, solved.task.instruction)
            return kept
        return None

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Whatever a tool fails by (a full disk, odd values), the answer is not lost for that."""
        try:
            yield
        except LibraryError as error:
            self._dialogue.announce(Notice, text=f"no skill kept: {error}")
        except (HabilisError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - nobody knows what users' values may do
            self._dialogue.announce(Notice, text=f"no skill kept: {type(error).__name__}: {error}")

    def _not_kept(self, name: str, check: str, evidence: str) -> None:
        self._dialogue.announce(SkillNotKept, name=name, check=check, evidence=evidence)
