"""An independent tester: cases from a mind that sees what a function says, not how it does it."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from habilis.agent.author import Message, Purpose, Reply
from habilis.agent.draft import Claim, read_draft
from habilis.agent.observe import fenced, one_line
from habilis.agent.parse import parse_reply
from habilis.agent.prompts import render
from habilis.skills.compare import show
from habilis.skills.outcome import Outcome
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.reading import function_of, spelled_out
from habilis.skills.proof.trial import written
from habilis.skills.skill import Case, CaseOrigin, Skill

Ask = Callable[[Purpose, Sequence[Message]], Awaitable[Reply]]
CallDraft = Callable[[Skill, Sequence[Call]], Awaitable[Sequence[Outcome]]]

_MORE = 2  # calls of the tester's own choice, at least
_ENOUGH = 4  # calls altogether: a tester leaves some out
_MOST = 8
_TASK_CHARS = 4_000


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What a tester says of a draft: cases that agree with it, and one that does not."""

    cases: tuple[Case, ...] = ()
    dispute: str = ""

    @property
    def vouched(self) -> tuple[Case, ...]:
        """The cases as what they are worth: whoever disputes a function does not vouch for it."""
        origin = CaseOrigin.AUTHOR if self.dispute else CaseOrigin.TESTER
        return tuple(replace(case, origin=origin) for case in self.cases)


async def have_tested(
    draft: Skill, questions: Sequence[Call], *, ask: Ask, call: CallDraft
) -> Tested:
    """Ask for cases of a draft and run them on it.

    Raises:
        Stopped: a limit is reached, or the tester gave up.
        AuthorError: the endpoint failed for good.
    """
    reply = await ask(Purpose.TEST, tester_messages(draft, questions))
    claims = read_claims(reply.text, draft)
    return compare_claims(draft, claims, await call(draft, [each.call for each in claims]))


def tester_messages(draft: Skill, questions: Sequence[Call]) -> list[Message]:
    """Return what a tester is asked: signature, docstring and the calls that tell most."""
    prompt = render(
        "tester",
        declaration=fenced(_declaration(draft.source)),
        instruction=one_line(draft.provenance.task, _TASK_CHARS),
        asked=[one_line(written(draft.name, call), _TASK_CHARS) for call in questions],
        more=max(_MORE, _ENOUGH - len(questions)),
        name=draft.name,
    )
    return [Message(role="user", content=prompt)]


def read_claims(text: str, draft: Skill) -> list[Claim]:
    """Return the calls with results that a tester states; none where it wrote no asserts."""
    code = "\n".join(parse_reply(text).code)
    try:
        claims = read_draft(f"def {draft.name}(): pass\n\n{code}").claims
    except ValueError:
        return []
    return list(claims)[:_MOST]


def compare_claims(draft: Skill, claims: Sequence[Claim], outcomes: Sequence[Outcome]) -> Tested:
    """Compare what the tester states with what the draft gives."""
    cases, disputes = [], []
    function = function_of(draft.source)
    for claim, outcome in zip(claims, outcomes, strict=True):
        call = claim.call
        if outcome.ok and claim.agrees(outcome.value):
            plain = spelled_out(call, function)  # so that one input said twice shows as one
            cases.append(
                Case(
                    arguments=plain.arguments,
                    keywords=plain.keywords,
                    expected=outcome.value,
                    origin=CaseOrigin.TESTER,
                )
            )
            continue
        gave = f"gives {show(outcome.value)}" if outcome.ok else f"ends in {outcome.error_type}"
        disputes.append(
            f"{written(draft.name, call)} {gave}, but by its description it is {show(claim.stated)}"
        )
    return Tested(cases=tuple(cases), dispute=disputes[0] if disputes else "")


def _declaration(source: str) -> str:
    """Return a function's head and docstring, its body left out."""
    function = function_of(source)
    documented = ast.get_docstring(function) is not None
    function.body = [*function.body[: int(documented)], ast.Expr(value=ast.Constant(value=...))]
    return ast.unparse(function)
