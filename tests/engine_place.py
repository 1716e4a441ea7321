"""What tests of engines share: a session whose every effect is counted, and when to end what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.model_server import ModelServer
from benchmarks.session_driver import NAME, library, reply, rows_of, skill_of, tasks
from habilis import Result, SkillLibrary
from habilis.agent.engines.job import close_guests
from habilis.agent.session import Session
from habilis.events import Event
from habilis.memory.journal_ledger import scope_of
from tests.engine_driver import session_of

KEY = {"OPENAI_API_KEY": "a-key-of-the-worker", "HABILIS_GATEWAY_IDLE_S": "5"}
COUNT = 8


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


@contextmanager
def new_place(address: str, folder: Path) -> Iterator[Place]:
    """A new library at an address; it must be well at the end of every test."""
    with (
        pytest.MonkeyPatch.context() as patch,
        ModelServer(reply, latency_s=0.1) as model,
        library(address) as shelf,
    ):
        for name, value in KEY.items():
            patch.setenv(name, value)
        yield Place(address, shelf, model, folder / "effects")
        close_guests()
        assert shelf.check() == []


def needs(engine: str) -> None:
    """Skip, and say so, where an engine is not installed."""
    package = {"dask": "distributed"}.get(engine, engine)
    reason = f"{engine.upper()} IS NOT TESTED: pip install 'habilis[{engine}]'"
    pytest.importorskip(package, reason=reason)


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


def finished(told: list[Event]) -> bool:
    return told[-1].kind == "task_finished"
