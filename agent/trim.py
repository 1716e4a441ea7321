"""What an author wrote after its code was not used; it should not stay in the conversation."""

from __future__ import annotations

from habilis.agent.parse import ParsedReply
from habilis.skills.compare import shorten

_NONSENSE_CHARS = 2_000
_CLOSINGS = ("```", "~~~", "</", "[/")


def trimmed(reply: str, parsed: ParsedReply) -> str:
    """Return the reply up to the end of the code that ran.

    Models go on after their code with output they made up; left in the conversation it
    would stand there beside the real one. A reply whose code was mended, or which gives
    an answer in tags, stays as it is. Of a reply that cannot be used only the ends stay.
    """
    if parsed.fault:
        return shorten(reply, _NONSENSE_CHARS)
    if not parsed.code or parsed.answer is not None or parsed.solution is not None:
        return reply
    last = parsed.code[-1].rstrip()
    start = reply.rfind(last)
    if start < 0:
        return reply
    kept, rest = reply[: start + len(last)], reply[start + len(last) :]
    for line in rest.lstrip().splitlines()[:1]:
        if line.strip().startswith(_CLOSINGS):
            kept += rest[: rest.index(line) + len(line)]
    return kept
