from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from benchmarks.dask_cluster import DaskCluster
from benchmarks.model_server import ModelServer
from benchmarks.session_driver import NAME, library, reply, rows_of, skill_of, tasks
from habilis import Agent, OpenAIAuthor, Result, SkillLibrary, Task
from habilis.agent.engines.engine import open_engine
from habilis.agent.engines.job import Job, close_guests, do_job
from habilis.agent.engines.parcel import pack_agent, pack_task, unpack
from habilis.agent.session import Session
from habilis.agent.sessions.running import StopSession
from habilis.errors import AuthorUnavailable, EngineLost, HabilisError, KeyRefused, SessionError
from habilis.events import Event
from habilis.memory.journal_ledger import scope_of
from tests.engine_driver import FusedAuthor, session_of

ROOT = Path(__file__).parent.parent.parent
KEY = {"OPENAI_API_KEY": "a-key-of-the-worker", "HABILIS_GATEWAY_IDLE_S": "5"}
NOT_TESTED = "Dask is NOT TESTED: pip install 'habilis[dask]'"
COUNT = 8
pytestmark = pytest.mark.on_both_stores


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    """Two workers of two threads each."""
    with dask() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Processes of the standard library, as an executor that a user may bring."""
    os.environ.update(KEY)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture(params=["threads", "processes", "dask"])
def engine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What `Session.run` is given for each engine."""
    if request.param == "dask":
        return {"engine": request.getfixturevalue("cluster").url}
    if request.param == "processes":
        return {"executor": request.getfixturevalue("pool"), "parallel": 2}
    return {"parallel": 4}


@dataclass
class Place:
    """A library wherever this store keeps it, a model that counts, and what became of both."""

    address: str
    library: SkillLibrary
    model: ModelServer
    effects: Path
    told: list[Event] = field(default_factory=list)

    def session(self, *, steps: int | None = None) -> Session:
        return session_of(self.library, self.model.url, COUNT, self.effects, steps=steps)

    def run(self, **given: Any) -> list[Result]:
        session = self.session()
        return session.run_sync(**{"observer": self.told.append, **given})

    def assert_once(self, *, again: int = 0) -> None:
        """Every task is finished, every skill kept and every answer paid exactly once.

        At most `again` actions that were cut off have been run again.
        """
        journal = self.library.journal
        results = journal.finished(NAME)
        assert results.keys() == {task.key for task in tasks(COUNT)}
        for number in range(COUNT):
            assert f'"answer": {number * 3 + 1}, "answered": true' in results[f"t{number}"]
        skills = {skill.name: len(self.library.history(skill.name)) for skill in self.library}
        assert skills == {skill_of(number): 1 for number in rows_of(COUNT)}
        assert self.model.paid_twice == 0
        assert journal.ledger.account(scope_of(NAME)).tokens == self.model.tokens
        effects = Counter(self.effects.read_text().split())
        assert len(effects) == COUNT and sum(effects.values()) <= COUNT + again
        row = journal.session(NAME)
        assert row is not None and row.state == "finished"


