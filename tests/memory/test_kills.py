"""kill -9 at random points: nothing acknowledged is lost, nothing half-done shows."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.migrations import APPLICATION_ID, STEPS
from habilis.skills.skill import SkillState, content_hash
from tests.making import HashEncoder, simple

FORK = multiprocessing.get_context("fork")
OPERATIONS = ("add", "add", "update", "update", "archive", "use", "ask", "encode", "rebuild")
Operation = tuple[str, str, int]  # what, the skill's name, a number that is never used twice
State = dict[str, tuple[int, SkillState]]  # the number its newest version was made with


def open_library(folder: Path | str, encoder: str = "hash") -> SkillLibrary:
    return SkillLibrary(folder, encoder=HashEncoder(encoder), index="exact")


def plan(generator: random.Random, state: State, start: int) -> list[Operation]:
    """Draw operations that can be done one after the other."""
    names, operations = list(state), []
    for number in range(start, start + 60):
        kind = generator.choice(OPERATIONS)
        if kind == "add" or not names:
            names.append(f"skill_{number}")
            operations.append(("add", names[-1], number))
        else:
            operations.append((kind, generator.choice(names), number))
    return operations


def after(state: State, operations: list[Operation]) -> State:
    """Return what the operations make of the state."""
    made = dict(state)
    for kind, name, number in operations:
        if kind in ("add", "update"):
            made[name] = (number, SkillState.CANDIDATE)
        elif kind == "archive":
            made[name] = (made[name][0], SkillState.ARCHIVED)
    return made


def carry_out(folder: str, operations: list[Operation], acknowledge: Connection) -> None:
    with open_library(folder) as library:
        for kind, name, number in operations:
            if kind in ("add", "update"):
                library.add(simple(name, f"Return what {name} needs.", f"return text + '{number}'"))
            elif kind == "archive":
                library.archive(name)
            elif kind == "use":
                library.record_use(name, helped=True, task=str(number))
            elif kind == "ask":
                library.search(f"something never asked before, {number}")
            elif kind == "encode":
                library.encode()
            else:
                library.check(fix=True)
                library._catalogue.rebuild()
            acknowledge.send(number)
        acknowledge.recv()  # until it is killed


def kept(library: SkillLibrary) -> State:
    found = {}
    for skill in library.skills():
        number = int(skill.source.rsplit("'", 2)[1])
        found[skill.name] = (number, skill.state)
    return found


@pytest.mark.on_both_stores
def test_kills_at_random_points_of_ordinary_work(address: str) -> None:
    """Seventy kills on one library: add, update, archive, use, search, encode, rebuild.

    Twenty on one in Postgres, whose server ends what a dead process has begun.
    """
    generator, state, number = random.Random(5), State(), 0
    for _ in range(20 if "://" in address else 70):
        operations = plan(generator, state, number)
        number += len(operations)
        ours, theirs = FORK.Pipe()
        child = FORK.Process(target=carry_out, args=(address, operations, theirs))
        child.start()
        theirs.close()
        count = sum(1 for _ in range(generator.randint(1, 12)) if ours.recv() is not None)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        count += rest_of(ours)
        with open_library(address) as library:
            state, before = kept(library), state
            assert state in [after(before, operations[:n]) for n in (count, count + 1)]
            assert library.store.faults() == []
    with open_library(address) as library:
        assert library.check() == []
        for name, (_, skill_state) in state.items():
            hits = library.search(f"{name} Return what {name} needs.", k=3)
            found = name in [hit.skill.name for hit in hits]
            assert found == (skill_state is not SkillState.ARCHIVED)


def rest_of(pipe: Connection) -> int:
    """Return how many more were acknowledged before the end."""
    count = 0
    try:
        while True:
            pipe.recv()
            count += 1
    except (EOFError, OSError):
        return count


def make_old(folder: Path, count: int) -> None:
    """Write a library of the first format."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "habilis.db")) as connection:
        connection.executescript(STEPS[0])
        for number in range(count):
            name = f"skill_{number}"
            source = simple(name, "Return it.").source
            connection.execute(
                "INSERT INTO version VALUES (?, ?, 1, ?, '(text: str) -> str', 'Return it.', '{}', "
                '\'{"task": "t", "author": "a", "made_at": 1.0, "untrusted": []}\')',
                (content_hash(source, {}), name, source),
            )
            connection.execute("INSERT INTO skill VALUES (?, 1, 'active', 3, 2, 1)", (name,))
            connection.execute(
                "INSERT INTO change (at, kind, name) VALUES (1, 'skill_added', ?)", (name,)
            )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def migrate_when_told(folder: Path, told: Connection) -> None:
    told.send("ready")
    told.recv()
    open_library(folder).close()


def test_kills_while_migrating(tmp_path: Path) -> None:
    """Thirty kills: the file is of the old format or wholly of the new one."""
    generator, folder = random.Random(6), tmp_path / "l"
    make_old(folder, 400)
    formats = set()
    for _ in range(30):
        ours, theirs = FORK.Pipe()
        child = FORK.Process(target=migrate_when_told, args=(folder, theirs))
        child.start()
        ours.recv()
        ours.send("go")
        end = time.perf_counter() + generator.uniform(0.0, 0.04)
        while time.perf_counter() < end:
            pass
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        with closing(sqlite3.connect(folder / "habilis.db")) as connection:
            number = connection.execute("PRAGMA user_version").fetchone()[0]
            assert connection.execute("SELECT count(*) FROM skill").fetchone() == (400,)
            columns = [row[1] for row in connection.execute("PRAGMA table_info(skill)")]
        assert ("called" in columns) == (number == 1)
        formats.add(number)
        if number == 2:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            make_old(folder, 400)
    with open_library(folder) as library:
        assert len(library) == 400 and library.ledger("skill_7").helped == 2
        assert library.check() == []
    assert formats


def encode_under(folder: Path, key: str, told: Connection) -> None:
    with open_library(folder, key) as library:
        told.send("ready")
        library.encode()
        told.send("done")


def test_kills_while_encoding_anew(tmp_path: Path) -> None:
    """Ten kills under changing encoders: what was encoded is kept, the rest is made later."""
    generator = random.Random(7)
    with open_library(tmp_path / "l") as library:
        for number in range(150):
            library.add(simple(f"skill_{number}", f"Return number {number}."))
    for turn in range(10):
        ours, theirs = FORK.Pipe()
        key = f"other-{turn % 3}"
        child = FORK.Process(target=encode_under, args=(tmp_path / "l", key, theirs))
        child.start()
        ours.recv()
        end = time.perf_counter() + generator.uniform(0.0, 0.03)
        while time.perf_counter() < end:
            pass
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        with open_library(tmp_path / "l", key) as library:
            assert library.check() == []
    with open_library(tmp_path / "l", "other-1") as library:
        library.encode()
        assert library.progress == (150, 150)
        assert library.search("skill 77: Return number 77.")[0].cosine > 0.999
