"""The targets of the attacks, and machines that lack something."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks.attacks import Targets, targets
from habilis.skills.sandbox import kernel, nursery

Lacking = Callable[..., AbstractContextManager[nursery.Zygote]]
_POORER = Path(__file__).with_name("poorer.py")


@pytest.fixture(scope="module")
def aim() -> Iterator[Targets]:
    with targets() as made:
        yield made


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Lacking:
    """Give a context in which workers run on a machine that lacks what is named."""

    @contextlib.contextmanager
    def machine(*lacks: str) -> Iterator[nursery.Zygote]:
        launcher = [sys.executable, str(_POORER), str(kernel.__file__), *lacks, "--"]
        zygote = nursery.Zygote(launcher=launcher)
        with monkeypatch.context() as patch:
            patch.setitem(nursery._zygotes, (os.getpid(), None), zygote)
            yield zygote
        zygote.close()

    return machine
