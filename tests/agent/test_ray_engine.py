"""Ray, where it is installed: half a minute for what other engines are tested for in full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.ray_cluster import RayCluster
from benchmarks.session_driver import NAME
from habilis import Agent, Task
from habilis.errors import EngineLost, KeyRefused
from habilis.events import Event
from tests.engine_driver import FusedAuthor
from tests.engine_place import COUNT, KEY, Place, finished, needs, new_place, once

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def clusters() -> Iterator[list[RayCluster]]:
    """Those that were started; the last one may be alive."""
    needs("ray")
    started: list[RayCluster] = []
    yield started
    for cluster in started:
        cluster.close()


@pytest.fixture
def cluster(clusters: list[RayCluster]) -> RayCluster:
    """Two processes, each at one task at a time."""
    if not clusters or clusters[-1].head.poll() is not None:
        clusters.append(RayCluster(environment=KEY))
    return clusters[-1]


@pytest.fixture
def place(address: str, tmp_path: Path) -> Iterator[Place]:
    """A new library in a folder."""
    with new_place(address, tmp_path) as place:
        yield place


def test_a_worker_of_ray_that_is_killed_loses_nothing(place: Place, cluster: RayCluster) -> None:
    """Its task goes on where it was in another process; each is told of once."""
    told = Counter[str]()

    def tell(event: Event) -> None:
        told.update([event.task_id] * (event.kind == "task_finished"))
        kill(event)

    kill = once(finished, lambda: os.kill(cluster.at_work()[0], signal.SIGKILL))
    assert len(place.run(observer=tell, engine=cluster.url)) == COUNT
    assert told == {f"t{number}": 1 for number in range(COUNT)}
    place.assert_once(again=1)


def test_an_error_on_ray_is_raised_as_it_was(place: Place, cluster: RayCluster) -> None:
    """Not as an error of Ray's that holds it."""
    fuse = place.effects
    agent = Agent(FusedAuthor(fuse), library=place.library)
    fuse.write_text("t1")
    with pytest.raises(KeyRefused, match="t1 is refused") as caught:
        agent.session("fused", [Task("Say it.", id="t1")]).run_sync(engine=cluster.url)
    assert type(caught.value) is KeyRefused


def test_a_driver_of_ray_that_is_killed_loses_nothing(place: Place, cluster: RayCluster) -> None:
    """What its workers are at they finish; the next driver waits for that."""
    command = [sys.executable, "-m", "tests.engine_driver", place.address, str(place.effects)]
    command += [place.model.url, str(COUNT), cluster.url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        assert next(line for line in driver.stdout if line.startswith("task_finished"))
        driver.kill()
        driver.stdout.read()
    assert len(place.run(engine=cluster.url)) == COUNT
    place.assert_once()


def test_a_cluster_of_ray_that_is_killed_loses_nothing(
    place: Place, cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to do; the session is stopped, and goes on wherever one likes."""
    monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "1")
    with pytest.raises(EngineLost, match=r"is gone; what is finished is kept.*resume"):
        place.run(observer=once(finished, cluster.kill), engine=cluster.url)
    row = place.library.journal.session(NAME)
    assert row is not None and row.state == "stopped"
    assert len(place.run(parallel=2)) == COUNT
    place.assert_once(again=4)
