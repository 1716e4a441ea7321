"""A curriculum's next task, asked for once: proposals stand in the journal like answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from habilis.agent.author import Message, Purpose, Reply, Request
from habilis.agent.budget import Budget, Meter
from habilis.agent.curriculum import (
    Curriculum,
    NoProposal,
    Tried,
    curriculum_prompt,
    read_proposal,
    task_from_json,
    task_to_json,
)
from habilis.agent.prompts import render
from habilis.agent.sessions.payers import payer_for
from habilis.agent.sessions.running import Running, StopSession
from habilis.agent.sessions.task_record import TaskRecord, request_hash
from habilis.agent.task import Task
from habilis.errors import ContextTooLong
from habilis.events import Notice
from habilis.memory.journal_claims import Claim
from habilis.memory.step import StepKind

if TYPE_CHECKING:
    from habilis.agent.agent import Agent

_REPLIES = 3  # until one holds a task
_TASK = "task"


async def next_proposal(
    agent: Agent, running: Running, curriculum: Curriculum, tried: Sequence[Tried]
) -> Task | None:
    """Return the task after those that were `tried`; None when nothing is left to learn.

    Raises:
        StopSession: the author proposes nothing that can be used; the reason is given.
        BudgetSpent: the session's budget has no room for the question.
        AuthorError: the endpoint failed for good.
    """
    journal, key = running.journal, f"proposal-{len(tried) + 1}"
    for row in journal.steps.of_task(running.name, key):
        if row.kind is StepKind.PROPOSAL and row.request == request_hash(_TASK):
            return task_from_json(row.content) if row.content else None
    claim = journal.claims.take(running.name, key)
    try:
        async with running.at_work():
            task = await _asked(agent, curriculum, tried, running, claim)
    except (NoProposal, ContextTooLong) as error:
        journal.steps.drop_from(claim, 0, calls_from=0)  # resumed, it is asked anew
        raise StopSession(f"no usable task was proposed: {error}") from None
    finally:
        journal.claims.release(claim)
    text = f"next: {task.instruction}" if task else "nothing is left to learn for this goal"
    running.tell(Notice(at=agent.setting.clock(), task_id=key, text=text))
    return task


async def _asked(
    agent: Agent,
    curriculum: Curriculum,
    tried: Sequence[Tried],
    running: Running,
    claim: Claim,
) -> Task | None:
    """Ask, and again with what was wrong; each reply is paid and recorded.

    What is asked is on record, too: meanwhile other tasks may have ended, and a resumed
    session has to ask the same.
    """
    library = agent.library
    assert library is not None
    payer = payer_for(agent.author, library, process=claim.process)
    record = TaskRecord(claim, running=running, library=library, payer=payer)
    record.begin(meter=Meter(Budget(steps=None)), announce=lambda kind, **fields: None)
    author, goal = record.author(agent.author), Task(curriculum.goal)
    prompt = record.noted(
        StepKind.PROPOSAL,
        "prompt",
        lambda: curriculum_prompt(curriculum, tried, list(library)),
    )
    messages, why = [Message(role="user", content=prompt)], ""
    for _ in range(_REPLIES):
        request = Request(purpose=Purpose.PROPOSE, task=goal, messages=tuple(messages))
        reply: Reply = await author.reply(request)
        record.meter.spend(reply.usage)
        if reply.gave_up:
            raise NoProposal(reply.gave_up)
        try:
            task = read_proposal(reply.text, tried)
        except NoProposal as error:
            why = str(error)
        else:
            row = "" if task is None else task_to_json(task)
            record.noted(StepKind.PROPOSAL, _TASK, row.strip)
            return task
        messages.append(Message(role="assistant", content=reply.text))
        messages.append(Message(role="user", content=render("proposal_fault", fault=why)))
    raise NoProposal(why)
