from __future__ import annotations

from habilis import Agent, ScriptedAuthor, SkillLibrary
from habilis.agent.checks import Expected
from habilis.agent.neighbours import neighbours, unseen
from tests.making import make_skill, simple

AREA = make_skill(
    "def polygon_area(points: list[list[float]]) -> float:\n"
    '    """Measure a field by its corners."""\n'
    "    total = 0.0\n"
    "    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1]):\n"
    "        total += x1 * y2 - x2 * y1\n"
    "    return abs(total) / 2\n"
)
SOLUTION = (
    "points = [[0, 0], [4, 0], [4, 3]]\narea = 0.0\n"
    "for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1]):\n"
    "    area += x1 * y2 - x2 * y1\nfinal_answer(abs(area) / 2 * 10)"
)


def fill(library: SkillLibrary) -> None:
    library.add(AREA)
    for number in range(60):
        library.add(simple(f"price_{number}", f"Return the price of order {number}."))
    library.encode()


def test_before_a_tool_is_made_its_author_sees_what_its_code_is_like(
    library: SkillLibrary,
) -> None:
    """What the question did not find, the code that solved it does; it is counted as shown."""
    fill(library)
    question = "What do I pay for a polygon of land with corners 0,0 and 4,0 and 4,3 at 10 each?"
    (card,) = unseen(library, question, code=[SOLUTION], told="")
    assert card.startswith("polygon_area(points") and library.ledger("polygon_area").retrieved == 1
    assert unseen(library, question, code=[SOLUTION], told="import polygon_area, then") == []
    assert unseen(library, "Who was he?", code=["final_answer('Tewodros')"], told="") == []


def test_a_tool_calls_what_its_author_was_shown(library: SkillLibrary) -> None:
    """The card stands in the request for the tool, and the call is pinned."""
    fill(library)
    tool = (
        "from skills import polygon_area\n\n"
        "def polygon_price(corners: list[list[float]], price_per_unit: float) -> float:\n"
        '    """Return the price of a plot of land with these corners."""\n'
        "    return polygon_area(corners) * price_per_unit\n\n"
        "assert polygon_price([[0, 0], [4, 0], [4, 3]], 10) == 60\n"
        "assert polygon_price([[0, 0], [2, 0], [2, 2], [0, 2]], 3) == 12\n"
    )
    author = ScriptedAuthor([f"```python\n{code}\n```" for code in (SOLUTION, tool)])
    agent = Agent(author, library=library)
    result = agent.run_sync(
        "What do I pay for a triangle of land with legs of 4 and 3, at 10 each?",
        checks=[Expected(60.0)],
    )
    (*_, asked) = author.requests[-1].messages
    assert "code like yours" in asked.content and "polygon_area(points" in asked.content
    assert not any("polygon_area" in each.content for each in author.requests[0].messages)
    assert result.skills_made == ("polygon_price",)
    assert dict(library.get("polygon_price").requires) == {"polygon_area": AREA.hash}


def test_the_same_code_under_other_words_is_a_neighbour(library: SkillLibrary) -> None:
    """Also where words find twenty others first."""
    fill(library)
    source = AREA.source.replace("polygon_area", "price_of_order")
    copy = make_skill(source.replace("Measure a field by its corners.", "Return a price."))
    assert "polygon_area" in [skill.name for skill in neighbours(library, copy)]
