"""One task of a session, written down step by step; resumed, it goes the same way again.

Recorded replies and results of tools are given as they were; actions run again in a fresh
worker and have to come to the same. At the first step that differs the rest of the record
is dropped and the task goes on live. What is paid stays counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from habilis.agent.author import Author, Reply, Request
from habilis.agent.budget import Meter, is_priced, most_output
from habilis.agent.record import Approve, Record, Tool
from habilis.agent.sessions.observed import as_recorded, outcome_text
from habilis.agent.sessions.paying import Payer, most_cost, reply_from
from habilis.agent.sessions.running import Running
from habilis.agent.sessions.tools import RecordedTools
from habilis.errors import BudgetSpent, ContextTooLong, EndpointBusy, EndpointUnreachable
from habilis.events import Diverged
from habilis.memory import records
from habilis.memory.journal_claims import Claim
from habilis.memory.journal_ledger import LIBRARY, scope_of
from habilis.memory.library import SkillLibrary
from habilis.memory.step import Place, StepKind, StepRow, StepState
from habilis.skills.outcome import Outcome
from habilis.skills.skill import Skill

_LEAST_OUTPUT, _MOST_OUTPUT = (
    256,
    16_384,
)  # tokens of one reply where a session's tokens or money are limited


class TaskRecord(Record):
    """The durable record of a claimed task."""

    hash_seed = 0

    def __init__(
        self, claim: Claim, *, running: Running, library: SkillLibrary, payer: Payer
    ) -> None:
        self.session = claim.session
        self.claim, self.running, self.payer = claim, running, payer
        self._library, self._steps = library, library.journal.steps
        self._known = {row.number: row for row in self._steps.of_task(claim.session, claim.task)}
        self._number = 0
        self._tools = RecordedTools(library.journal.calls, claim, step=lambda: self._number)
        self.meter: Meter
        self._announce: Callable[..., None]

    def begin(self, *, meter: Meter, announce: Callable[..., None]) -> None:
        self.meter, self._announce = meter, announce
        elapsed_s, costs = self._steps.behind(self.claim.session, self.claim.task)
        meter.add_seconds(elapsed_s)
        for cost in costs:
            meter.spend(cost)

    # what the loop asks for --------------------------------------------------

    def author(self, author: Author) -> Author:
        return RecordedAuthor(author, self)

    def tools(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        return [self._tools.wrap(tool) for tool in tools]

    def approve(self, approve: Approve | None) -> Approve | None:
        return self._tools.approve(approve)

    def recalled(self, find: Callable[[], list[Skill]]) -> list[Skill]:
        self.running.check()
        request = request_hash("recall")
        row = self.take(StepKind.RECALL, request)
        if row is not None:
            versions = [
                records.version_by_hash(self._library.store, name, pinned)
                for name, pinned in json.loads(row.content)
            ]
            if None not in versions:
                return [skill for skill in versions if skill is not None]
            self.drop(row.number, "a skill that was recalled is gone")
        found = find()
        self.write(StepKind.RECALL, request, json.dumps([[s.name, s.hash] for s in found]))
        return found

    async def action(self, source: str, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        self.running.check()
        request = request_hash(source)
        row = self.take(StepKind.ACTION, request)
        if row is None:
            self._steps.begin_action(self.claim)
            outcome = await run()
            seconds, text = outcome.seconds, outcome_text(outcome)
            await asyncio.to_thread(self.write, StepKind.ACTION, request, text, seconds)
            return outcome
        self._number = row.number  # calls of tools belong to it
        outcome = await run()
        same = as_recorded(outcome, row.content)
        if same is None:
            self.drop(row.number, "the action came to something else")
            self._steps.begin_action(self.claim)  # it is another step, if there is one left
            self.write(StepKind.ACTION, request, outcome_text(outcome), outcome.seconds)
            return outcome
        self._number = row.number + 1
        return same

    # the record --------------------------------------------------------------

    def noted(self, kind: StepKind, what: str, make: Callable[[], str]) -> str:
        """Return what an earlier attempt noted here, else note what `make` gives."""
        row = self.take(kind, request_hash(what))
        if row is not None:
            return row.content
        text = make()
        self.write(kind, request_hash(what), text)
        return text

    def take(self, kind: StepKind, request: str) -> StepRow | None:
        """Return the next step's record if it fits; what does not fit is dropped."""
        row = self._known.get(self._number)
        if row is None:
            return None
        if (row.kind, row.request) == (kind, request):
            if row.state is StepState.BEGUN:
                self._leave(row)
                return None
            self._number += 1
            return row
        self.drop(row.number, f"a recorded {row.kind.value} does not fit")
        return None

    def refuse_again(self, request: str) -> None:
        """Raise what was raised when this was asked first.

        Raises:
            ContextTooLong: it was longer than the model's window.
        """
        row = self._known.get(self._number)
        if row is not None and (row.kind, row.request) == (StepKind.TOO_LONG, request):
            self._number += 1
            raise ContextTooLong(row.content)

    def drop(self, number: int, what: str) -> None:
        """Go on live from this step; what its replies cost stays counted."""
        for known in [n for n in self._known if n >= number]:
            row = self._known.pop(known)
            if row.state is StepState.BEGUN:
                self._steps.give_up(row.id)
            self.meter.spend(row.cost)
        self._steps.drop_from(self.claim, number, calls_from=self._tools.forget())
        self._number = number
        self._announce(Diverged, step=number, what=what)

    def place(self, request: str) -> Place:
        """Return where the next step will stand."""
        return Place(
            claim=self.claim,
            number=self._number,
            request=request,
            elapsed_s=self.meter.seconds,
        )

    def advance(self) -> None:
        self._number += 1

    def account_room(self) -> tuple[int | None, float | None]:
        """Return the tokens and the dollars that session and library have left; None: no limit."""
        ledger = self._library.journal.ledger
        accounts = [ledger.account(scope) for scope in (scope_of(self.claim.session), LIBRARY)]
        tokens = [a.tokens_left for a in accounts if a.tokens_left is not None]
        usd = [a.usd_left for a in accounts if a.usd_left is not None]
        return min(tokens, default=None), min(usd, default=None)

    def _leave(self, row: StepRow) -> None:
        """Leave a call to whoever still makes it; one that nobody does counts as spent."""
        del self._known[row.number]
        if not self.payer.joins(row):
            self._steps.give_up(row.id)
            self.meter.spend(row.cost)

    def write(self, kind: StepKind, request: str, content: str, seconds: float = 0.0) -> None:
        """Record a step that costs no money."""
        self._steps.record(
            self.place(request),
            kind=kind,
            content=content,
            seconds=seconds,
            lap_s=self.running.lap(),
        )
        self.advance()


