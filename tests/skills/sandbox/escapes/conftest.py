"""The targets of the attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.attacks import Targets, targets


@pytest.fixture(scope="module")
def aim() -> Iterator[Targets]:
    with targets() as made:
        yield made
