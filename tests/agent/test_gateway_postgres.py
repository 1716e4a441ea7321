"""Gateways over a library in Postgres: on two machines, and with a server that goes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from habilis import Agent, Expected, OpenAIAuthor, Request, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.author import Message, Purpose
from habilis.agent.gateway.client import PayThroughGateway
from habilis.agent.gateway.start import SOCKET
from habilis.agent.sessions.paying import PayHere
from habilis.memory.journal import Journal
from habilis.memory.opening import open_store
from habilis.memory.step import Place, StepState
from habilis.memory.store import Store
from habilis.memory.usage import Usage
from tests.chat_server import ChatServer
from tests.making import HashEncoder
from tests.postgres_server import PostgresServer

MOST = Usage(requests=1, input_tokens=100, output_tokens=100, usd=None)
LOGIN = "owner:s3cret-w0rd"


def schema_of(store: Store) -> str:
    return str(store.rows("SELECT current_schema()")[0][0])


class Machine:
    """A session's side of the gateway of one machine."""

    def __init__(self, url: str) -> None:
        self.store = open_store(url)
        self.journal = Journal(self.store)
        self.journal.make_session("s", fingerprint="", count=0, source="")
        self.claim = self.journal.claims.take("s", "t")
        here = PayHere(self.journal.steps, process=self.claim.process)
        self.payer = PayThroughGateway(self.store, self.journal, otherwise=here)

    async def ask(self, author: OpenAIAuthor, number: int) -> str:
        place = Place(claim=self.claim, number=number, request=f"r{number}")
        message = Message(role="user", content=f"question {number}")
        request = Request(purpose=Purpose.ACT, task=Task("x"), messages=[message])
        return (await self.payer.pay(place, author, request, most=MOST)).text

    def close(self) -> None:
        self.journal.claims.release(self.claim)
        self.store.close()
        (self.store.folder / SOCKET).unlink(missing_ok=True)


@pytest.fixture
def machines(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Iterator[Machine]]:
    """Machines one after the other: the next one takes the task over."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    made: list[Machine] = []
    url = postgres.url(login=LOGIN.replace("owner", "habilis"))

    def switch_on() -> Iterator[Machine]:
        while True:
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / str(len(made))))
            if made:
                made[-1].journal.claims.release(made[-1].claim)
            made.append(Machine(url))
            yield made[-1]

    yield switch_on()
    for machine in made:
        machine.close()


def test_a_call_of_another_machines_gateway_is_waited_for(machines: Iterator[Machine]) -> None:
    """The second gateway sees in the database that the first one is at it: one payment."""
    gate, asked = threading.Event(), threading.Event()

    def answer(body: dict[str, Any]) -> str:
        asked.set()
        assert gate.wait(60)
        return "late"

    async def take_over(slow: OpenAIAuthor, quick: OpenAIAuthor) -> tuple[str, str]:
        first = asyncio.create_task(next(machines).ask(slow, 0))
        assert await asyncio.to_thread(asked.wait, 60)
        second = next(machines)
        assert await second.ask(quick, 1) == "quick"
        again = asyncio.create_task(second.ask(slow, 0))
        assert await second.ask(quick, 2) == "quick"  # by now it has looked at the first one's
        gate.set()
        return await first, await again

    with ChatServer(answer) as server, ChatServer(["quick", "quick"]) as other:
        slow = OpenAIAuthor("m", base_url=server.url, api_key="k")
        quick = OpenAIAuthor("m", base_url=other.url, api_key="k")
        assert set(asyncio.run(take_over(slow, quick))) == {"late"}
        assert len(server.requests) == 1


def test_the_gateway_gets_the_password_and_shows_it_to_nobody(
    machines: Iterator[Machine], tmp_path: Path
) -> None:
    """It comes through a pipe: not in a command line, not in a file beside the socket."""
    machine = next(machines)
    with ChatServer(["yes"]) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        assert asyncio.run(machine.ask(author, 0)) == "yes"
    (step,) = machine.journal.steps.of_session("s")
    assert step.state is StepState.DONE and step.process != machine.claim.process
    (row,) = machine.store.rows("SELECT pid FROM process WHERE token = ?", (step.process,))
    for place in ("cmdline", "environ"):
        assert b"s3cret" not in Path(f"/proc/{row[0]}/{place}").read_bytes()
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert files and not any(b"s3cret" in content for content in files)


def test_an_answer_is_recorded_though_the_server_cuts_it_off(
    machines: Iterator[Machine], postgres: PostgresServer
) -> None:
    """In the middle of writing it down: the gateway has it still, and writes it once more."""
    import psycopg

    machine = next(machines)
    waiting = "wait_event_type = 'Lock' AND query LIKE 'UPDATE account%'"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiting}"

    def answer(body: dict[str, Any]) -> str:
        held.execute("BEGIN; SELECT * FROM account FOR UPDATE")
        cutting.start()
        return "paid"

    def cut() -> None:
        while not postgres.sql(end):
            pass
        held.execute("ROLLBACK")

    cutting = threading.Thread(target=cut)
    where = postgres.url(schema_of(machine.store)).replace("&schema=", "&options=-csearch_path%3D")
    with psycopg.connect(where, autocommit=True) as held, ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        assert asyncio.run(machine.ask(author, 0)) == "paid"
        cutting.join()
        assert len(server.requests) == 1
    (step,) = machine.journal.steps.of_session("s")
    assert step.state is StepState.DONE
    assert machine.journal.ledger.account("session:s").tokens == step.cost.tokens > 0


def test_a_server_that_is_started_again_while_a_call_is_under_way(
    machines: Iterator[Machine], postgres: PostgresServer
) -> None:
    """Gateway and session connect anew; the call is paid once."""
    machine = next(machines)

    def answer(body: dict[str, Any]) -> str:
        postgres.kill()
        postgres.start()
        return "paid"

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        assert asyncio.run(machine.ask(author, 0)) == "paid"
        assert len(server.requests) == 1
    assert machine.journal.steps.in_doubt() == []


def test_a_session_goes_on_when_its_database_was_started_again(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of its second task: nothing is lost, nothing is asked twice."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def says(request: Request) -> str:
        if request.purpose != "act":
            return "NOTHING"
        if request.task.id == "t1":
            postgres.kill()
            postgres.start()
        return f"```python\nfinal_answer({request.task.id[1:]})\n```"

    tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(3)]
    author = ScriptedAuthor(says)
    with SkillLibrary(postgres.url(), encoder=HashEncoder(), index="exact") as library:
        results = Agent(author, library=library).session("s", tasks).run_sync()
        assert [result.solved for result in results] == [True] * 3
        row = library.journal.session("s")
        assert row is not None and row.state == "finished" and library.check() == []
    assert [r.task.id for r in author.requests if r.purpose == "act"] == ["t0", "t1", "t2"]
