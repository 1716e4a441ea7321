"""At the end of a session: what its skills have in common becomes a skill of its own.

The embedded author's `fragments` drafts it; here the gate decides. A fragment is no answer
to any task, so nobody vouches for it directly: it is kept when at least two skills that
call it still pass their own cases, and stays a candidate like any skill without
independent cases.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from habilis.agent.authors.compose.fragments import Fragment, find_fragments
from habilis.agent.dialogue import Announcer
from habilis.agent.keeping import Decision, Keeper
from habilis.agent.neighbours import neighbours
from habilis.agent.setting import Setting
from habilis.errors import LibraryError
from habilis.events import Notice, SkillKept
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import same
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.policy import Policy
from habilis.skills.proof.reading import shape_of
from habilis.skills.proof.regression import prove_update
from habilis.skills.rename import rename
from habilis.skills.skill import Case, Provenance, Skill, SkillState, read_source

_CALLERS = 2  # skills that must pass with a fragment, for it to be worth its name
_CASES = 12
_SHARED = "shared by"
_MOST = 8  # fragments of a session
_STATES = (SkillState.ACTIVE, SkillState.CANDIDATE)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A new skill, or an older one, and the new versions of the skills that call it now."""

    skill: Skill
    rewritten: tuple[Skill, ...]


class Sharing:
    """Finds, proves and keeps what the skills of a session share with each other and the rest."""

    def __init__(
        self,
        library: SkillLibrary,
        *,
        policy: Policy,
        clock: Callable[[], float],
        hold_untrusted: bool = False,
    ) -> None:
        self._library, self._clock = library, clock
        checks = tuple(name for name in policy.checks if name != "use")
        self._gate = Gate(library.closure, policy=replace(policy, checks=checks))
        self._keeper = Keeper(library, self._gate, hold_untrusted=hold_untrusted)

    def interrupt(self) -> None:
        """End it in whatever thread it runs; what was kept stays."""
        self._gate.interrupt()

    def share(self, session: str) -> list[Shared]:
        """Return what was kept; the most that is saved comes first.

        Raises:
            LibraryError: the library cannot be written.
        """
        kept, tried = list[Shared](), set[str]()
        for _ in range(_MOST):  # a rewritten skill may share less, or more, than before
            fragment = self._next(session, tried)
            if fragment is None:
                break
            tried.add(fragment.source)
            shared = self._keep(fragment, session)
            kept += [shared] if shared is not None else []
        return kept

    def _next(self, session: str, tried: Collection[str]) -> Fragment | None:
        skills = self._library.skills(_STATES)
        made = {skill.name for skill in skills if skill.provenance.session == session}
        return next(
            (
                fragment
                for fragment in (find_fragments(skills) if made else ())
                if made & fragment.rewrites.keys() and fragment.source not in tried
            ),
            None,
        )

    def _keep(self, fragment: Fragment, session: str) -> Shared | None:
        """Prove a fragment and keep it; where a skill is that already, call this one."""
        draft = self._draft(fragment, session)
        twin = self._twin(draft)
        if twin is not None:
            return self._rewritten(_calling(twin.name, fragment), twin)
        proof = self._gate.prove(draft, neighbours=neighbours(self._library, draft))
        if proof.failed is not None:
            return None
        draft = replace(draft, cases=(*draft.cases, *proof.recorded))
        passing = [name for name in fragment.rewrites if self._passes(name, fragment, draft)]
        if len(passing) < _CALLERS:
            return None
        skill = self._keeper.keep(Decision(proof=proof, versions=(draft,)))
        return self._rewritten(fragment, skill)

    def _rewritten(self, fragment: Fragment, skill: Skill) -> Shared:
        rewritten = [self._rewrite(name, fragment, skill) for name in fragment.rewrites]
        return Shared(skill=skill, rewritten=tuple(each for each in rewritten if each is not None))

    def _twin(self, draft: Skill) -> Skill | None:
        shape = shape_of(draft.source)
        skills = self._library.skills(_STATES)
        return next((each for each in skills if shape_of(each.source) == shape), None)

    def _draft(self, fragment: Fragment, session: str) -> Skill:
        facts = read_source(fragment.source)
        draft = Skill(
            name=facts.name,
            source=fragment.source,
            signature=facts.signature,
            requires={name: self._library.get(name).hash for name in facts.requires},
            description=facts.description,
            provenance=Provenance(
                task=f"{_SHARED} {', '.join(fragment.rewrites)}",
                author="compose",
                made_at=self._clock(),
                session=session,
                untrusted=self._untrusted(fragment),
            ),
        )
        calls = _varied(fragment.calls)
        outcomes = self._gate.call(draft, [Call(arguments=each) for each in calls])
        cases = [
            Case(arguments=call, expected=outcome.value)
            for call, outcome in zip(calls, outcomes, strict=True)
            if outcome.ok
        ]
        return replace(draft, cases=tuple(cases))

    def _untrusted(self, fragment: Fragment) -> tuple[str, ...]:
        skills = [self._library.get(name) for name in fragment.rewrites]
        return tuple(dict.fromkeys(name for s in skills for name in s.provenance.untrusted))

    def _passes(self, name: str, fragment: Fragment, draft: Skill) -> bool:
        """Tell whether a skill that calls the draft passes its own cases."""
        changed = _changed(self._library.get(name), fragment, draft)

        def load(needed: str, pinned: str = "", /) -> Sequence[tuple[str, str]]:
            if needed != draft.name:
                return self._library.closure(needed, pinned)
            pins = draft.requires.items()
            below = [pair for callee in pins for pair in self._library.closure(*callee)]
            return [*below, (draft.name, draft.source)]

        checks = ("form", "alone", "cases", "again")
        return self._gate.prove(changed, load_skill=load, checks=checks).failed is None

    def _rewrite(self, name: str, fragment: Fragment, skill: Skill) -> Skill | None:
        """Offer a skill its shorter form through the regression gate."""
        old = self._library.get(name)
        skills = list(self._library)
        known = {each.name: len(self._library.versions(each.name)) for each in skills}
        update = prove_update(self._gate, _changed(old, fragment, skill), old, skills=skills)
        if not update.versions:
            return None
        return self._keeper.keep(
            Decision(proof=update.proof, versions=update.versions, known=known)
        )


