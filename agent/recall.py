"""What one task takes from the library and gives back: skills it is shown, what they did."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from habilis.agent.reuse import example_cases, without_doubtful
from habilis.agent.setting import Setting
from habilis.agent.task import Task
from habilis.agent.uses import settle_states
from habilis.errors import LibraryError
from habilis.memory.hits import Hit
from habilis.skills.extract import text_behind
from habilis.skills.proof.standing import unseen
from habilis.skills.skill import Skill

_RECALLED = 20  # candidates for reuse and for the embedded author
_SHOWN = 3  # cards a model sees: two or three focused skills help most (SkillsBench, 2026)
_SHOWN_LATER = 2


Recorded = Callable[[Callable[[], list[Skill]]], list[Skill]]


class Recall:
    """The saved skills of one task. `candidates` come best first; an author sees `shown`.

    Nothing is shown where nothing fits, and nothing has the name of an input or a tool.
    """

    def __init__(
        self,
        setting: Setting,
        task: Task,
        *,
        recorded: Recorded = lambda find: find(),
    ) -> None:
        """`recorded` may give what an earlier attempt found instead of looking."""
        self._library, self._task, self._recorded = setting.library, task, recorded
        self._hold_untrusted = setting.hold_untrusted
        self.tools = (*setting.tools, *task.tools)
        self._taken = {*task.inputs, *(tool.__name__ for tool in self.tools)}
        self.candidates: tuple[Skill, ...] = ()
        self.shown: tuple[Skill, ...] = ()
        self.news: tuple[str, ...] = ()  # of the library, to be announced

    def begin(self) -> None:
        """Look for skills by the task's instruction."""
        if self._library is None:
            return
        hits: list[Hit] = []
        self.candidates = tuple(self._recorded(lambda: self._candidates(hits)))
        self._show(self._recorded(lambda: self._fitting(hits)))

    def again(self, draft: str) -> tuple[Skill, ...]:
        """Look again, with code that failed as a second query; return what is newly shown.

        Only what fits without doubt: this comes in the middle of the author's work.
        """
        if self._library is None or not self.candidates:
            return ()
        return self._show(self._recorded(lambda: self._like(draft)))

    def _candidates(self, hits: list[Hit]) -> list[Skill]:
        if self._library is None or not len(self._library):
            return []
        found = self._library.search(self._task.instruction, k=_RECALLED, anyway=True)
        self.news = tuple(self._library.news())
        hits += [hit for hit in found if hit.skill.name not in self._taken]
        return list(without_doubtful([hit.skill for hit in hits]))

    def _fitting(self, hits: list[Hit]) -> list[Skill]:
        if not hits:
            self._candidates(hits)
        sound = [hit for hit in hits if hit.skill in self.candidates]
        return [hit.skill for hit in sound[:_SHOWN] if hit.fits]

    def _like(self, draft: str) -> list[Skill]:
        assert self._library is not None
        hits = self._library.search(self._task.instruction, k=_RECALLED, draft=draft)
        known = {*self._taken, *(skill.name for skill in self.shown)}
        return list(_sure(hits, known=known, best=len(self.shown) + _SHOWN_LATER))

    def record(
        self,
        used: Mapping[str, int],
        *,
        sources: Sequence[str],
        answer: str,
        solved: bool | None,
        seconds: float,
        tokens: int,
    ) -> list[str]:
        """Keep what the skills called in the task did for it; return what there is to tell.

        `used` counts the calls that returned. One whose value never reached the answer of a
        task that was solved neither helped nor failed, and is not kept.
        `answer` is a function that was given as the answer; a skill named neither there nor
        in the code was called by another one. A task that nothing judged (`solved` is None)
        is one more way to find a skill, and no evidence of its worth; nor is one that was
        judged by its proposer's own examples. Help in a task that asks only what a skill was
        kept for is kept without the task's key: it shows nothing new.
        """
        if self._library is None:
            return []
        versions = {skill.name: skill.version for skill in self.candidates}
        asked = example_cases(self._task)
        known = {
            skill.name for skill in self.candidates if asked and not unseen(skill.cases, asked)
        }
        plain = " ".join(self._task.instruction.split())  # other spaces make no other task
        key = replace(self._task, instruction=plain).key
        named = set(re.findall(r"\w+", "\n".join(sources))) | {answer}
        helped = self._helped(used, text_behind(sources, answer=answer), answer=answer)
        for name in used:
            if solved is not False and name not in helped:
                continue
            if solved is not None and not self._task.proposed:
                self._library.record_use(
                    name,
                    helped=solved,
                    task="" if name in known else key,
                    version=versions.get(name),
                    nested=name not in named,
                    seconds=seconds,
                    tokens=tokens,
                )
            if solved is not False:
                self._library.add_solved_task(name, self._task.instruction)
        return settle_states(self._library, used, hold_untrusted=self._hold_untrusted)

    def _helped(self, used: Mapping[str, int], code: str, *, answer: str) -> set[str]:
        """Return the skills that returned something this code, or one of them, rests on."""
        assert self._library is not None
        named = {*re.findall(r"\w+", code), answer}
        closures = [self._library.closure(name) for name in used if used[name] and name in named]
        return {name for closure in closures for name, _ in closure if used.get(name)}

    def _show(self, skills: Iterable[Skill]) -> tuple[Skill, ...]:
        new = tuple(skills)
        self.shown += new
        if new and self._library is not None:
            with suppress(LibraryError):  # read-only or full: no task ends for a count
                self._library.record_retrieved([skill.name for skill in new])
        return new


def _sure(hits: Sequence[Hit], *, known: Collection[str], best: int) -> Iterable[Skill]:
    for hit in hits[:best]:
        if not hit.doubtful and hit.skill.name not in known:
            yield hit.skill
