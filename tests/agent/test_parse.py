from __future__ import annotations

import pytest

from habilis.agent.parse import ParsedReply, parse_reply
from habilis.agent.salvage import mend, runs

CODE = "total = sum([1, 2])\nprint(total)"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{CODE}\n```",
        f"```py\n{CODE}\n```",
        f"```Python3\n{CODE}\n```",
        f"```\n{CODE}\n```",
        f"~~~python\n{CODE}\n~~~",
        f"I add them up.\n\n```python\n{CODE}\n```\n\nThat should do.",
        f"```python\n{CODE}",
        f"```\npython\n{CODE}\n```",
        f"<execute>\n{CODE}\n</execute>",
        f"<execute>\n{CODE}",
        f"<execute>```python\n{CODE}\n```</execute>",
        f"```python\n<execute>\n{CODE}\n</execute>\n```",
        f"<code>\n{CODE}\n</code>",
        f"<llm-code>\n{CODE}\n</llm-code>\n<llm-code-output>\n3\n</llm-code-output>",
        f"[PYTHON]\n{CODE}\n[/PYTHON]",
        f"<thought>I need `x = 5`.\n```python\nx = 5\n```</thought>\n```python\n{CODE}\n```",
        "1. Do this:\n\n   ```python\n   total = sum([1, 2])\n   print(total)\n   ```\n",
        f"<execute>\n  {CODE.replace(chr(10), chr(10) + '  ')}\n</execute>",
        "```python\n>>> total = sum([1, 2])\n>>> print(total)\n3\n```",
        f"```python\n!pip install numpy\n{CODE}\n```",
        f"```python\n{CODE}\nThis prints the sum of both.\n```",
        f"```python\nHere is the code:\n{CODE}\n```",
        CODE,
        f"First I add them up.\n\n{CODE}\n\nThen I am done.",
        f"Here it is:\n\n    {CODE.replace(chr(10), chr(10) + '    ')}\n\nDone.",
    ],
)
def test_code_is_found_in_every_form(reply: str) -> None:
    """However it is marked, the same code comes out, and nothing else."""
    assert parse_reply(reply) == ParsedReply(code=(CODE,))


@pytest.mark.parametrize(
    "invented",
    [
        "Observation:\n3\n```python\nprint(4)\n```",
        "Output: 3\n<execute>print(4)</execute>",
        "**Output:**\n```\n3\n```\n```python\nprint(4)\n```",
        "The output is:\n```\n[1, 2]\n```\nNow:\n```python\nprint(4)\n```",
        "```output\n3\n```\n```python\nprint(4)\n```",
        "<observation>3</observation>\n```python\nprint(4)\n```",
        "Out[1]: 3\n<solution> 3 </solution>",
        "Assistant:\nThe answer is <solution> 3 </solution>",
    ],
)
def test_nothing_counts_after_an_invented_observation(invented: str) -> None:
    """What the author believes to have seen is no ground for an action or an answer."""
    assert parse_reply(f"```python\n{CODE}\n```\n{invented}") == ParsedReply(code=(CODE,))


@pytest.mark.parametrize(
    "reply",
    [
        "Thanks",
        "yes",
        "42",
        "x",
        "Let x = 5 be the number. Then P(A) is a half.",
        "x = 5",  # a formula, also when it stands alone
        "We have\ny = f(x)\nand so on.",
        '```json\n{"a": 1}\n```',
        "```bash\npip install numpy\n```",
        "```output\nprint(3)\n```",
        "```\n3\n```",
        "You should use the `<execute>` tag.",
        "<thought>I need to add them up.</thought>",
        "<execute>\n# nothing to run\n</execute>",
        "",
    ],
)
def test_no_code_is_made_up(reply: str) -> None:
    """Prose that happens to compile is no code; the fault says what to write instead."""
    parsed = parse_reply(reply)
    assert (parsed.code, parsed.answer, parsed.solution) == ((), None, None)
    assert parsed.fault.endswith(".") and "\n" not in parsed.fault


def test_tags_give_exactly_what_is_inside() -> None:
    """Python in a well-formed tag is not touched, be it a bare name."""
    inside = "x = 1  \n\n\nif x:\n\tprint('```')\nx"
    assert parse_reply(f"Now.\n<execute>\n{inside}\n</execute>").code == (inside,)
    assert parse_reply("<execute> x </execute>").code == ("x",)


