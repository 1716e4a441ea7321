from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from benchmarks.dask_cluster import DaskCluster
from benchmarks.session_driver import NAME, library
from habilis import Agent, OpenAIAuthor, Task
from habilis.agent.engines.engine import open_engine
from habilis.agent.engines.job import Job, do_job
from habilis.agent.engines.parcel import pack_agent, pack_task, unpack
from habilis.agent.engines.quiet import quiet
from habilis.agent.sessions.running import StopSession
from habilis.errors import AuthorUnavailable, EngineLost, HabilisError, KeyRefused, SessionError
from habilis.events import Event
from habilis.memory.journal_ledger import scope_of
from tests.engine_driver import FusedAuthor
from tests.engine_place import COUNT, KEY, Place, acted, finished, needs, new_place, once

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.on_both_stores


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    """Two workers of two threads each."""
    with dask() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Processes of the standard library, as an executor that a user may bring."""
    with (
        pytest.MonkeyPatch.context() as patch,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        for name, value in KEY.items():
            patch.setenv(name, value)
        yield pool


@pytest.fixture(params=["threads", "processes", "dask"])
def engine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What `Session.run` is given for each engine."""
    if request.param == "dask":
        return {"engine": request.getfixturevalue("cluster").url}
    if request.param == "processes":
        return {"executor": request.getfixturevalue("pool"), "parallel": 2}
    return {"parallel": 4}


@pytest.fixture
def place(address: str, tmp_path: Path) -> Iterator[Place]:
    """A new library in each kind of store."""
    with new_place(address, tmp_path) as place:
        yield place


def dask() -> DaskCluster:
    needs("dask")
    return DaskCluster(environment=KEY)


@contextmanager
def heard(name: str) -> Iterator[list[str]]:
    """Return what a logger gives to its handlers."""
    log, said = logging.getLogger(name), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    yield said
    log.removeHandler(handler)


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
    stop = once(finished, lambda: place.library.journal.request_stop(NAME))
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


def test_a_session_without_workers_says_that_it_waits(place: Place) -> None:
    """To whoever listens and in the journal, until one joins."""
    needs("dask")
    said: list[str] = []
    with DaskCluster(workers=0, environment=KEY) as empty:

        def join(event: Event) -> None:
            row = place.library.journal.session(NAME)
            if event.kind == "paused" and row is not None:
                said.append(row.waiting)
                empty.add_worker()
            elif event.kind == "task_finished" and row is not None:
                said.append(row.waiting)

        assert len(place.run(observer=join, engine=empty.url)) == COUNT
    assert said[0] == f"{empty.url} has no workers; tasks go on when one joins"
    assert said[-1] == ""
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
    """The error says what to do, and says it alone; the session goes on wherever one likes."""
    with dask() as cluster, heard("distributed.client") as said:
        kill = once(acted(4), cluster.scheduler.kill)
        with pytest.raises(EngineLost, match=r"is gone; what is finished is kept.*resume"):
            place.run(observer=kill, engine=cluster.url)
        assert said == []
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


def test_quiet_loggers_are_as_they_were_afterwards() -> None:
    """Two engines may be open at a time, and who wants to debug one hears all."""
    log = logging.getLogger("an.engine")
    with heard("an.engine") as said:
        with quiet("an.engine"):
            with quiet("an.engine"):
                log.error("one")
            log.error("two")
        log.error("three")
        with quiet("an.engine"):
            log.setLevel(logging.DEBUG)
            log.error("four")
    assert said == ["three", "four"]


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
        ("ray://127.0.0.1:1", "no Ray cluster answers at ray://127.0.0.1:1"),
        ("dask+tls://127.0.0.1:1", "needs certificates"),
        ("fast", 'write "dask://HOST:PORT", "ray://HOST:PORT", or "threads"'),
    ],
)
def test_an_engine_that_cannot_be_used_says_why(place: Place, url: str, said: str) -> None:
    """What, where and what to do; nothing is begun, no password is shown."""
    needs("ray" if url.startswith("ray") else "dask")
    with pytest.raises(HabilisError, match=said) as caught:
        place.run(engine=url)
    assert "word@" not in str(caught.value) and place.library.journal.session(NAME) is None


def test_something_else_at_the_engines_address_is_found_out(place: Place) -> None:
    """A port where no Dask listens does not hang a session."""
    needs("dask")
    with pytest.raises(EngineLost, match="perhaps something else listens there"):
        place.run(engine=place.model.url.replace("http", "dask").removesuffix("/v1"))
