"""An author that replays given replies: for tests, examples and recorded trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from habilis.agent.author import Reply, Request, Usage


class ScriptedAuthor:
    """Gives `replies` in order, whatever is asked, or what a function makes of each request.

    `requests` are the requests it has seen. When the script is over it gives up.
    """

    def __init__(
        self, replies: Iterable[str] | Callable[[Request], str], *, name: str = "scripted"
    ) -> None:
        self.requests: list[Request] = []
        self._name = name
        self._write = replies if callable(replies) else None
        self._script = () if callable(replies) else tuple(replies)

    @property
    def name(self) -> str:
        return self._name

    async def reply(self, request: Request) -> Reply:
        self.requests.append(request)
        usage = Usage(requests=1)
        if self._write is not None:
            return Reply(text=self._write(request), usage=usage)
        count = len(self._script)
        if len(self.requests) > count:
            return Reply(text="", gave_up=f"the script is over after {count} replies")
        return Reply(text=self._script[len(self.requests) - 1], usage=usage)

    def __repr__(self) -> str:
        return f"ScriptedAuthor(name={self._name!r}, {len(self.requests)} requests)"
