"""One worker for tests that only need some worker: it starts once per test file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from habilis.skills.sandbox.client import Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running
