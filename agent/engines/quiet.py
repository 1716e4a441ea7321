"""Log lines of an engine that only repeat, at length, what is told in our words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Keep what these loggers say to themselves, unless somebody has set one to DEBUG.

    By a filter of each caller's own: what a user has configured stays as it is, and two
    engines at a time do not end each other's silence.
    """

    def asked_for(record: logging.LogRecord) -> bool:
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)

    for name in loggers:
        logging.getLogger(name).addFilter(asked_for)
    try:
        yield
    finally:
        for name in loggers:
            logging.getLogger(name).removeFilter(asked_for)
