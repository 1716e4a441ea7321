"""Components over numbers: arithmetic, comparisons, and numbers inside text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.table import read_table
from habilis.agent.authors.compose.terms import Component, Constant, listed
from habilis.agent.authors.compose.types import MAX_NUMBER, Row, Type, within_limits

_INTS = """
1 a: int, b: int -> int = a + b
1 a: int, b: int -> int = a - b
1 a: int, b: int -> int = a * b
2 a: int, b: int -> int = a // b
2 a: int, b: int -> int = a % b
2 a: int, b: int -> int = max(a, b)
2 a: int, b: int -> int = min(a, b)
3 a: int -> int = abs(a)
3 a: int -> int = -a
2 a: int -> int = a ** 2   when abs(a) < 10000
1 a: int, b: int -> bool = a == b
1 a: int, b: int -> bool = a < b
1 a: int, b: int -> bool = a > b
2 a: int, b: int -> bool = a % b == 0   when b > 1
2 a: int -> bool = a % 2 == 1
2 a: int -> bool = a % 2 == 0
5 a: int -> bool = _is_prime(a)   when a < 10**6
"""
_DIGITS = """
2 a: int -> list[int] = [int(digit) for digit in str(a)]   when a >= 0
2 a: int -> list[int] = list(range(1, a + 1))   when 0 < a < 60
3 a: int, b: int -> int = math.gcd(a, b)
3 a: int, b: int -> int = a ** b   when 0 <= b < 20 and abs(a) < 1000
3 numbers: list[int] -> int = int(''.join(map(str, numbers)))   when numbers and min(numbers) >= 0
3 a: int -> int = math.isqrt(a)
4 a: int -> int = math.factorial(a)   when 0 <= a < 15
4 a: int, b: int -> int = math.comb(a, b)   when 0 <= b <= a < 40
4 a: int -> int = bin(a).count('1')   when a >= 0
4 a: int -> int = a.bit_length()
4 a: int, b: int -> int = a ^ b
1 numbers: list[int] -> int = sum(numbers)
2 numbers: list[int] -> int = math.prod(numbers)   when len(numbers) < 20
1 numbers: list[int] -> int = len(numbers)
2 numbers: list[int] -> int = max(numbers)
2 numbers: list[int] -> int = min(numbers)
2 numbers: list[int] -> list[int] = numbers[::-1]
3 numbers: list[int], other: list[int] -> bool = numbers == other
"""
_LOGIC = """
2 a: bool -> bool = not a
2 a: bool, b: bool -> bool = a and b
2 a: bool, b: bool -> bool = a or b
"""
_FLOATS = """
1 a: float, b: float -> float = a + b
1 a: float, b: float -> float = a - b
1 a: float, b: float -> float = a * b
2 a: float, b: float -> float = a / b
1 a: float -> float = round(a, 2)
2 a: float -> float = round(a, 1)
2 a: float -> int = round(a)
3 a: float -> int = math.floor(a)
3 a: float -> int = math.ceil(a)
3 a: float -> float = abs(a)
2 a: float, b: float -> bool = a > b
2 a: float, b: float -> bool = a < b
2 a: float, b: float -> float = max(a, b)
2 a: float, b: float -> float = min(a, b)
"""
_MIXED = """
2 a: int -> float = float(a)
1 a: float, b: int -> float = a * b
2 a: float, b: int -> float = a / b
2 a: int, b: int -> float = a / b
"""
_READ_FLOATS = """
2 text: str -> float = float(text)   when len(text) < 20 and text[-1] in '0123456789.'
2 text: str -> float = float(text.replace(',', ''))   when ',' in text
2 text: str -> float = float(re.sub(r'[^\\d.]', '', text))
1 text: str -> int = int(text)   when len(text) < 15
3 text: str -> list[int] = [int(number) for number in re.findall(r'\\d+', text)]
"""
_DECIMALS = """
2<6 text: str -> decimal = Decimal(text)   when len(text) < 25 and text[-1] in '0123456789.'
2<6 text: str -> decimal = Decimal(text.replace(',', ''))   when ',' in text
2 a: decimal -> str = str(a)
3 a: decimal -> str = format(a.normalize(), 'f')
1<8 a: decimal, step: quantum -> decimal = a.quantize(Decimal(step), ROUND_HALF_UP)
2<8 a: decimal, step: step -> decimal = _round_half_up(a, step)
2<8 a: decimal, step: step -> decimal = math.floor(a / Decimal(step)) * Decimal(step)
3<8 a: decimal, step: step -> decimal = math.ceil(a / Decimal(step)) * Decimal(step)
2<12 a: decimal, step: step -> decimal = a + Decimal(step)
3<12 a: decimal, step: step -> decimal = a - Decimal(step)
3<8 a: decimal, step: step -> decimal = a * Decimal(step)
3<8 a: decimal, step: step -> decimal = a / Decimal(step)
3 a: decimal -> bool = a > 0
3<6 a: decimal, step: step -> bool = a > Decimal(step)
"""
_TWO_DECIMALS = """
2<6 a: decimal, b: decimal -> decimal = a + b
2<6 a: decimal, b: decimal -> decimal = a - b
3<6 a: decimal, b: decimal -> decimal = a * b
3<6 a: decimal, b: decimal -> decimal = a / b
3<6 a: decimal, b: decimal -> bool = a > b
"""
_SPECS = {
    3: (".0f", ".1f", ".2f", ".3f", ",", ",.0f", ",.2f"),
    4: (".4f", ",.1f", "02.0f", "03.0f", ".0%", ".1%"),
    5: ("05.0f", "04.1f", "05.1f", "05.2f", "06.2f", ".2e", "e"),
}
_INT_SPECS = {
    2: ("02d", ","),
    3: ("03d", "04d", "05d"),
}
_INTEGERS = {
    1: (0, 1, 2),
    2: (3, 4, 5, 10),
    3: (6, 7, 8, 9),
}
_STEPS = {
    2: ("1", "10"),
    3: ("0.5", "0.1", "0.01", "5", "100", "1000"),
    4: ("0.25", "2", "20", "25", "50", "10000", "100000"),
}
_QUANTA = {2: ("1", "0.1", "0.01", "0.001")}
_DIGITS_ONLY = re.compile(r"(?<![\d.,])\d{1,9}(?![\d.,]*\d)")
_SOME = 5
_SUM_LIMIT = 5
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def components(
    types: Sequence[Type], *, text_numbers: bool, few: bool, grouped: bool = True
) -> list[Component]:
    """Return arithmetic for the types in play; with `text_numbers`, also read and write them.

    `grouped` tells whether some output has a comma: thousands are not grouped otherwise.
    """
    text = " ".join(types)
    whole, real = "int" in text or "bool" in text, "float" in text
    tables = [_LOGIC] if types[-1] == "bool" or "bool" in text else []
    if whole:
        tables.append(_limited(_INTS) if types[-1].startswith("list") and not few else _INTS)
    if "int" in types and "list" not in text and not few:
        tables.append(_DIGITS)
    reads = text_numbers and types[-1] != "str"
    if real or reads:
        tables.append(_FLOATS)
    if (real and whole) or (whole and types[-1] == "float"):
        tables.append(_MIXED)
    if reads:
        tables.append(_READ_FLOATS)
    if text_numbers and types[-1] == "str":
        tables += [_DECIMALS, _rounded(grouped=grouped)]
        tables += [_TWO_DECIMALS] if types[:-1].count("str") > 1 else []
    if real and types[-1] == "str":
        tables.append(_written(_SPECS, "float"))
    if whole and types[-1] == "str":
        tables.append(_written(_INT_SPECS, "int"))
    return [each for table in tables for each in read_table(table)]


def _limited(table: str) -> str:
    """Return a table for tasks whose answer is a list: no long sums for places and counts."""
    return re.sub(r"^(\d) (a: int, b: int)", rf"\1<{_SUM_LIMIT} \2", table, flags=re.MULTILINE)


def _rounded(*, grouped: bool) -> str:
    """Return ways to write a decimal: rounded as people do, a half up, not to the even digit."""
    lines = []
    for cost, spec in [(cost, spec) for cost, some in _SPECS.items() for spec in some]:
        plain = re.fullmatch(r"(,?)\.(\d)f", spec)
        if plain:
            step = Decimal(1).scaleb(-int(plain[2]))
            value = f"a.quantize(Decimal('{step}'), ROUND_HALF_UP)"
            text = f'f"{{{value}:,}}"' if plain[1] else f"str({value})"
        else:
            text = f"f'{{a:{spec}}}'"
        if grouped or "," not in spec:
            lines.append(f"{cost} a: decimal -> str = {text}")
    return "\n".join(lines)


def _written(specs: Mapping[int, Sequence[str]], type_: Type) -> str:
    pairs = [(cost, spec) for cost, some in specs.items() for spec in some]
    return "\n".join(f"{cost} a: {type_} -> str = f'{{a:{spec}}}'" for cost, spec in pairs)


def constants(problem: Problem, types: Sequence[Type], *, text_numbers: bool) -> list[Constant]:
    """Return small integers, integers that recur in outputs, steps, and constant factors."""
    rows, text, outputs = problem.width, " ".join(types), problem.outputs
    made: list[Constant] = []
    if "int" in text or "bool" in text:
        made += listed(_INTEGERS, "int", rows=rows)
        made += listed({3: _recurring(outputs)}, "int", rows=rows)
    if text_numbers:
        made += listed(_steps(outputs), "step", rows=rows)
        made += listed(_QUANTA, "quantum", rows=rows)
    if "float" in text or text_numbers:
        pairs = zip(problem.rows, outputs, strict=True)
        usual = [(row, output) for row, output in pairs if all(map(_is_usual, (*row, output)))]
        columns = list(zip(*(row for row, _ in usual), strict=True))
        factors = _factors(columns, [output for _, output in usual])
        made += listed({2: factors}, "float", rows=rows)
    return made


def _steps(outputs: Sequence[object]) -> dict[int, list[str]]:
    """Return steps by cost: first those that the outputs' own numbers show.

    That is what all their first numbers are multiples of, and how far two in one are apart.
    """
    numbers = [_DIGITS_ONLY.findall(text) for text in outputs if isinstance(text, str)]
    shown: set[int] = set()
    if numbers and all(numbers):
        shown = {math.gcd(*(int(row[0]) for row in numbers))}
        ahead = ({int(n) - int(row[0]) for n in row[1:_SOME]} for row in numbers)
        shown |= set.intersection(*ahead)
    found = [str(step) for step in sorted(shown) if step > 1]
    known = {cost: [s for s in some if s not in found] for cost, some in _STEPS.items()}
    return {**known, 1: found}


def _recurring(outputs: Sequence[object]) -> list[int]:
    seen: Counter[int] = Counter()
    for output in outputs:
        seen.update(set(_integers(output)) - set(range(11)))
    return [n for n, count in seen.most_common(12) if count >= max(2, 0.6 * len(outputs))]


def _integers(value: object) -> Iterator[int]:
    if isinstance(value, int) and not isinstance(value, bool) and within_limits(value):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _integers(item)


def _factors(columns: Sequence[Sequence[object]], outputs: Sequence[object]) -> list[float]:
    """Return numbers that turn some number of every input into one of its output."""
    found: list[float] = []
    results = [list(_numbers(output)) for output in outputs]
    for column in columns:
        starts = [list(_numbers(value)) for value in column]
        if len(starts) < 2 or not all(0 < len(some) < 3 for some in [*starts, *results]):
            continue
        options = [
            {round(r / s, digits) for r in result for s in start if s}
            for digits in (1, 2)
            for result, start in zip(results, starts, strict=True)
        ]
        half = len(starts)
        for group in (options[:half], options[half:]):
            found += sorted(set.intersection(*group) - {0.0, 1.0})[:3]
    return list(dict.fromkeys(found))[:6]


def _is_usual(value: object) -> bool:
    """Tell whether a value is no number out of bounds: not NaN, infinite or huge."""
    return not isinstance(value, (int, float)) or abs(value) <= MAX_NUMBER


def _numbers(value: object) -> Iterable[float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [float(value)] if _is_usual(value) else []
    if isinstance(value, str):
        return [float(number.replace(",", "")) for number in _NUMBER.findall(value)[:4]]
    if isinstance(value, tuple) and value and not isinstance(value[0], Row):
        return [number for item in value[:4] for number in _numbers(item)]
    return []