def test_several_blocks_keep_their_order() -> None:
    """Prose between them does not part them."""
    reply = "A:\n```python\na = 1\n```\nand B:\n```python\nb = a\n```"
    assert parse_reply(reply).code == ("a = 1", "b = a")


def test_answers_are_only_taken_from_tags() -> None:
    """Text in a solution tag is an answer, code in it a solution, prose is neither."""
    assert parse_reply("The answer is <solution> B </solution>.").answer == "B"
    assert parse_reply("<answer>x = 4</answer>").answer == "x = 4"
    assert parse_reply("So: <solution> 42").answer == "42"
    assert parse_reply("Final answer: 42").answer is None
    function = "def f(x: int) -> int:\n    return x"
    for inside in (function, f"```python\n{function}\n```"):
        parsed = parse_reply(f"<solution>\n{inside}\n</solution>")
        assert (parsed.solution, parsed.answer, parsed.code) == (function, None, ())


def test_code_and_answer_in_one_reply() -> None:
    """Both are given; who runs the code decides."""
    parsed = parse_reply(f"<execute>\n{CODE}\n</execute>\nSo it is <solution>3</solution>")
    assert (parsed.code, parsed.answer) == ((CODE,), "3")


def test_a_cut_reply_keeps_its_good_lines() -> None:
    """A reply that reached its length limit loses its last line only."""
    reply = "<execute>\ndef f(x):\n    y = x + 1\n    return y\n\nprint(f(3), f("
    assert parse_reply(reply).code == ("def f(x):\n    y = x + 1\n    return y",)


def test_a_cut_solution_does_not_replace_the_code_before_it() -> None:
    """Half a function must not overwrite a whole one."""
    reply = f"<execute>\n{CODE}\n</execute>\n<solution>\ndef f(x):\n    y = (x +"
    parsed = parse_reply(reply)
    assert (parsed.code, parsed.solution) == ((CODE,), None)


def test_broken_code_is_the_authors_to_mend() -> None:
    """A mistake in the middle is named with its line; nothing of the block is run."""
    parsed = parse_reply("```python\na = 1\nb = (a + 1))\nprint(b)\n```")
    assert parsed.code == ()
    assert parsed.fault.startswith("Your code does not parse (line 2: unmatched ')')")


def test_a_fence_inside_a_docstring_ends_nothing() -> None:
    """Documented examples are part of the code."""
    code = 'def f(x):\n    """Do it.\n\n    ```\n    f(1)\n    ```\n    """\n    return x'
    assert parse_reply(f"```python\n{code}\n```").code == (code,)


def test_an_annotated_variable_is_no_observation() -> None:
    """`result: float = 1.5` looks like a heading, and is code."""
    code = "result: float = 1.5\nprint(result)"
    assert parse_reply(f"<execute>\n{code}").code == (code,)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("print(“a”)", 'print("a")'),
        ("def f\\_x():\n    return 1", "def f_x():\n    return 1"),
        ("x = 1\n  y = 2", "x = 1\ny = 2"),
        ("python\nx = 1", "x = 1"),
        ("x = = 1", ""),
    ],
)
def test_slips_are_mended(text: str, source: str) -> None:
    """Typography, Markdown's escapes, indentation, a language word."""
    assert mend(text) == source


def test_runs_are_parted_by_what_does_not_compile() -> None:
    """Statements that span several lines stay whole."""
    text = 'x = """\nnot code\n"""\nThis is prose.\ny = [\n1,\n]\nz = 2'
    assert list(runs(text)) == ['x = """\nnot code\n"""', "y = [\n1,\n]\nz = 2"]


@pytest.mark.parametrize(
    "piece",
    ["```\n", "<execute>x = (\n", "(a\n", '```python\n"""\n```\n', ">>> x\n", "`", "- ```\n"],
)
def test_a_huge_reply_ends(piece: str) -> None:
    """A megabyte of nonsense gives a result, whatever it is."""
    parsed = parse_reply((piece * 1_000_000)[:1_000_000])
    assert parsed.code or parsed.fault or parsed.answer is not None


@pytest.mark.parametrize("code", ["-" * 50_000 + "1", "x" + ".y" * 50_000, "\0", "(" * 300])
def test_code_the_parser_chokes_on_is_a_fault(code: str) -> None:
    """Too deep or not text: said, not raised."""
    assert parse_reply(f"```python\n{code}\n```").fault
