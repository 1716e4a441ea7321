"""A model's author on its way to another process: without its key."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from habilis.agent.authors.endpoint import public_part
from habilis.errors import AuthorUnavailable

if TYPE_CHECKING:
    from habilis.agent.authors.openai import OpenAIAuthor


def author_again(
    order: Mapping[str, Any], address: str, needs_key: bool, hides: bool
) -> OpenAIAuthor:
    """Make an author in another process, with the key and the password of its machine.

    `address` is the public part of the endpoint's; `hides` says that there is more to it.

    Raises:
        AuthorUnavailable: they are not set there.
    """
    from habilis.agent.authors.openai import OpenAIAuthor

    here = os.environ.get("OPENAI_BASE_URL", "").strip()
    missing = "OPENAI_API_KEY" if needs_key and not os.environ.get("OPENAI_API_KEY") else ""
    if hides and (not here or public_part(here) != address):
        missing = missing or f"OPENAI_BASE_URL (for {address}, with its password)"
    if missing:
        raise AuthorUnavailable(
            f"{missing} is not set on {platform.node()}, and keys and passwords are never sent "
            "to an engine: set it where the worker is started"
        )
    return OpenAIAuthor(base_url=here if hides else address, **order)
