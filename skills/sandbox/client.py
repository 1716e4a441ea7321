"""Running code in a separate process: what the rest of habilis uses of the sandbox.

Time, memory and output are limited, values cross as plain data, and a policy keeps honest
code in its workspace. The boundary is the jail: the kernel keeps the worker from other files,
the network, processes and programs. docs/sandbox.md says how far, and what is not stopped.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from habilis.errors import SandboxError
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.channel import ChannelClosed
from habilis.skills.sandbox.engine import Engine
from habilis.skills.sandbox.folder import Folder
from habilis.skills.sandbox.host import Approve, Host, LoadSkill
from habilis.skills.sandbox.inputs import encoded_input
from habilis.skills.sandbox.limits import Limits as Limits
from habilis.skills.sandbox.limits import known_tier
from habilis.skills.sandbox.reading import broken_outcome
from habilis.skills.sandbox.wire import pack

_GRACE_S = 1.0


class Worker:
    """Runs actions one after another; variables live on. Starts its process on first use.

    `workspace` is the folder the code may use, a fresh temporary one by default. `tools`
    are called in this process, in a thread beside the one that waits, when the code calls
    them and `approve(name, arguments)`, sync or async, returned True. `load_skill(name)`
    returns (name, source) pairs, the skill's own last, and raises for an unknown name; a
    source calls, of each name, the last one above it. `allow` adds modules to those the
    code may import. Below the tier `min_tier` it does not start; None means what
    HABILIS_MIN_TIER says, else "standard". Actions of several threads run one at a time.

    An action that has to be ended from outside (time, memory, output, a crash, `interrupt`)
    leaves all variables as they were before it; that takes a fork for each action.
    Without `checkpoints`, or where the machine has no gates for it, there is no fork, and
    variables are lost with the process.
    """

    _policy = True  # the escape tests run attacks without it; users cannot

    def __init__(
        self,
        *,
        workspace: Path | None = None,
        tools: Sequence[Callable[..., object]] = (),
        load_skill: LoadSkill | None = None,
        approve: Approve | None = None,
        allow: Sequence[str] = (),
        limits: Limits = Limits(),
        hash_seed: int | None = None,
        min_tier: str | None = None,
        checkpoints: bool = True,
    ) -> None:
        self._host = Host(tools, approve=approve, load_skill=load_skill)
        self._limits, self._folder = limits, Folder(workspace)
        self._engine = Engine(
            self._host,
            self._folder,
            allow=tuple(allow),
            limits=limits,
            hash_seed=hash_seed,
            min_tier=known_tier(min_tier),
            checkpoints=checkpoints,
        )
        self._busy = threading.Lock()
        self._closed = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._engine.pid

    @property
    def workspace(self) -> Path:
        """The folder the code may read and write; created when it is first needed."""
        return self._folder.path

    def start(self) -> None:
        """Start the process now rather than on first use.

        Raises:
            SandboxError: it cannot be started, or the worker was closed.
        """
        with self._turn(), contextlib.suppress(ChannelClosed):
            self._engine.start()

    def define(self, variables: Mapping[str, object]) -> None:
        """Make inputs variables of the session; they are there again after a restart.

        Raises:
            TaskError: a name is no variable name or is taken, or a value is not plain data.
        """
        tools = self._host.tool_names
        encoded = {key: encoded_input(key, value, tools=tools) for key, value in variables.items()}
        with self._busy:
            self._engine.define(encoded)

    def run(self, source: str, *, timeout_s: float | None = None) -> Outcome:
        """Run one action and return what came back.

        Raises:
            SandboxError: the worker cannot be started, was closed, or was made in another
                process that this one was forked from.
            TypeError: `source` is no text.
            ValueError: `timeout_s` is no time limit.
        """
        if not isinstance(source, str):
            raise TypeError(f"the source of an action is text, not {type(source).__name__!r}")
        seconds = self._limits.action_s if timeout_s is None else timeout_s
        request = {"do": "run", "source": source, "policy": self._policy}
        with self._turn():
            failed = self._engine.ask(request, seconds, source=source)
            return failed or self._engine.follow(seconds)

    def call(
        self,
        function: str,
        arguments: Sequence[tuple[object, ...]],
        *,
        keywords: Sequence[Mapping[str, object]] | None = None,
        timeout_s: float | None = None,
    ) -> list[Outcome]:
        """Call a function of the session, or else a saved skill, once for each tuple.

        The time limit is per call. A call that is cut short takes back what the calls
        before it did to variables. Without checkpoints it takes the session's own
        functions with it if it has to be killed: calls after it are LOST then, while a
        saved skill is loaded again.

        Raises:
            SandboxError: as for `run`.
            ValueError: `keywords` has another length than `arguments`.
        """
        seconds = self._limits.action_s if timeout_s is None else timeout_s
        named = keywords or [{}] * len(arguments)
        left = [pack([list(a), dict(k)]) for a, k in zip(arguments, named, strict=True)]
        outcomes: list[Outcome] = []
        with self._turn():
            while left:
                done = self._batch(function, left, seconds)
                outcomes += done
                left = left[len(done) :]
        return outcomes

    def interrupt(self) -> None:
        """Stop the worker from another thread; the `run` or `call` under way ends KILLED.

        When none is, the next one does. A tool that hangs is left behind in its thread.
        """
        self._engine.interrupt()

    def close(self) -> None:
        """End the process and remove the temporary workspace.

        An action under way in another thread ends KILLED. If the caller's own `approve` or
        `load_skill` keeps it from ending now, it cleans up when they return.
        """
        self._closed = True
        self.interrupt()
        if self._busy.acquire(timeout=_GRACE_S):
            try:
                self._clean_up()
            finally:
                self._busy.release()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with self._busy:
            if self._closed:
                raise SandboxError("the worker is closed")
            try:
                with self._engine.turn():
                    yield
            finally:
                if self._closed:
                    self._clean_up()

    def _clean_up(self) -> None:
        self._engine.discard()
        self._folder.remove()

    def _batch(self, function: str, calls: list[bytes], seconds: float) -> list[Outcome]:
        """Make calls until one is cut short; at least one outcome."""
        request = {"do": "call", "function": function, "calls": calls}
        source = self._host.source_of(function)
        failed = self._engine.ask(request, seconds, source=source)
        done = [failed or self._engine.follow(seconds)]
        while len(done) < len(calls) and not _broke_off(done[-1]):
            done.append(self._engine.follow(seconds))
        ended = done[-1].variables_lost and not source
        if ended or (_broke_off(done[-1]) and self._engine.interrupted):
            text = "WorkerLost: an earlier call was killed"
            lost = replace(broken_outcome(OutcomeKind.LOST, text), variables_lost=True)
            done += [lost] * (len(calls) - len(done))
        return done


def _broke_off(outcome: Outcome) -> bool:
    gone = outcome.kind in (OutcomeKind.KILLED, OutcomeKind.LOST)
    return gone or outcome.rolled_back or outcome.variables_lost
