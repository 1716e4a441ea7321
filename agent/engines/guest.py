"""A session's agent in a process that is not the session's own."""

from __future__ import annotations

import platform
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from habilis.agent.engines.engine import Tell
from habilis.agent.sessions.running import Running, StopSession
from habilis.errors import LibraryError, SessionError
from habilis.memory.journal_claims import Claim
from habilis.memory.journal_orders import Order, order_for

if TYPE_CHECKING:
    from habilis.agent.agent import Agent

_LOOK_S = 0.5  # how often it looks what the session's holder wants
_GRACE_S = 5.0  # how long a step may go on after that


class Guest:
    """Does tasks for the holder of `claim`, and stops when that holder does.

    A holder that was killed has not stopped: what is under way is finished.

    Raises:
        SessionError: the library here is another one.
    """

    def __init__(self, agent: Agent, claim: Claim, *, patience_s: float, tell: Tell | None) -> None:
        assert agent.library is not None
        self.agent, self._claim, self._library = agent, claim, agent.library
        self.running = Running(
            agent.library.journal,
            claim.session,
            patience_s=patience_s,
            tell=tell or (lambda event: None),
            counts_time=False,
        )
        self._over = threading.Event()
        self._look()
        threading.Thread(target=self._watch, name="habilis-orders", daemon=True).start()

    def begin(self) -> None:
        """Begin a task.

        Raises:
            StopSession: no other is to begin.
        """
        if self._look() is not Order.GO_ON:
            raise StopSession

    def close(self) -> None:
        """Let go of the library."""
        self._over.set()
        self._library.close()

    def _look(self) -> Order:
        order = order_for(self._library.store, self._claim)
        if order is Order.NOT_HERE:
            raise not_here(str(self._library.path))
        return order

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            with suppress(LibraryError):  # locked, or the machine is out of reach: look again
                if order_for(self._library.store, self._claim) in (Order.STOP, Order.NOT_HERE):
                    self.running.stop(grace_s=_GRACE_S)
                    return


def not_here(library: str) -> SessionError:
    """Return the error that says that this machine does not see the session's library."""
    return SessionError(
        f"the engine's worker on {platform.node()} does not see the library {library!r}, or sees "
        "another one there: put the library where all machines see it (a database, "
        "docs/scaling.md), or run the workers on this machine"
    )