class RecordedAuthor:
    """An author whose replies are recorded before they are used, and paid once."""

    keeps_time = True  # waiting for an endpoint that is away costs a task no time

    def __init__(self, author: Author, record: TaskRecord) -> None:
        self._author, self._record = author, record

    @property
    def name(self) -> str:
        return self._author.name

    @property
    def inner(self) -> Author:
        return self._author

    async def reply(self, request: Request) -> Reply:
        """Return the recorded reply to these messages, else ask and record."""
        record = self._record
        record.running.check()
        messages = [[m.role, m.content] for m in request.messages]
        asked = request_hash(request.purpose.value, json.dumps(messages))
        record.refuse_again(asked)
        row = record.take(StepKind.REPLY, asked)
        if row is not None:
            return reply_from(row.content, row.cost)
        return await self._ask(request, asked)

    async def _ask(self, request: Request, asked: str) -> Reply:
        record, running = self._record, self._record.running
        while True:
            record.meter.add_seconds(-await running.wait())
            most_input = record.meter.most_input(request.messages)
            fitted = replace(request, most_output=self._room(request, most_input))
            most = most_cost(self._author, fitted, most_input=most_input)
            try:
                reply = await asyncio.wait_for(
                    record.payer.pay(record.place(asked), self._author, fitted, most=most),
                    timeout=record.meter.seconds_left,
                )
            except (EndpointUnreachable, EndpointBusy) as error:
                running.pause(error)
                continue
            except ContextTooLong as error:  # a resumed task has to be told the same
                record.write(StepKind.TOO_LONG, asked, str(error))
                raise
            except BudgetSpent:  # perhaps only since others were settled: with less, then
                room = self._room(request, most_input)
                if room is not None and room < (fitted.most_output or 0):
                    continue
                raise
            running.answered()
            record.advance()
            return reply

    def _room(self, request: Request, most_input: int) -> int | None:
        """Return how long the reply may be: what the task allows, and session and library."""
        if not is_priced(self._author):
            return request.most_output
        tokens, usd = self._record.account_room()
        room = most_output(self._author, most_input, tokens=tokens, usd=usd)
        if room is None:
            return request.most_output
        return min(request.most_output or _MOST_OUTPUT, max(_LEAST_OUTPUT, room), _MOST_OUTPUT)


def request_hash(*parts: str) -> str:
    """Return a short hash of what is asked."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