def _calling(name: str, fragment: Fragment) -> Fragment:
    """Return the rewrites with calls of a skill that is there already."""
    word = re.compile(rf"(?<=^from skills import )(.*)\b{fragment.name}\b", re.MULTILINE)
    rewrites = {
        old: word.sub(rf"\g<1>{name}", rename(source, {fragment.name: name}))
        for old, source in fragment.rewrites.items()
        if old != name
    }
    return replace(fragment, name=name, rewrites=rewrites)


def _changed(old: Skill, fragment: Fragment, callee: Skill) -> Skill:
    source = fragment.rewrites[old.name]
    pins = {**old.requires, callee.name: callee.hash}
    return replace(
        old, source=source, requires={name: pins[name] for name in read_source(source).requires}
    )


def _varied(calls: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return distinct calls from the whole range."""
    distinct: list[tuple[object, ...]] = []
    for call in calls:
        if not any(same(call, other) for other in distinct):
            distinct.append(call)
    return distinct[:: max(1, len(distinct) // _CASES)][:_CASES]


async def share_after(session: str, setting: Setting, *, announce: Announcer) -> None:
    """Share what a session's skills have in common, without stopping the event loop."""
    library = setting.library
    if library is None or not setting.learn:
        return
    sharing = Sharing(
        library,
        policy=setting.policy_with_modules,
        clock=setting.clock,
        hold_untrusted=setting.hold_untrusted,
    )
    try:
        kept = await asyncio.to_thread(sharing.share, session)
    except asyncio.CancelledError:
        sharing.interrupt()
        raise
    except LibraryError as error:  # read-only or full: the results must not be lost for that
        announce(Notice, text=f"no skills shared: {error}")
        return
    for each in kept:
        made = [each.skill] if each.skill.provenance.task.startswith(_SHARED) else []
        for skill in (*made, *each.rewritten):
            requires = tuple(skill.requires)
            announce(SkillKept, name=skill.name, version=skill.version, requires=requires)
