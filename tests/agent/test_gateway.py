from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from habilis import Agent, Expected, OpenAIAuthor, Request, SkillLibrary, Task
from habilis.agent.author import Message, Purpose
from habilis.agent.gateway.client import PayThroughGateway
from habilis.agent.gateway.start import SOCKET
from habilis.agent.sessions.paying import PayHere
from habilis.errors import BudgetSpent, ClaimLost, EndpointBusy, EndpointUnreachable, KeyRefused
from habilis.memory.journal import Journal
from habilis.memory.journal_claims import Claim
from habilis.memory.journal_ledger import scope_of
from habilis.memory.opening import open_store
from habilis.memory.step import Place, StepState
from habilis.memory.usage import Usage
from tests.chat_server import ChatServer, Fault, Say

pytestmark = pytest.mark.on_both_stores

MOST = Usage(requests=1, input_tokens=100, output_tokens=100, usd=None)


class Desk:
    """A session's side of a gateway, over a library of its own."""

    def __init__(self, address: str) -> None:
        self.store = open_store(address)
        self.journal = Journal(self.store)
        self.journal.make_session("s", fingerprint="", count=0, source="")
        self.claim = self.journal.claims.take("s", "t")
        here = PayHere(self.journal.steps, process=self.claim.process)
        self.payer = PayThroughGateway(self.store, self.journal, otherwise=here)

    async def ask(
        self,
        author: OpenAIAuthor,
        number: int = 0,
        *,
        claim: Claim | None = None,
        question: str = "question",
    ) -> str:
        asked = f"{question} {number}"
        place = Place(claim=claim or self.claim, number=number, request=asked)
        message = Message(role="user", content=asked)
        request = Request(purpose=Purpose.ACT, task=Task("x"), messages=[message])
        return (await self.payer.pay(place, author, request, most=MOST)).text

    def gateway_pid(self) -> int:
        rows = self.store.rows("SELECT pid FROM process WHERE pid <> ?", (os.getpid(),))
        return int(rows[0][0])


