"""habilis: an agent that writes its own tools, proves them and keeps them.

    from habilis import Agent, SkillLibrary

Names load on first use, so that `import habilis` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from habilis.agent.agent import Agent as Agent
    from habilis.agent.author import Author as Author
    from habilis.agent.author import Reply as Reply
    from habilis.agent.author import Request as Request
    from habilis.agent.author import Usage as Usage
    from habilis.agent.authors.compose.author import ComposeAuthor as ComposeAuthor
    from habilis.agent.authors.openai import OpenAIAuthor as OpenAIAuthor
    from habilis.agent.authors.scripted import ScriptedAuthor as ScriptedAuthor
    from habilis.agent.budget import Budget as Budget
    from habilis.agent.budget import StopReason as StopReason
    from habilis.agent.checks import Expected as Expected
    from habilis.agent.checks import KeptBack as KeptBack
    from habilis.agent.checks import Satisfies as Satisfies
    from habilis.agent.checks import Schema as Schema
    from habilis.agent.checks import Verdict as Verdict
    from habilis.agent.curriculum import Curriculum as Curriculum
    from habilis.agent.example import Example as Example
    from habilis.agent.result import Result as Result
    from habilis.agent.session import Session as Session
    from habilis.agent.task import Task as Task
    from habilis.agent.task_file import read_tasks as read_tasks
    from habilis.errors import HabilisError as HabilisError
    from habilis.memory.library import SkillLibrary as SkillLibrary
    from habilis.skills.sandbox.client import Limits as Limits
    from habilis.skills.sandbox.client import Worker as Worker
    from habilis.skills.skill import Case as Case
    from habilis.skills.skill import Skill as Skill

__version__ = "0.1.0"

_HOMES = {
    "Agent": "agent.agent",
    "Author": "agent.author",
    "Budget": "agent.budget",
    "Case": "skills.skill",
    "ComposeAuthor": "agent.authors.compose.author",
    "Curriculum": "agent.curriculum",
    "Example": "agent.example",
    "Expected": "agent.checks",
    "HabilisError": "errors",
    "KeptBack": "agent.checks",
    "Limits": "skills.sandbox.client",
    "OpenAIAuthor": "agent.authors.openai",
    "Reply": "agent.author",
    "Request": "agent.author",
    "Result": "agent.result",
    "Satisfies": "agent.checks",
    "Schema": "agent.checks",
    "ScriptedAuthor": "agent.authors.scripted",
    "Session": "agent.session",
    "Skill": "skills.skill",
    "SkillLibrary": "memory.library",
    "StopReason": "agent.budget",
    "Task": "agent.task",
    "Usage": "agent.author",
    "Verdict": "agent.checks",
    "read_tasks": "agent.task_file",
    "Worker": "skills.sandbox.client",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'habilis' has no attribute {name!r}")
    value = getattr(import_module(f"habilis.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
