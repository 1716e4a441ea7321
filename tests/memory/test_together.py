"""Several processes write and read one library at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.upkeep import restore
from habilis.memory.vectors import Vectors
from tests.making import HashEncoder, simple

FORK = multiprocessing.get_context("fork")
PROCESSES, CHANGES = 4, 500
HANGS_S = 300.0


def open_library(folder: Path | str) -> SkillLibrary:
    return SkillLibrary(folder, encoder=HashEncoder(), index="exact")


def card(process: int, number: int) -> str:
    return f"skill {process} {number}: Return what process {process} made as number {number}."


def change_then_find_all(folder: str, process: int, changes: int, pipe: Connection) -> None:
    with open_library(folder) as library:
        for number in range(changes // 2):
            about = f"Return what process {process} made as number {number}."
            name = f"skill_{process}_{number}"
            library.add(simple(name, about))
            library.add(simple(name, about, "return text + text"))
        library.encode()
        pipe.send("changed")
        pipe.recv()
        lost = [
            text
            for text in (card(p, n) for p in range(PROCESSES) for n in range(changes // 2))
            if library.search(text, k=1)[0].skill.description != text.partition(": ")[2]
        ]
        pipe.send((lost, library.check()))


@pytest.mark.on_both_stores
def test_four_processes_make_500_changes_each(address: str) -> None:
    """Nothing is lost, and each finds every skill of the others by its own text.

    In Postgres 100 each: each waits for the server.
    """
    changes = 100 if "://" in address else CHANGES
    open_library(address).close()
    pipes, children = [], []
    for process in range(PROCESSES):
        ours, theirs = FORK.Pipe()
        child = FORK.Process(target=change_then_find_all, args=(address, process, changes, theirs))
        child.start()
        pipes.append(ours)
        children.append(child)
    for pipe in pipes:
        assert pipe.poll(HANGS_S) and pipe.recv() == "changed"
    for pipe in pipes:
        pipe.send("all have")
    for pipe in pipes:
        assert pipe.poll(HANGS_S) and pipe.recv() == ([], [])
    for child in children:
        child.join(HANGS_S)
        assert child.exitcode == 0
    with open_library(address) as library:
        assert len(library) == PROCESSES * changes // 2
        versions = library.store.rows("SELECT count(*) FROM version")[0][0]
        assert versions == PROCESSES * changes and library.check() == []


@pytest.mark.on_both_stores
def test_a_change_elsewhere_is_found_by_the_next_search(address: str) -> None:
    """Added, described anew, archived: each is seen at once by another that has it open."""
    with open_library(address) as one, open_library(address) as other:
        for number in range(20):
            one.add(simple(f"skill_{number}", f"Return number {number}."))
            assert other.search(f"skill {number}: Return number {number}.")[0].cosine > 0.999
        one.add(simple("skill_3", "Return three sheep.", "return text + text"))
        assert other.search("skill 3: Return three sheep.")[0].cosine > 0.999
        one.archive("skill_3")
        hits = other.search("skill 3: Return three sheep.", k=20, anyway=True)
        assert "skill_3" not in [hit.skill.name for hit in hits]
        assert one.check() == other.check() == []


def test_more_than_can_be_encoded_at_once(tmp_path: Path) -> None:
    """Skills that share words with the query are encoded first; a thread does the rest."""
    with open_library(tmp_path / "l") as library:
        for number in range(300):
            library.add(simple(f"skill_{number}", f"Return number {number}."))
        assert library.search("skill 277: Return number 277.", k=1)[0].cosine > 0.999
        library.encode()
        assert library.progress == (300, 300) and library.check() == []


def test_another_encoder_finds_at_once_and_encodes_beside(tmp_path: Path) -> None:
    """The old vectors are not mixed in, and going back needs no encoding."""
    with open_library(tmp_path / "l") as library:
        for number in range(200):
            library.add(simple(f"skill_{number}", f"Return number {number}."))
        library.encode()
    other = HashEncoder("another", dimension=48)
    with SkillLibrary(tmp_path / "l", encoder=other, index="exact") as library:
        assert library.search("skill 77: Return number 77.", k=1)[0].cosine > 0.999
        library.encode()
        assert library.progress == (200, 200) and library.check() == []

    class Broken(HashEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            raise AssertionError("nothing is to be encoded")

    with SkillLibrary(tmp_path / "l", encoder=Broken(), index="exact") as library:
        assert library.progress == (200, 200)
        assert library.search("skill 77: Return number 77.", k=1)


def test_a_clock_that_goes_back(tmp_path: Path) -> None:
    """Order comes from the numbers of the changes, never from their time."""
    times = iter(range(10_000, 0, -1))
    with SkillLibrary(
        tmp_path / "l", encoder=HashEncoder(), index="exact", clock=lambda: float(next(times))
    ) as library:
        for number in range(10):
            library.add(simple(f"skill_{number}", f"Return number {number}."))
            assert library.search(f"skill {number}: Return number {number}.")
        library.add(simple("skill_3", "Return three.", "return text + text"))
        assert [skill.version for skill in library.history("skill_3")] == [1, 2]
        assert library.get("skill_3").version == 2 and library.check() == []


def write_until_told(folder: Path, pipe: Connection) -> None:
    number = 0
    with open_library(folder) as library:
        while not pipe.poll():
            library.add(simple(f"skill_{number}", f"Return what was made as number {number}."))
            pipe.send(number)
            number += 1


def test_a_backup_while_others_write(tmp_path: Path) -> None:
    """It holds all that was acknowledged before it began, and is well."""
    open_library(tmp_path / "l").close()
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=write_until_told, args=(tmp_path / "l", theirs))
    child.start()
    theirs.close()
    assert ours.poll(HANGS_S)
    with open_library(tmp_path / "l") as library:
        for turn in range(5):
            acknowledged = ours.recv()
            while ours.poll():
                acknowledged = ours.recv()
            restore(tmp_path / f"copy_{turn}", library.backup(tmp_path / f"{turn}.db"))
            with open_library(tmp_path / f"copy_{turn}") as copy:
                assert {f"skill_{n}" for n in range(acknowledged + 1)} <= set(copy.names())
                assert copy.check() == []
        ours.send("enough")
        child.join(HANGS_S)
        assert child.exitcode == 0 and library.check() == []
