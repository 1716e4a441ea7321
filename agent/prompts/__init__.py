"""Every sentence a model reads, as templates. `VERSION` changes when any of them does."""

from __future__ import annotations

from functools import cache
from typing import Final

import jinja2

VERSION: Final = "2026-11-21.10"


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("habilis.agent", "prompts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def render(name: str, /, **values: object) -> str:
    """Return the prompt `name` with its values filled in; a value left out is an error."""
    return _templates().get_template(f"{name}.md").render(**values).strip() + "\n"
