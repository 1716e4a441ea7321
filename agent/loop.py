"""One task: recall, act, observe, check; what was learnt goes to the toolmaker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from habilis.agent.author import Purpose, Step
from habilis.agent.budget import Meter, StopReason
from habilis.agent.context import Context
from habilis.agent.dialogue import Announcer, Dialogue, Emit, Stopped
from habilis.agent.judge import Judgement, answer_in, judge
from habilis.agent.observe import describe_skill, observation, opening
from habilis.agent.output import output_of
from habilis.agent.parse import ParsedReply, parse_reply
from habilis.agent.prompts import render
from habilis.agent.recall import Recall
from habilis.agent.record import Record
from habilis.agent.repeats import Repeats
from habilis.agent.result import Result
from habilis.agent.reuse import example_cases, reusable
from habilis.agent.runner import Runner
from habilis.agent.setting import Setting, recorded, search_skills
from habilis.agent.task import Task
from habilis.agent.toolmaker import Solved, Toolmaker
from habilis.agent.trim import trimmed
from habilis.agent.workspace import workspace
from habilis.errors import LibraryError
from habilis.events import Acted, AnswerChecked, Notice, SkillsRecalled, TaskFinished, TaskStarted
from habilis.skills.compare import same
from habilis.skills.outcome import NOTHING
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.wire import FunctionRef
from habilis.skills.skill import Skill

_FAULTS, _REPEATS = 3, 3  # unusable replies in a row; one action again (AgentTuning's rule)


async def run_task(task: Task, setting: Setting, *, emit: Emit, record: Record) -> Result:
    """Work on one task until it is answered, given up or out of budget.

    A limit gives a partial result. Cancelling kills the worker and leaves the library
    as it was after the last skill that was kept.

    Raises:
        TaskError: an input file cannot be used.
        AuthorError: the author's endpoint failed for good.
    """
    library = setting.library
    setting = recorded(setting, record)
    search = [search_skills(library)] if library is not None and len(library) else []
    with (
        workspace(task.files) as folder,
        Worker(
            workspace=folder,
            tools=record.tools([*setting.tools, *task.tools, *search]),
            load_skill=library.closure if library is not None else None,
            approve=record.approve(setting.approve),
            allow=setting.allow,
            limits=setting.limits,
            hash_seed=record.hash_seed,
        ) as worker,
    ):
        worker.define(task.inputs)
        return await _TaskRun(task, setting, worker, emit=emit, record=record).run()


class _TaskRun:
    def __init__(
        self, task: Task, setting: Setting, worker: Worker, *, emit: Emit, record: Record
    ) -> None:
        self.task, self.setting, self.record = task, setting, record
        self.meter = Meter(setting.budget)
        self.runner = Runner(worker, meter=self.meter, limits=setting.limits, record=record)
        self.announce = Announcer(emit, task_id=task.key, clock=setting.clock)
        self.recall = Recall(setting, task, recorded=record.recalled)
        record.begin(meter=self.meter, announce=self.announce)
        self.answer: object = NOTHING
        self.judgement = Judgement(passed=None)
        self.attempts, self.repeats = 0, Repeats()

    async def run(self) -> Result:
        limits = {name: most for name, most in vars(self.setting.budget).items() if most}
        self.announce(TaskStarted, instruction=self.task.instruction, limits=limits)
        await self._recall()
        dialogue = self._dialogue()
        try:
            reused = await self._reuse()
            if not reused:
                await self._act(dialogue)
            end = Stopped(StopReason.RECALLED if reused else StopReason.ANSWERED)
        except Stopped as stop:
            end = stop
        made = await self._learn(dialogue)
        return self._finish(dialogue, end, await self._output(dialogue.sources), made)

    @property
    def accepted(self) -> bool:
        return self.answer is not NOTHING and self.judgement.passed is not False

    # recall ------------------------------------------------------------------

    async def _recall(self) -> None:
        await self.runner.beside(self.recall.begin)
        for told in self.recall.news:
            self.announce(Notice, text=told)
        await self._import(self.recall.shown)

    async def _recall_again(self, draft: str) -> str:
        """Look for skills like code that failed; return what to tell the author."""
        found = await self.runner.beside(self.recall.again, draft)
        await self._import(found)
        return render("recalled", skills=[describe_skill(s) for s in found]) if found else ""

    async def _import(self, skills: Sequence[Skill]) -> None:
        if skills:
            await self.runner.run(f"from skills import {', '.join(s.name for s in skills)}")

    async def _reuse(self) -> bool:
        """Solve a task by examples with one saved skill, if one is right on all of them."""
        names = tuple(skill.name for skill in self.recall.shown)
        examples = self.task.examples
        for skill in reusable(self.recall.candidates, example_cases(self.task)) if examples else ():
            outcomes = await self.runner.call(skill.name, [e.inputs for e in examples])
            right = all(
                o.ok and same(o.value, e.output) for o, e in zip(outcomes, examples, strict=True)
            )
            self.runner.used.clear()
            if right and await self._propose(FunctionRef(skill.name)):
                self.announce(SkillsRecalled, names=names, solved_by=skill.name)
                return True
        self.runner.used.clear()
        self.answer, self.judgement, self.attempts = NOTHING, Judgement(passed=None), 0
        self.announce(SkillsRecalled, names=names)
        return False

    # act ---------------------------------------------------------------------

    def _dialogue(self) -> Dialogue:
        return Dialogue(
            self.setting.author,
            self.task,
            meter=self.meter,
            announce=self.announce,
            messages=opening(
                self.task,
                skills=self.recall.shown,
                tools=self.recall.tools,
                can_search=bool(self.recall.shown),
                instructions=self.setting.instructions,
            ),
            skills=self.recall.candidates,
            call_skill=self.runner.worker.call,
            context=Context(self.setting.window_tokens, variables=self.runner.variables),
        )

    async def _act(self, dialogue: Dialogue) -> None:
        """Ask for actions and run them until an answer passes."""
        faults = 0
        while True:
            reply = await dialogue.ask(Purpose.ACT)
            parsed = parse_reply(reply.text)
            dialogue.forget_after(trimmed(reply.text, parsed))
            if parsed.fault:
                faults += 1
                if faults >= _FAULTS:
                    raise Stopped(StopReason.UNUSABLE_REPLIES, parsed.fault)
                wanted = bool(self.task.examples)
                correction = render("correction", fault=parsed.fault, wants_function=wanted)
                dialogue.remember(Step(reply=reply.text, observation=correction))
                continue
            faults = 0
            if await self._step(dialogue, reply.text, parsed):
                return
            if self.attempts >= self.task.attempts:
                raise Stopped(StopReason.FAILED_CHECKS, self.judgement.detail)

    async def _step(self, dialogue: Dialogue, reply: str, parsed: ParsedReply) -> bool:
        """Run one action; tell whether it brought an answer that passes."""
        self.meter.steps += 1
        source = "\n\n".join([*parsed.code, *([parsed.solution] if parsed.solution else [])])
        if source and self.repeats.count(source) >= _REPEATS:
            raise Stopped(StopReason.REPEATED, f"the same action {_REPEATS} times")
        outcome = await self.runner.run(source) if source else None
        answer = answer_in(parsed, outcome, wants_function=bool(self.task.examples))
        passed = answer is not NOTHING and await self._propose(answer)
        verdict = "" if answer is NOTHING else self.judgement.feedback
        if passed:
            verdict = "Your answer is accepted."
        elif verdict and self.attempts == self.task.attempts - 1:
            verdict += " One more answer is allowed."
        text = verdict
        if outcome is not None:
            text = observation(outcome, steps_left=self.meter.steps_left, verdict=verdict)
            text += "" if outcome.ok else await self._recall_again(source)
            self.announce(
                Acted,
                step=self.meter.steps,
                source=source,
                outcome=outcome.kind.value,
                observation=text,
                seconds=outcome.seconds,
                skills_called=tuple(outcome.skills_called),
                tools_called=tuple(call.name for call in outcome.calls),
            )
        dialogue.remember(Step(reply=reply, source=source, outcome=outcome, observation=text))
        return passed

    async def _propose(self, answer: object) -> bool:
        """Judge an answer; one that passes, or that nothing can judge, is the task's."""
        name = answer.name if isinstance(answer, FunctionRef) else ""
        call = partial(self.runner.call_blocking, name) if name else None
        self.judgement = await self.runner.beside(judge, self.task, answer, call)
        self.attempts += not self.judgement.misfit
        self.answer = answer
        passed = self.judgement.passed is not False
        self.announce(AnswerChecked, passed=passed, detail=self.judgement.detail)
        return passed

    # learn and finish --------------------------------------------------------

    async def _output(self, sources: Sequence[str]) -> object:
        output, self.judgement = await output_of(
            self.task, self.answer, self.judgement, sources, self.runner, self.setting.library
        )
        return output

    async def _learn(self, dialogue: Dialogue) -> tuple[str, ...]:
        library = self.setting.library
        if library is None or self.answer is NOTHING:
            return ()
        try:
            for told in self.recall.record(
                self.runner.used,
                sources=dialogue.sources,
                answer=self.answer.name if isinstance(self.answer, FunctionRef) else "",
                solved=self.judgement.passed,
                seconds=self.meter.seconds,
                tokens=self.meter.usage.tokens,
            ):
                self.announce(Notice, text=told)
        except LibraryError as error:  # read-only or full: the answer must not be lost for that
            self.announce(Notice, text=f"the library was not changed: {error}")
            return ()
        if not self.setting.learn or not self.accepted:
            return ()
        solved = Solved(
            task=dialogue.task,  # with the examples that the user gave on the way
            answer=self.answer,
            judged=bool(self.judgement.passed),
            sources=dialogue.sources,
            used=tuple(self.runner.used),
            tools_called=dialogue.tools_called,
            session=self.record.session,
            seconds=self.meter.seconds,
            tokens=self.meter.usage.tokens,
        )
        toolmaker = Toolmaker(
            library,
            dialogue=dialogue,
            runner=self.runner,
            policy=self.setting.policy_with_modules,
            clock=self.setting.clock,
            tester=self.setting.tester,
            hold_untrusted=self.setting.hold_untrusted,
        )
        return await toolmaker.learn(solved)

    def _finish(
        self, dialogue: Dialogue, stop: Stopped, output: object, made: tuple[str, ...]
    ) -> Result:
        judged = bool(self.task.checks or self.task.examples)
        result = Result(
            task_id=self.task.key,
            output=output,
            answer=self.answer,
            solved=False if judged and self.answer is NOTHING else self.judgement.passed,
            stop_reason=stop.reason,
            detail="; ".join(dict.fromkeys(filter(None, (stop.detail, self.judgement.detail)))),
            function=self.answer.name if isinstance(self.answer, FunctionRef) else "",
            usage=self.meter.usage,
            seconds=self.meter.seconds,
            skills_shown=tuple(skill.name for skill in self.recall.shown),
            skills_used=tuple(self.runner.used),
            skills_made=made,
            steps=tuple(dialogue.steps),
            session=self.record.session,
        )
        self.announce(
            TaskFinished,
            solved=result.solved,
            stop_reason=result.stop_reason.value,
            detail=result.detail,
            seconds=result.seconds,
            tokens=result.usage.tokens,
            usd=result.cost,
            skills_used=result.skills_used,
            skills_made=made,
        )
        return result
