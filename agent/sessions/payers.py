"""Who makes the paid calls of an author: this process, or the library's gateway."""

from __future__ import annotations

from habilis.agent.author import Author
from habilis.agent.gateway.client import Orderable, PayThroughGateway
from habilis.agent.sessions.paying import Payer, PayHere
from habilis.memory.library import SkillLibrary


def payer_for(author: Author, library: SkillLibrary, *, process: str) -> Payer:
    """Return the payer: only an author that another process can make again is handed over."""
    here = PayHere(library.journal.steps, process=process)
    if not isinstance(author, Orderable):
        return here
    return PayThroughGateway(library.store, library.journal, otherwise=here)
