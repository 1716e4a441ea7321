"""One worker for tests that only need some worker, and machines that lack something."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from habilis.skills.sandbox import kernel, nursery
from habilis.skills.sandbox.client import Worker

Lacking = Callable[..., AbstractContextManager[nursery.Zygote]]
POORER = Path(__file__).parent / "escapes" / "poorer.py"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """It starts once per test file."""
    with Worker() as running:
        yield running


@contextlib.contextmanager
def _machine(*lacks: str) -> Iterator[nursery.Zygote]:
    launcher = [sys.executable, str(POORER), str(kernel.__file__), *lacks, "--"]
    zygote = nursery.Zygote(launcher=launcher)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nursery, "_zygotes", {(os.getpid(), None, ()): zygote})
        patch.setattr(nursery, "_MOST", 0)  # no other is started meanwhile
        yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def lacking() -> Lacking:
    """Give a context in which workers run on a machine that lacks what is named."""
    return _machine
