from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from habilis.errors import ClaimLost, SessionBusy
from habilis.memory.journal import Journal
from habilis.memory.opening import open_store
from habilis.memory.store import Store

pytestmark = pytest.mark.on_both_stores

HOLDER = """
import sys
from habilis.memory.journal import Journal
from habilis.memory.opening import open_store
journal = Journal(open_store(sys.argv[1]))
claim = journal.claims.take("s")
journal.open_session(claim)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    store = open_store(address)
    Journal(store).make_session("s", fingerprint="f", count=1, source="")
    yield store
    store.close()


@contextmanager
def holder(store: Store) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the claim of the session "s"."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, store.address.given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_with_the_first_ones_pid(store: Store) -> None:
    """Two that resume one session would both pay; the second says who is at it."""
    journal = Journal(store)
    with holder(store) as process:
        with pytest.raises(SessionBusy, match=f"process {process.pid} on") as caught:
            journal.claims.take("s")
        row = journal.session("s")
    assert caught.value.pid == process.pid
    assert row is not None and (row.state, row.pid) == ("running", process.pid)


def test_the_claim_of_a_killed_process_is_taken_over_at_once(store: Store) -> None:
    """The kernel says that it is dead: nobody waits for its lease."""
    journal = Journal(store)
    with holder(store) as process:
        process.kill()
        process.wait()
        row = journal.session("s")
        assert row is not None and (row.state, row.pid) == ("interrupted", None)
        claim = journal.claims.take("s")
    assert claim.fence == 2
    journal.claims.release(claim)


def test_a_pid_that_came_again_is_another_process(store: Store) -> None:
    """A living process of the same number that started at another time holds nothing."""
    journal = Journal(store)
    claim = journal.claims.take("s")
    with store.change() as connection:
        connection.execute("UPDATE process SET born = born - 1")
    assert journal.claims.holder("s") is None
    journal.claims.release(claim)


def test_a_lease_that_ran_out_is_fenced(store: Store) -> None:
    """A process that gave no sign is taken over; woken up, it cannot write any more."""
    sleeper, other = Journal(store, lease_s=0.0), Journal(store, lease_s=0.0)
    claim = sleeper.claims.take("s")
    taken = other.claims.take("s")
    assert taken.fence == claim.fence + 1
    with pytest.raises(ClaimLost, match="taken over"):
        sleeper.open_session(claim)
    with pytest.raises(ClaimLost, match="taken over"):
        sleeper.finish_task(claim, "1")
    with pytest.raises(ClaimLost, match="taken over"):
        sleeper.close_session(claim, state="finished")
    sleeper.claims.release(claim)
    other.finish_task(taken, "2")
    assert other.finished("s") == {"": "2"}
    other.claims.release(taken)


def test_a_clock_that_is_set_ends_no_lease(address: str) -> None:
    """On one machine the lease runs on the clock that nobody can set."""
    now = [1e9]
    store = open_store(address, clock=lambda: now[0])
    journal, other = Journal(store), Journal(store)
    journal.make_session("s", fingerprint="", count=0, source="")
    claim = journal.claims.take("s")
    now[0] += 1e6
    with pytest.raises(SessionBusy):
        other.claims.take("s")
    journal.claims.release(claim)
    store.close()


def test_another_machine_is_known_by_its_heartbeat(store: Store) -> None:
    """Its pids say nothing here: it lives as long as its sign is fresh."""
    journal = Journal(store)
    claim = journal.claims.take("s")
    with store.change() as connection:
        connection.execute("UPDATE process SET place = 'elsewhere/pid:[1]', pid = 1, host = 'far'")
    with pytest.raises(SessionBusy, match="on far"):
        Journal(store).claims.take("s")
    with store.change() as connection:
        connection.execute("UPDATE process SET beat_at = beat_at - 60")
    journal.claims.release(Journal(store).claims.take("s"))
    journal.claims.release(claim)


def test_processes_long_silent_elsewhere_are_forgotten(store: Store) -> None:
    """A machine that is gone for good leaves no row for ever; one that sleeps an hour does."""
    with store.change() as connection:
        for token, silent_s in (("gone", 90_000), ("asleep", 3_600)):
            connection.execute(
                "INSERT INTO process (token, pid, born, host, place, beat_at, beat_s) "
                "VALUES (?, 1, 1, 'far', 'elsewhere/pid:[1]', ?, 0)",
                (token, store.now() - silent_s),
            )
    Journal(store).claims.join()
    tokens = {row["token"] for row in store.rows("SELECT token FROM process")}
    assert "asleep" in tokens and "gone" not in tokens


def test_a_forked_child_is_a_process_of_its_own(store: Store) -> None:
    """What its parent holds, it does not."""
    journal = Journal(store)
    claim = journal.claims.take("s")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            journal.claims.take("s")
        except SessionBusy as busy:
            code = 0 if busy.pid == os.getppid() else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.claims.release(claim)
