"""Components over text: Python's own methods and the regular expressions a person would use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from habilis.agent.authors.compose.table import read_table, rules
from habilis.agent.authors.compose.terms import Component, Constant, listed
from habilis.agent.authors.compose.types import Type

_TEXT = """
1 text: str -> str = text.strip()
1 text: str -> str = text.lower()
1 text: str -> str = text.upper()
1 text: str -> str = text.title()
2 text: str -> str = text.capitalize()
1 text: str, count: count -> str = text[:count]   when len(text) >= count
1 text: str, count: count -> str = text[-count:]  when len(text) >= count
1 text: str, count: count -> str = text[count:]   when len(text) >= count
1 text: str, count: count -> str = text[:-count]  when len(text) >= count
2 text: str, index: index -> str = text[index]
3 text: str -> str = text[::-1]
3 text: str -> str = ' '.join(text.split())
2 text: str, sep: separator -> str = text.replace(sep, '')   when sep in text
3 text: str, sep: separator -> str = text.replace(sep, '')
2<4 text: str, sep: separator, glue: glue -> str = text.replace(sep, glue)
3<3 text: str, sep: separator, glue: glue -> str = text.replace(sep, glue, 1) \
  when text.count(sep) > 1
3<6 text: str, sep: separator -> str = text.strip(sep)
3 text: str -> str = text.lstrip('0')   when text[:1] == '0'
3<6 text: str, count: count -> str = text.zfill(count)   when len(text) <= count
2 text: str, sep: separator -> str = text.split(sep, 1)[1]
2 text: str, sep: separator -> str = text.rsplit(sep, 1)[0]   when sep in text
3 text: str, pattern: pattern -> str = re.search(pattern, text).group()
3 text: str, pattern: pattern -> str = text[re.search(pattern, text).start():]
3 text: str, pattern: pattern -> str = text[:re.search(pattern, text).start()]
4 text: str, pattern: pattern -> str = text[re.search(pattern, text).end():]
4 text: str, pattern: pattern -> str = text[:list(re.finditer(pattern, text))[-1].end()]
3<3 text: str, glue: glue, change: str>str -> str = \
  glue.join(change(word) for word in text.split())
3<3 text: str, pattern: pattern, glue: glue -> str = re.sub(pattern, glue, text)
3<4 text: str, pattern: pattern -> str = ''.join(re.findall(pattern, text))
4 text: str -> str = ''.join(re.findall('[A-Z]', text))
"""
_PARTS = """
1 text: str -> list[str] = text.split()
1 text: str, sep: separator -> list[str] = text.split(sep)   when sep in text
3 text: str, sep: separator -> list[str] = text.split(sep)
1 text: str -> list[str] = text.splitlines()   when '\\n' in text
2 text: str, pattern: pattern -> list[str] = re.findall(pattern, text)
1 parts: list[str], index: index -> str = parts[index]
2 parts: list[str], count: count -> list[str] = parts[count:]   when len(parts) > count
2 parts: list[str], count: count -> list[str] = parts[:-count]  when len(parts) > count
3 parts: list[str], count: count -> list[str] = parts[:count]   when len(parts) >= count
3 parts: list[str] -> list[str] = parts[::-1]
6 parts: list[str] -> list[str] = sorted(parts)
2 glue: glue, parts: list[str] -> str = glue.join(parts)
2 change: str>str, parts: list[str] -> list[str] = [change(word) for word in parts]
2 keep: str>bool, parts: list[str] -> list[str] = [word for word in parts if keep(word)]
2 parts: list[str] -> int = len(parts)
"""
_TESTS = """
1 sep: separator, text: str -> bool = sep in text
1 word: word, text: str -> bool = word in text
2 text: str, word: word -> bool = text.startswith(word)
2 text: str, sep: separator -> bool = text.startswith(sep)
2 text: str, sep: separator -> bool = text.endswith(sep)
2 text: str, word: word -> bool = text == word
2 text: str -> bool = text.isdigit()
2 text: str -> bool = text.isalpha()
2 text: str -> bool = text.isupper()
3 text: str -> bool = text.islower()
2 text: str -> bool = not text.strip()
2 pattern: pattern, text: str -> bool = re.search(pattern, text) is not None
3 pattern: pattern, text: str -> bool = re.fullmatch(pattern, text) is not None
2<3 text: str, other: str -> bool = text == other
3<4 text: str -> bool = text == text[::-1]
"""
_NUMBERS = """
2 text: str, sep: separator -> int = text.count(sep)
2 text: str -> int = len(text)
2 number: int -> str = str(number)
3 text: str -> int = int(text)   when text.isdigit()
3<5 number: int, count: count -> int = number + count
3<5 number: int, count: count -> int = number - count
2<6 number: int, count: count -> bool = number > count
2<6 number: int, count: count -> bool = number == count
2<5 number: int, other: int -> bool = number > other
"""
_INT_OUT = """
2 number: int, other: int -> int = number + other
2 number: int, other: int -> int = number - other
2 text: str, sep: separator -> int = text.index(sep)
"""
_WITH_INT = """
2<6 text: str, number: int -> str = text[:number]   when 0 < number <= len(text)
2<6 text: str, number: int -> str = text[-number:]  when 0 < number <= len(text)
2<6 text: str, number: int -> str = text[number:]   when 0 < number <= len(text)
2<6 parts: list[str], number: int -> str = parts[number]
3<6 text: str, number: int -> str = text.zfill(number)   when number < 20
3<4 text: str, number: int -> str = text.rjust(number)   when len(text) <= number < 60
3<4 text: str, number: int -> str = text.ljust(number)   when len(text) <= number < 60
3<4 text: str, number: int -> str = text * number   when 0 <= number < 30
"""
_TWO_TEXTS = """
2<3 other: str, text: str -> bool = other in text
3<3 text: str, other: str -> bool = text.endswith(other)
2<3 text: str, sep: separator, other: str -> str = text.replace(sep, other)   when sep in text
3<3 text: str, other: str -> str = text.replace(other, '')   when other and other in text
3<2 text: str, other: str, new: str -> str = text.replace(other, new) \
  when other and other in text
