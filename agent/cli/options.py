"""Options that several commands share, and the agent they describe."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from habilis.agent.agent import Agent
from habilis.agent.author import Author
from habilis.agent.budget import Budget
from habilis.errors import AuthorUnavailable, ConfigError
from habilis.memory.address import Address
from habilis.memory.library import SkillLibrary

LibraryOption = Annotated[
    Address,
    typer.Option(
        "--library",
        "-L",
        envvar="HABILIS_LIBRARY",
        parser=Address.of,
        metavar="FOLDER|URL",
        help="Folder of the skill library, or postgresql://USER@HOST/DATABASE.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        envvar="HABILIS_MODEL",
        help="Model at OPENAI_BASE_URL (or OpenAI); without one, the embedded author.",
    ),
]
StreamOption = Annotated[bool, typer.Option(help="Stream the model's replies.")]
ContextOption = Annotated[
    int | None,
    typer.Option(min=2_000, help="Tokens the model takes at once, where that is not known."),
]
LearnOption = Annotated[bool, typer.Option(help="Make and keep skills.")]
AllowOption = Annotated[
    list[str] | None, typer.Option(help="A further module that the code may import.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

DEFAULT_LIBRARY = Address(".habilis")


def make_agent(
    *,
    model: str,
    library: Address,
    stream: bool,
    budget: Budget,
    learn: bool,
    allow: list[str] | None,
    embedded: Author | None = None,
    context_tokens: int | None = None,
) -> Agent:
    """Build the agent that the options describe; `embedded` works where no model is named."""
    author: str | Author = embedded or "compose"
    if model and model != "compose":
        from habilis.agent.authors.openai import OpenAIAuthor

        author = OpenAIAuthor(model.removeprefix("openai:"), stream=stream)
    return Agent(
        author,
        library=library,
        budget=budget,
        learn=learn,
        allow=allow or (),
        context_tokens=context_tokens,
    )


def require_author(model: str, *, has_examples: bool) -> None:
    """Raise when a task has neither a model nor examples to work from.

    Raises:
        AuthorUnavailable: says both ways out.
    """
    if model or has_examples:
        return
    key = "is set, but no model is named" if os.environ.get("OPENAI_API_KEY") else "is not set"
    raise AuthorUnavailable(
        f"no author can work on this: OPENAI_API_KEY {key}, and there are no examples. Either "
        "name a model (--model NAME with OPENAI_API_KEY, and OPENAI_BASE_URL for another "
        "server), or give examples of what you want (--examples FILE.csv, output in the last "
        "column) and the embedded author works without a model"
    )


def json_or_text(text: str, *, what: str) -> object:
    """Return the JSON value that is written there, else the text itself.

    Raises:
        ConfigError: it is JSON that cannot be held; `what` is named.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
    except (ValueError, RecursionError):
        raise ConfigError(
            f"{what} begins with {text[:20]!r} and holds a number of too many digits, or is "
            "nested too deeply"
        ) from None


def open_library(where: Address) -> SkillLibrary:
    """Open a library that must exist already; looking at skills never makes a folder.

    Raises:
        ConfigError: there is no such folder.
    """
    if not where.may_hold:
        raise ConfigError(
            f"there is no library at {str(where)!r}; `habilis run` or `make demo` makes one, "
            "--library names another"
        )
    return SkillLibrary(where)
