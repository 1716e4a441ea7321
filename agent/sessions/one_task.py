"""One task of a session: read back if it is finished, else claimed, done and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from habilis.agent.result import Result, result_from_json
from habilis.agent.sessions.payers import payer_for
from habilis.agent.sessions.running import Running
from habilis.agent.sessions.task_record import TaskRecord
from habilis.agent.task import Task
from habilis.errors import SessionBusy
from habilis.events import Event
from habilis.memory.journal_claims import Claim

if TYPE_CHECKING:
    from habilis.agent.agent import Agent

_LOOK_S = 0.3  # between two looks whether somebody else has finished the task

Observer = Callable[[Event], None]


async def do_once(
    agent: Agent, task: Task, running: Running, *, observer: Observer | None = None
) -> Result:
    """Return the task's result, whoever comes to it first.

    A task that another process is at is waited for, then read back; or taken over, when
    that process died or its lease has run out.

    Raises:
        StopSession: the session is to end.
        ClaimLost: another process has taken the task over.
    """
    journal, session = running.journal, running.name
    while (recorded := journal.result(session, task.key)) is None:
        running.check()
        try:
            claim = journal.claims.take(session, task.key)
        except SessionBusy:
            await asyncio.sleep(_LOOK_S)
            continue
        try:
            if journal.result(session, task.key) is None:
                return await do_claimed(agent, task, claim, running, observer=observer)
        finally:
            journal.claims.release(claim)
    return result_from_json(recorded, task.output_type)


async def do_claimed(
    agent: Agent, task: Task, claim: Claim, running: Running, *, observer: Observer | None
) -> Result:
    """Do a task that is claimed, step by step on record, and record its result."""
    library = agent.library
    assert library is not None
    payer = payer_for(agent.author, library, process=claim.process)
    record = TaskRecord(claim, running=running, library=library, payer=payer)
    async with running.at_work():
        result = await agent.run_task(task, observer=observer, record=record)
    running.journal.finish_task(claim, result.to_json())
    return result
