"""The conversation inside the model's window: what is old is shortened, then summed up.

Shortening old observations alone keeps agents as able as summaries written by a model, at
half the cost (Lindenbauer et al., The Complexity Trap, 2025); no model is asked here.
"""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from habilis.agent.author import Message, Step
from habilis.agent.observe import one_line
from habilis.agent.prompts import render
from habilis.agent.tokens import estimate, size_of
from habilis.skills.compare import shorten
from habilis.skills.outcome import Outcome

_LAST = 3  # turns that stay as they are, fewer only where they do not fit
_SHORT_CHARS = 400  # of an old observation
_TIGHT_CHARS = (2_000, 500)  # of the newest observation, where the task would end otherwise
_SIZES = ((30, 200), (15, 120), (8, 80), (4, 40))  # lines of the summary, their characters:
# the first that takes a quarter of the room at most; the last one in any case
_REPLY_TOKENS = 4_096  # kept free for the reply, at most a quarter of the window
_FILL = 0.6  # of the room, after something was shortened: the next turns then change nothing
_LEAST_WINDOW = 500
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class DoesNotFit(Exception):
    """The task and its last step alone take more than the window."""


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """How much is cut: turns with shortened observations, turns that are only in `summary`."""

    shortened: int = 0
    summed: int = 0
    summary: str = ""


class Context:
    """Gives of one task's messages what fits into `window_tokens`; None is no limit.

    The instructions, skill cards and the task (the first two messages) and the last turns
    are not touched; only where a single turn does not fit, the middle of its observation
    goes. Cuts only grow, and by more than is needed at once, so that requests
    go on sharing their beginning, which servers cache.
    """

    def __init__(
        self, window_tokens: int | None, *, variables: Callable[[], Awaitable[Sequence[str]]]
    ) -> None:
        self.window_tokens = window_tokens
        self._variables = variables
        self._cut = _Cut()

    @property
    def cuts(self) -> tuple[int, int]:
        """How many turns have shortened observations, and how many are only summed up."""
        return self._cut.shortened, self._cut.summed

    @property
    def room(self) -> int:
        """The tokens a request may take."""
        window = self.window_tokens or 0
        return window - min(_REPLY_TOKENS, window // 4)

    def narrow(self, sent: Sequence[Message]) -> bool:
        """Take the window to be smaller than these messages; tell whether that leaves any."""
        self.window_tokens = size_of(sent) * 2 // 3
        return self.window_tokens >= _LEAST_WINDOW

    async def fitted(
        self, messages: Sequence[Message], steps: Sequence[Step]
    ) -> tuple[Message, ...]:
        """Return the messages, cut where they would not fit; `steps` are those of the turns.

        Raises:
            DoesNotFit: nothing more can be cut.
        """
        if self.window_tokens is None:
            return tuple(messages)
        head, turns = _split(messages)
        view = _view(head, turns, self._cut)
        if size_of(view) <= self.room:
            return view
        for kept in range(_LAST, 0, -1):
            view = await self._more(head, turns, steps, old=len(turns) - kept)
            if size_of(view) <= self.room:
                return view
        for limit in _TIGHT_CHARS if turns else ():
            view = (*view[:-1], _shortened(view[-1], limit))
            if size_of(view) <= self.room:
                return view
        raise DoesNotFit(
            f"the task and its last step take about {size_of(view):,} tokens, more than the "
            f"{self.room:,} that a window of {self.window_tokens:,} leaves: give less input, or "
            "set context_tokens if the model takes more"
        )

    async def _more(
        self,
        head: Sequence[Message],
        turns: Sequence[Sequence[Message]],
        steps: Sequence[Step],
        *,
        old: int,
    ) -> tuple[Message, ...]:
        """Shorten, then sum up, of the `old` turns as many as it takes."""
        aim, cut = int(self.room * _FILL), self._cut
        view = _view(head, turns, cut)
        while size_of(view) > aim and cut.shortened < old:
            cut = replace(cut, shortened=cut.shortened + max(1, (old - cut.shortened) // 8))
            view = _view(head, turns, cut)
        if size_of(view) > aim and cut.summed < old:
            variables = await self._variables()
            while size_of(view) > aim and cut.summed < old:
                count = cut.summed + max(1, (old - cut.summed) // 4)
                cut = replace(cut, summed=count, summary=self._summary(steps[:count], variables))
                view = _view(head, turns, cut)
        self._cut = cut
        return view

    def _summary(self, steps: Sequence[Step], variables: Sequence[str]) -> str:
        for lines, chars in _SIZES:
            text = summary(steps, variables, lines=lines, chars=chars)
            if estimate(text) <= self.room // 4:
                break
        return text


def summary(steps: Sequence[Step], variables: Sequence[str], *, lines: int, chars: int) -> str:
    """Return what a model is told in place of these steps: the last ones in a line each.

    `chars` are what is told of an output or a variable; none of the variables is left out.
    """
    omitted = steps[:-lines]
    shown = enumerate(steps[-lines:], start=len(omitted) + 1)
    return render(
        "summary",
        count=len(steps),
        omitted=len(omitted),
        ok=sum(step.outcome is not None and step.outcome.ok for step in omitted),
        lines=[f"{number}. {_in_short(step, chars)}" for number, step in shown],
        variables=[_begin(line, chars) for line in variables],
    )


def _split(messages: Sequence[Message]) -> tuple[Sequence[Message], list[list[Message]]]:
    """Return what comes before the first reply, and the turns: a reply and what followed."""
    first = next((i for i, m in enumerate(messages) if m.role == "assistant"), len(messages))
    turns: list[list[Message]] = []
    for message in messages[first:]:
        if message.role == "assistant":
            turns.append([])
        turns[-1].append(message)
    return messages[:first], turns


def _view(
    head: Sequence[Message], turns: Sequence[Sequence[Message]], cut: _Cut
) -> tuple[Message, ...]:
    view = list(head)
    if cut.summed:
        view[-1] = replace(view[-1], content=f"{view[-1].content}\n{cut.summary}")
    for number, turn in enumerate(turns[cut.summed :], start=cut.summed):
        short = number < cut.shortened
        view += [_shortened(m) if short and m.role == "user" else m for m in turn]
    return tuple(view)


def _shortened(message: Message, limit: int = _SHORT_CHARS) -> Message:
    return replace(message, content=shorten(message.content, limit))


def _in_short(step: Step, chars: int) -> str:
    if not step.source or step.outcome is None:
        return "no block that could run"
    lines = [line for line in step.source.splitlines() if not _is_dull(line)] or [step.source]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    sets = ", ".join(_names_set(step.source)[:8])
    setting = f", setting {sets}" if sets and step.outcome.ok else ""
    return f"`{_begin(lines[0], 80)}`{more}{setting}: {_came_back(step.outcome, chars)}"


def _is_dull(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(("#", "import ", "from "))


def _came_back(outcome: Outcome, chars: int) -> str:
    if not outcome.ok:
        error = outcome.error.strip().split("\n")[-1]
        return _begin(error, max(chars, 100)) or outcome.kind.value.replace("_", " ")
    shown = outcome.printed.strip() or outcome.shown
    return f"printed {_begin(shown, chars)}" if shown else "printed nothing"


def _begin(text: str, limit: int) -> str:
    """Return the beginning of a text as one plain line."""
    plain = one_line(text[: 4 * limit], 4 * limit)
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def _names_set(source: str) -> list[str]:
    """Return the names that the code's own level binds, in order."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return list(dict.fromkeys(_bound(tree)))


def _bound(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, _SCOPES):
            yield from _bound(child)