@pytest.fixture
def place(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A new library in each kind of store; it must be well at the end of every test."""
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    with ModelServer(reply, latency_s=0.1) as model, library(address) as shelf:
        yield Place(address, shelf, model, tmp_path / "effects")
        close_guests()
        assert shelf.check() == []


def dask() -> DaskCluster:
    pytest.importorskip("distributed", reason=NOT_TESTED)
    return DaskCluster(environment=KEY)


def once(wanted: Callable[[list[Event]], bool], act: Callable[[], object]) -> Any:
    """Return an observer that acts when what was told so far is as wanted, one time."""
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if wanted(told) and not done:
            done.append(act())

    done: list[object] = []
    return tell


def acted(count: int) -> Callable[[list[Event]], bool]:
    return lambda told: sum(event.kind == "acted" for event in told) >= count


# the same on every engine ----------------------------------------------------


def test_every_task_is_done_once(place: Place, engine: dict[str, Any]) -> None:
    """Results, skills and costs are the same wherever tasks run, and each task is told of."""
    results = place.run(**engine)
    assert [result.task_id for result in results] == [f"t{number}" for number in range(COUNT)]
    place.assert_once()
    for kind in ("task_started", "task_finished"):
        told = Counter(event.task_id for event in place.told if event.kind == kind)
        assert told == {f"t{number}": 1 for number in range(COUNT)}


def test_a_session_stops_after_its_tasks_when_asked(place: Place, engine: dict[str, Any]) -> None:
    """`habilis session stop` lets what is under way finish; resumed, nothing is done again."""
    stop = once(
        lambda told: told[-1].kind == "task_finished",
        lambda: place.library.journal.request_stop(NAME),
    )
    first = place.run(observer=stop, **engine)
    row = place.library.journal.session(NAME)
    assert 1 <= len(first) < COUNT and row is not None and row.state == "stopped"
    assert len(place.run(**engine)) == COUNT
    place.assert_once()


def test_an_error_of_one_task_ends_the_session(place: Place, engine: dict[str, Any]) -> None:
    """It is raised as the author raised it, wherever that was; what is finished is kept."""
    fuse = place.effects
    agent = Agent(FusedAuthor(fuse), library=place.library)
    session = agent.session("fused", [Task(f"Say {n}.", id=f"t{n}") for n in range(4)])
    fuse.write_text("t2")
    with pytest.raises(KeyRefused, match="t2 is refused"):
        session.run_sync(**engine)
    row = place.library.journal.session("fused")
    assert row is not None and row.state == "stopped" and "t2" not in session.finished
    fuse.write_text("")
    assert [result.answer for result in session.run_sync(**engine)] == [1, 1, 1, 1]


def test_a_budget_is_one_for_all_processes(place: Place, engine: dict[str, Any]) -> None:
    """Tasks elsewhere set aside what they may cost in the same account: nothing is overrun."""
    session = place.session(steps=7)
    session.run_sync(**engine)
    account = place.library.journal.ledger.account(scope_of(NAME))
    assert account.steps == 7 and "steps" in session.stopped_because
    assert len(place.run(**engine)) == COUNT
    place.assert_once()


# engines that die --------------------------------------------------------------


def test_a_worker_that_is_killed_loses_nothing(place: Place) -> None:
    """Its tasks go on where they were on the worker that is left."""
    with dask() as cluster:
        kill = once(acted(4), cluster.workers[0].kill)
        assert len(place.run(observer=kill, engine=cluster.url)) == COUNT
        assert cluster.workers[0].wait() == -9
    place.assert_once(again=2)


def test_a_scheduler_that_is_killed_loses_nothing(place: Place) -> None:
    """The error says what to do; the session is stopped, and goes on wherever one likes."""
    with dask() as cluster:
        kill = once(acted(4), cluster.scheduler.kill)
        with pytest.raises(EngineLost, match=r"is gone; what is finished is kept.*resume"):
            place.run(observer=kill, engine=cluster.url)
        row = place.library.journal.session(NAME)
        assert row is not None and row.state == "stopped"
        assert len(place.run(parallel=2)) == COUNT  # waits for what workers are still at
    place.assert_once(again=4)


def test_a_driver_that_is_killed_loses_nothing(place: Place, cluster: DaskCluster) -> None:
    """What its workers are at they finish; the next driver waits for that."""
    command = [sys.executable, "-m", "tests.engine_driver", place.address, str(place.effects)]
    command += [place.model.url, str(COUNT), cluster.url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        acts = (line for line in driver.stdout if line.startswith("acted"))
        assert [next(acts) for _ in range(4)]
        driver.kill()
        driver.stdout.read()
    assert len(place.run(engine=cluster.url)) == COUNT
    place.assert_once()


def test_stopping_at_once_reaches_workers(place: Place, cluster: DaskCluster) -> None:
    """Ctrl-C ends the steps of other processes, too; the call under way is not paid again."""
    session = place.session()
    stop = once(acted(3), lambda: session.stop(grace_s=0.0))
    first = session.run_sync(observer=stop, engine=cluster.url)
    assert len(first) < COUNT and session.stopped_because == "asked to stop"
    assert len(place.run(engine=cluster.url)) == COUNT
    place.assert_once(again=4)


def test_a_job_that_runs_twice_is_done_once(place: Place, cluster: DaskCluster) -> None:
    """Engines repeat jobs when they lose sight of one: claims see to it that nothing is."""

    class Twice(Executor):
        def submit(self, job: Any, /, *given: Any, **named: Any) -> Any:
            client.submit(job, *given, **named)
            return client.submit(job, *given, **named)

    engine = open_engine(cluster.url)
    client = engine.executor
    place.run(executor=Twice(), parallel=4)
    engine.close()
    place.assert_once()


# what cannot be ----------------------------------------------------------------


def test_what_cannot_be_sent_is_named(place: Place, cluster: DaskCluster) -> None:
    """A tool, a check or an input that holds a lock, a file or a socket stays where it is."""
    lock = threading.Lock()

    def locked(x: int) -> int:
        """Return x."""
        with lock:
            return x

    agent = Agent(FusedAuthor(place.effects), library=place.library, tools=[locked])
    with pytest.raises(SessionError, match=r"agent cannot be sent .* its tool 'locked'.*lock"):
        agent.session("a", [Task("Say it.")]).run_sync(engine=cluster.url)
    task = Task("Say it.", id="t", checks=lambda answer: locked(1))
    agent = Agent(FusedAuthor(place.effects), library=place.library)
    with pytest.raises(SessionError, match=r"task 't' cannot be sent .* its check .*lock"):
        agent.session("b", [task]).run_sync(engine=cluster.url)


def test_keys_are_never_sent(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each machine has its own; one that has none says so."""
    url = place.model.url.replace("//", "//me:secret-word@")
    author = OpenAIAuthor("m", base_url=url, api_key="secret-key")
    parcel = pack_agent(Agent(author, library=place.library))
    assert b"secret" not in parcel
    with pytest.raises(AuthorUnavailable, match=r"OPENAI_BASE_URL .* is not set on"):
        unpack(parcel)
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    agent = unpack(parcel)
    assert agent.author.order() == {**author.order(), "api_key": KEY["OPENAI_API_KEY"]}
    agent.library.close()
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(AuthorUnavailable, match=r"OPENAI_API_KEY is not set on .* never sent"):
        unpack(parcel)


def job_for(place: Place) -> Job:
    """Return a job for a session that runs, its claim not given back."""
    place.library.journal.make_session(NAME, fingerprint="", count=1, source="")
    agent = Agent(FusedAuthor(place.effects), library=place.library)
    return Job(
        claim=place.library.journal.claims.take(NAME),
        agent=pack_agent(agent),
        task=pack_task(Task("Say it.", id="t")),
        patience_s=0.0,
        library=place.address,
    )


def test_a_worker_with_another_library_is_refused(place: Place, tmp_path: Path) -> None:
    """A folder of the same name on another machine is another library, or none."""
    job = job_for(place)
    with library(str(tmp_path / "other")) as other:
        elsewhere = replace(job, agent=pack_agent(Agent("compose", library=other)))
        with pytest.raises(SessionError, match="does not see the library"):
            do_job(elsewhere)
    shutil.rmtree(tmp_path / "other")
    with pytest.raises(SessionError, match=r"does not see the library .*docs/scaling.md"):
        do_job(elsewhere)
    assert not (tmp_path / "other").exists()


def test_a_worker_with_another_habilis_is_refused(place: Place) -> None:
    """Both versions are named."""
    with pytest.raises(SessionError, match=r"has habilis .* the session habilis 0.0 on Python 3.9"):
        do_job(replace(job_for(place), versions=("0.0", "3.9")))


def test_a_job_of_a_session_that_is_over_does_nothing(place: Place) -> None:
    """Somebody else has the session now, or nobody wants it."""
    job, claims = job_for(place), place.library.journal.claims
    claims.release(job.claim)
    with pytest.raises(StopSession):
        do_job(job)
    claims.take(NAME)
    with pytest.raises(StopSession):
        do_job(job)
    assert place.library.journal.finished(NAME) == {}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dask://127.0.0.1:1", "no Dask scheduler answers at dask://127.0.0.1:1"),
        ("dask://me:word@host:8786", r"'host:8786' holds a user name or password"),
        ("dask://host", "is not dask://HOST:PORT"),
        ("spark://host:1", "no engine 'spark'"),
        ("ray://host:1", "give an executor"),
        ("dask+tls://127.0.0.1:1", "needs certificates"),
        ("fast", 'write "dask://HOST:PORT", or "threads"'),
    ],
)
def test_an_engine_that_cannot_be_used_says_why(place: Place, url: str, said: str) -> None:
    """What, where and what to do; nothing is begun, no password is shown."""
    pytest.importorskip("distributed", reason=NOT_TESTED)
    with pytest.raises(HabilisError, match=said) as caught:
        place.run(engine=url)
    assert "word@" not in str(caught.value) and place.library.journal.session(NAME) is None


def test_something_else_at_the_engines_address_is_found_out(place: Place) -> None:
    """A port where no Dask listens does not hang a session."""
    pytest.importorskip("distributed", reason=NOT_TESTED)
    with pytest.raises(EngineLost, match="listens there that is no Dask"):
        place.run(engine=place.model.url.replace("http", "dask").removesuffix("/v1"))
