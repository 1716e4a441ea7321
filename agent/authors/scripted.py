"""The author that replays given replies: for tests, examples and recorded trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from habilis.agent.author import Reply, Request, Usage


class ScriptedAuthor:
    """Replies with the given texts, in order, or with what a function makes of the request.

    When the script is over it gives up, which ends the task. `requests` holds every
    request it was asked, oldest first.
    """

    def __init__(
        self, replies: Iterable[str] | Callable[[Request], str], *, name: str = "scripted"
    ) -> None:
        self.name = name
        self.requests: list[Request] = []
        self._make = replies if callable(replies) else None
        self._rest: Iterator[str] = iter(() if callable(replies) else replies)

    async def reply(self, request: Request) -> Reply:
        """Return the next reply; it costs one request and no tokens."""
        self.requests.append(request)
        usage = Usage(requests=1)
        if self._make is not None:
            return Reply(text=self._make(request), usage=usage)
        for text in self._rest:
            return Reply(text=text, usage=usage)
        count = len(self.requests) - 1
        return Reply(text="", gave_up=f"the script is over after {count} replies")
