"""A curriculum's next task, asked for once: proposals stand in the journal like answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from habilis.agent.author import Message, Purpose, Reply, Request
from habilis.agent.budget import Meter
from habilis.agent.curriculum import (
    Curriculum,
    NoProposal,
    Tried,
    curriculum_messages,
    read_proposal,
    task_from_json,
    task_to_json,
)
from habilis.agent.prompts import render
from habilis.agent.sessions.payers import payer_for
from habilis.agent.sessions.running import Running, StopSession
from habilis.agent.sessions.task_record import TaskRecord
from habilis.agent.task import Task
from habilis.events import Notice
from habilis.memory.step import StepKind

if TYPE_CHECKING:
    from habilis.agent.agent import Agent

_REPLIES = 3  # until one holds a task


async def next_proposal(
    agent: Agent, curriculum: Curriculum, tried: Sequence[Tried], running: Running
) -> Task | None:
    """Return the task after those that were `tried`; None when nothing is left to learn.

    Raises:
        StopSession: the author proposes nothing that can be used; the reason is given.
        BudgetSpent: the session's budget has no room for the question.
        AuthorError: the endpoint failed for good.
    """
    journal, key = running.journal, f"proposal-{len(tried) + 1}"
    for row in journal.steps.of_task(running.name, key):
        if row.kind is StepKind.PROPOSAL:
            return task_from_json(row.content) if row.content else None
    library = agent.library
    assert library is not None
    claim = journal.claims.take(running.name, key)
    try:
        payer = payer_for(agent.author, library, process=claim.process)
        record = TaskRecord(claim, running=running, library=library, payer=payer)
        record.begin(
            meter=Meter(agent.setting.budget, clock=agent.setting.clock),
            announce=lambda kind, **fields: None,
        )
        messages = curriculum_messages(curriculum, tried, list(library))
        async with running.at_work():
            task = await _asked(agent, record, messages, tried, curriculum.goal)
        record.keep(StepKind.PROPOSAL, task_to_json(task) if task else "")
    finally:
        journal.claims.release(claim)
    text = f"next: {task.instruction}" if task else "nothing is left to learn for this goal"
    running.tell(Notice(at=agent.setting.clock(), task_id=key, text=text))
    return task


async def _asked(
    agent: Agent,
    record: TaskRecord,
    messages: list[Message],
    tried: Sequence[Tried],
    goal: str,
) -> Task | None:
    """Ask, and again with what was wrong; each reply is paid and recorded."""
    author, why = record.author(agent.author), ""
    for _ in range(_REPLIES):
        request = Request(purpose=Purpose.PROPOSE, task=Task(goal), messages=tuple(messages))
        reply: Reply = await author.reply(request)
        record.meter.spend(reply.usage)
        if reply.gave_up:
            raise StopSession(reply.gave_up)
        try:
            return read_proposal(reply.text, tried)
        except NoProposal as error:
            why = str(error)
        messages = [
            *messages,
            Message(role="assistant", content=reply.text),
            Message(role="user", content=render("proposal_fault", fault=why)),
        ]
    raise StopSession(f"no usable task was proposed: {why}")