@pytest.fixture
def desk(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The gateway ends by itself: soon after the last call, or when the socket is gone."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    desk = Desk(address)
    yield desk
    desk.store.close()
    (desk.store.folder / SOCKET).unlink(missing_ok=True)


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_made_recorded_and_handed_over(desk: Desk, stream: bool) -> None:
    """The key reaches the server and nothing else; the socket is its owner's alone."""
    with ChatServer(["The answer is forty-two."]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="sk-secret-7", stream=stream)
        assert asyncio.run(desk.ask(author)) == "The answer is forty-two."
    assert server.keys == ["Bearer sk-secret-7"]
    (step,) = desk.journal.steps.of_session("s")
    assert (step.state, step.cost.tokens) == (StepState.DONE, 8)
    account = desk.journal.ledger.account(scope_of("s"))
    assert (account.tokens, account.reserved_tokens) == (8, 0)
    folder = desk.store.folder
    assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600
    kept = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not any(b"sk-secret-7" in content for content in kept)


def test_a_call_that_is_asked_for_again_is_not_made_again(desk: Desk) -> None:
    """While it is under way it is joined, later it is read from the journal."""
    gate = threading.Event()

    def answer(body: object) -> str:
        gate.wait(30)
        return "once"

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")

        async def twice() -> tuple[str, str]:
            first = asyncio.create_task(desk.ask(author))
            second = asyncio.create_task(desk.ask(author))
            while not server.requests and not first.done():
                await asyncio.sleep(0.01)
            gate.set()
            return await asyncio.gather(first, second)

        assert list(asyncio.run(twice())) == ["once", "once"]
        assert asyncio.run(desk.ask(author)) == "once"
        assert len(server.requests) == 1


def test_an_answer_outlives_the_session_that_asked(desk: Desk) -> None:
    """The session's side is gone before the answer comes: it is recorded all the same."""
    gate = threading.Event()

    def answer(body: object) -> str:
        gate.wait(30)
        return "late"

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")

        async def leave() -> None:
            asking = asyncio.create_task(desk.ask(author))
            while not server.requests and not asking.done():
                await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.wait([asking])

        asyncio.run(leave())
        gate.set()
        assert asyncio.run(desk.ask(author)) == "late"
        assert len(server.requests) == 1


@pytest.mark.parametrize("given_up", [False, True])
@pytest.mark.parametrize("first_back", ["old", "new"])
def test_another_question_at_the_same_place_gets_its_own_answer(
    desk: Desk, first_back: str, given_up: bool
) -> None:
    """The call under way is dropped at its true cost, whether the session gave it up or not."""
    gates = {"old": threading.Event(), "new": threading.Event()}
    seen: list[str] = []

    def answer(body: dict[str, Any]) -> Say:
        word = body["messages"][0]["content"].split()[0]
        seen.append(word)
        return Say(pieces=late(word))

    def late(word: str) -> Iterator[str]:
        gates[word].wait(30)
        message = {"role": "assistant", "content": f"the {word} answer"}
        usage = {"prompt_tokens": 5, "completion_tokens": 2}
        yield json.dumps({"choices": [{"message": message}], "usage": usage})

    async def replace(author: OpenAIAuthor) -> list[str]:
        old = asyncio.create_task(desk.ask(author, question="old"))
        while "old" not in seen and not old.done():
            await asyncio.sleep(0.01)
        if given_up:
            desk.journal.steps.give_up(desk.journal.steps.of_session("s")[0].id)
        new = asyncio.create_task(desk.ask(author, question="new"))
        while "new" not in seen and not new.done():
            await asyncio.sleep(0.01)
        gates[first_back].set()
        await (old if first_back == "old" else new)
        for gate in gates.values():
            gate.set()
        answers = await asyncio.gather(old, new)
        return [*answers, await desk.ask(author, question="new")]

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        answers = asyncio.run(replace(author))
    assert answers == ["the old answer", "the new answer", "the new answer"]
    assert seen == ["old", "new"]
    steps = [(s.request, s.state, s.cost.tokens) for s in desk.journal.steps.of_session("s")]
    assert steps == [("old 0", StepState.DROPPED, 7), ("new 0", StepState.DONE, 7)]
    account = desk.journal.ledger.account(scope_of("s"))
    assert (account.tokens, account.reserved_tokens) == (14, 0)


def test_a_killed_gateway_leaves_its_calls_in_doubt(desk: Desk) -> None:
    """A new one is started; the call is made again, and the first one listed and counted."""
    gate = threading.Event()

    def cut_off_body() -> Iterator[str]:
        gate.wait(30)
        yield ""

    def answer(body: object) -> str | Say:
        return Say(pieces=cut_off_body()) if len(server.requests) == 1 else "again"

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")

        async def cut_off() -> str:
            asking = asyncio.create_task(desk.ask(author))
            while not server.requests and not asking.done():
                await asyncio.sleep(0.01)
            os.kill(desk.gateway_pid(), signal.SIGKILL)
            return await asking

        assert asyncio.run(cut_off()) == "again"
        gate.set()
    (doubt,) = desk.journal.steps.in_doubt("s")
    assert doubt.state is StepState.IN_DOUBT and len(server.requests) == 2
    account = desk.journal.ledger.account(scope_of("s"))
    assert account.tokens == MOST.tokens + desk.journal.steps.of_task("s", "t")[0].cost.tokens


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("lost", [Fault(drop=True), Say(body="<html>bad gateway</html>")])
def test_a_reply_that_broke_off_may_have_been_paid(
    desk: Desk, lost: Fault | Say, stream: bool
) -> None:
    """So may one that a proxy replaced: it is asked for again, and the first counts as spent."""
    with ChatServer([lost, "whole"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k", stream=stream)
        assert asyncio.run(desk.ask(author)) == "whole"
    states = [step.state for step in desk.journal.steps.of_session("s")]
    assert states == [StepState.IN_DOUBT, StepState.DONE]


def test_a_refusal_costs_nothing_and_comes_as_it_is(desk: Desk) -> None:
    """Errors cross with their class and their words."""
    with ChatServer([Fault(status=401, message="bad key")]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="sk-7")
        with pytest.raises(KeyRefused, match="bad key"):
            asyncio.run(desk.ask(author))
    away = OpenAIAuthor("m", base_url=server.url, api_key="k")
    with pytest.raises(EndpointUnreachable, match="nothing answers"):
        asyncio.run(desk.ask(away, 1))
    assert [s.state for s in desk.journal.steps.of_session("s")] == [StepState.FAILED] * 2
    assert desk.journal.ledger.account(scope_of("s")).tokens == 0


def test_a_rate_limit_is_waited_out(desk: Desk) -> None:
    """The endpoint's own wish is kept; no attempt costs anything."""
    with ChatServer([Fault(status=429), Fault(status=429), "four"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        assert asyncio.run(desk.ask(author)) == "four"
    assert len(server.requests) == 3
    assert not desk.journal.steps.in_doubt("s")


def test_a_long_wish_is_for_the_session_to_wait_for(desk: Desk) -> None:
    """The gateway does not sit on the call: the session has its patience, and tells."""
    with ChatServer([Fault(status=429, retry_after="7200"), "never"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        with pytest.raises(EndpointBusy) as caught:
            asyncio.run(desk.ask(author))
    assert caught.value.retry_after_s == 7200 and len(server.requests) == 1


def test_an_endpoint_that_goes_on_refusing_is_for_the_session_to_wait_for(desk: Desk) -> None:
    """The gateway tries again for a hiccup; the next call is told at its first refusal."""
    with ChatServer([Fault(status=503)] * 5 + ["never"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k", max_retries=2)
        for number, asked in enumerate([3, 4, 5]):
            with pytest.raises(EndpointBusy):
                asyncio.run(desk.ask(author, number))
            assert len(server.requests) == asked


def test_a_budget_is_never_overrun(desk: Desk) -> None:
    """What calls under way may cost is set aside; side by side they do not pass the limit."""
    desk.journal.ledger.limit(scope_of("s"), tokens=1_000)
    with ChatServer(lambda body: "x" * 300) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")

        async def many() -> list[str | BaseException]:
            asking = [desk.ask(author, number) for number in range(40)]
            return await asyncio.gather(*asking, return_exceptions=True)

        answers = asyncio.run(many())
    refused = [answer for answer in answers if isinstance(answer, BudgetSpent)]
    account = desk.journal.ledger.account(scope_of("s"))
    assert len(refused) + len(server.requests) == 40 and refused
    assert 700 <= account.tokens <= 1_000 and account.reserved_tokens == 0


def test_a_session_that_was_taken_over_pays_no_more(desk: Desk) -> None:
    """The gateway looks at the fence before it sends anything."""
    with ChatServer(["never"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        old = Claim(session="s", task="t", fence=desk.claim.fence - 1, process="x")
        with pytest.raises(ClaimLost):
            asyncio.run(desk.ask(author, claim=old))
    assert server.requests == []


def test_a_session_pays_through_the_gateway(
    library: SkillLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has to be started by hand, and the ledger is what the server counted."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    replies = ["```python\nfinal_answer(42)\n```", "NOTHING"]
    with ChatServer(replies) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        task = Task("Say 42.", checks=[Expected(42)])
        result = Agent(author, library=library).run_sync(task, session="s")
    assert result.solved and len(server.requests) == 2
    account = library.journal.ledger.account(scope_of("s"))
    assert account.tokens == result.usage.tokens > 0
    processes = library.store.rows("SELECT pid FROM process")
    assert os.getpid() not in [row[0] for row in processes] and len(processes) == 1
    (library.path / SOCKET).unlink()