2<3 text: str, other: str -> str = text.removesuffix(other)   when text.endswith(other)
3<3 text: str, other: str -> str = text.removeprefix(other)   when text.startswith(other)
3<3 text: str, other: str -> str = text.split(other, 1)[1]
3<3 text: str, other: str -> str = text.split(other, 1)[0]   when other and other in text
2<3 text: str, other: str -> int = text.count(other)   when other
"""
_MISSING = """
1 text: str -> bool = text is None
"""

_LETTERS = {"[A-Za-z]+": r"[^\W\d_]+", r"[^\W\d_]+": "[A-Za-z]+"}
_PATTERNS = {
    1: (r"\d+", "[A-Za-z]+", r"\((.*?)\)", '"(.*?)"', r"\[(.*?)\]"),
    2: (r"\w+", "[A-Z]", "[A-Z][a-z]+", "[A-Z]+", r"[-+]?\d+(?:\.\d+)?"),
    3: (
        r"\d",
        "[a-z]+",
        "[A-Z]{2,}",
        r"\d{4}",
        r"[\d,.]+",
        r"\S+@\S+",
        "[^A-Za-z0-9]+",
        r"[^\W\d_]+",
        r"\D+",
        r"\D",
        r"[^\d.]",
        r"\s+",
    ),
    4: (r"\d{3,}",),
}
_SLOW = frozenset({r"\((.*?)\)", '"(.*?)"', r"\[(.*?)\]", r"\S+@\S+"})
# With letters beyond English ones, a word is more than A to Z.
_FOREIGN = {
    cost: tuple(_LETTERS.get(pattern, pattern) for pattern in patterns)
    for cost, patterns in _PATTERNS.items()
}
_CHANGES = {
    1: ("x.upper()", "x.lower()", "x.strip()", "x.capitalize()", "x[0]"),
    2: ("x.title()", "x[0].upper()"),
    3: ("x[1:]", "x[:2]", "x[:3]", "x[-1]", "x[::-1]"),
}
_KEEPS = {
    2: ("x.isdigit()", "x.isalpha()", "x[0].isupper()", "x"),
    3: ("x.isupper()", "x[:1].isdigit()", "len(x) > 1", "len(x) > 2", "not x.isdigit()"),
}
_INDEXES = {
    1: (0, -1),
    2: (1, -2),
    3: (2, -3),
    4: (3, 4),
    5: (5,),
}
_COUNTS = {
    1: (1,),
    2: (2, 3),
    3: (4, 5),
    4: (6, 7, 8),
    5: (9, 10, 12),
}


def components(types: Sequence[Type], columns: Sequence[Sequence[object]]) -> list[Component]:
    """Return what fits tasks that take or give text."""
    tables = [_TEXT, _PARTS, _TESTS, _NUMBERS]
    if "int" in types:
        tables += [_WITH_INT, _INT_OUT]
    if list(types[:-1]).count("str") > 1:
        tables.append(_TWO_TEXTS)
    found = [each for table in tables for each in read_table(_joined(table))]
    if any(value is None for column in columns for value in column):
        found += read_table(_MISSING)
    return found


def _joined(table: str) -> str:
    return table.replace("\\\n", "")


def constants(
    inputs: Iterable[str], outputs: Iterable[str], *, rows: int, slow: bool = True
) -> list[Constant]:
    """Return separators, words and patterns found in the examples, and small counts.

    Without `slow`, patterns that take time quadratic in a text's length are left out.
    """
    inputs, outputs = list(inputs), list(outputs)
    made = [*_separators(inputs, rows), *_glues(outputs, rows)]
    vary = len({len(text) for text in inputs}) > 1
    for cost, counts in _COUNTS.items():
        made += [
            Constant(count, "count", cost=cost + (vary and count > 1), rows=rows)
            for count in counts
        ]
    foreign = any(letter.isalpha() for text in inputs for letter in text if letter > "\x7f")
    patterns = {
        cost: [
            p
            for p in some
            if (slow or p not in _SLOW) and any(re.search(p, text) for text in inputs)
        ]
        for cost, some in (_FOREIGN if foreign else _PATTERNS).items()
    }
    made += listed(patterns, "pattern", rows=rows)
    if slow:
        made += listed({2: _mined_patterns(inputs, outputs)}, "pattern", rows=rows)
    made += listed(_INDEXES, "index", rows=rows)
    made += listed(rules(_CHANGES), "str>str", rows=rows)
    return made + listed(rules(_KEEPS), "str>bool", rows=rows)


def _separators(inputs: list[str], rows: int) -> list[Constant]:
    marks: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for text in inputs:
        marks.update(set(re.findall(r"[^\w\s]|_|\s", text)))
        marks.update(set(re.findall(r"[^\w\s]\s|\s[^\w\s]\s?|--+|::|//", text)))
        marks.update(set(re.findall(r"<\w+>|\{\w+\}|\[\w+\]|%\w+%|\$\w+", text)))  # to be filled in
        words.update(set(re.findall(r"[A-Za-z]{2,}|\d+|[A-Za-z]", text)))
    made = [
        Constant(mark, "separator", cost=1 if rank < 2 or mark == " " else 2, rows=rows)
        for rank, (mark, _) in enumerate(marks.most_common(14))
    ]
    common = [w for w, n in words.items() if n == len(inputs) > 1 and len(w) > 1]
    made += [Constant(word, "separator", cost=3, rows=rows) for word in common[:6]]
    rare = [word for word, n in words.most_common(40) if n < len(inputs)]
    for word in rare[:14]:
        cost = 5 if word.isdigit() else 2 if len(word) > 1 else 3
        made.append(Constant(word, "word", cost=cost, rows=rows))
    return made


def _glues(outputs: list[str], rows: int) -> list[Constant]:
    seen: Counter[str] = Counter()
    for text in outputs:
        seen.update(set(re.findall(r"[^\w]|_", text)) | set(re.findall(r"[^\w\s]\s", text)))
    glues = list(dict.fromkeys(["", *(g for g, _ in seen.most_common(8)), " ", "-", ", "]))
    return [
        Constant(glue, "glue", cost=1 if rank < 2 else 2, rows=rows)
        for rank, glue in enumerate(glues[:9])
    ]


def _mined_patterns(inputs: list[str], outputs: list[str]) -> list[str]:
    """Return patterns of what stands in several inputs and is taken over into the outputs.

    A run of digits or letters becomes a class, as in Potter's Wheel (Raman 2001): with its
    length first, then of any length.
    """
    shapes: Counter[str] = Counter()
    for output in outputs:
        for piece in {output, *output.split()}:
            if 3 < len(piece) <= 60 and any(piece in text for text in inputs):
                shapes.update({_shape(piece, exact=True), _shape(piece, exact=False)})
    known = {pattern for patterns in _PATTERNS.values() for pattern in patterns}
    compound = [shape for shape in shapes if len(re.findall(r"[]d][+{]", shape)) > 1]
    common = [s for s in compound if sum(bool(re.search(s, text)) for text in inputs) > 1]
    return [shape for shape in sorted(common, key=shapes.__getitem__)[::-1] if shape not in known][
        :6
    ]


def _shape(text: str, *, exact: bool) -> str:
    parts = []
    for run in re.findall(r"[0-9]+|[A-Z]+|[a-z]+|.", text, re.DOTALL):
        if run.isascii() and run.isalnum():
            kind = r"\d" if run.isdigit() else "[A-Z]" if run.isupper() else "[a-z]"
            parts.append(kind + (f"{{{len(run)}}}" if exact and run.isdigit() else "+"))
        else:
            parts.append(re.escape(run) if run != " " else " ")
    return "".join(parts)
