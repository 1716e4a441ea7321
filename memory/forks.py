"""What a forked child must do before anything else: give up what it has inherited.

An SQLite connection that crosses a fork loses data even when the child never uses it: the
child's next connection to the same file believes the parent's locks to be its own, takes
none, and the parent's last `close` deletes the log that the child goes on writing to.
Chroma's client and torch's threads hang in a child. See tests/memory/test_forks.py.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something whose state does not survive a fork."""

    def before_fork(self) -> None:
        """Come to rest: no other thread is inside until `after_fork`."""
        ...

    def after_fork(self, *, in_child: bool) -> None:
        """Go on in the parent; in the child give up what only the parent may use."""
        ...


# A fork concerns the whole process, so the list of those to tell is one for the process.
_living: weakref.WeakSet[Forkable] = weakref.WeakSet()
_resting: list[Forkable] = []
_hooked: list[bool] = []


def tell_of_forks(thing: Forkable) -> None:
    """Tell `thing` of every `os.fork` for as long as it lives."""
    _living.add(thing)
    if not _hooked:
        _hooked.append(True)
        os.register_at_fork(
            before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
        )


def _before() -> None:
    for thing in list(_living):
        thing.before_fork()
        _resting.append(thing)


def _after_in_parent() -> None:
    while _resting:
        _resting.pop().after_fork(in_child=False)


def _after_in_child() -> None:
    while _resting:
        _resting.pop().after_fork(in_child=True)
