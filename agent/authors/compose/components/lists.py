"""Components over lists, with the small functions that map, keep and count their items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from habilis.agent.authors.compose.table import read_table, rules
from habilis.agent.authors.compose.terms import Component, Constant, listed
from habilis.agent.authors.compose.types import Type, item_type

_ANY = """
1 items: list[T], index: int -> T = items[index]   when index >= 0
1 items: list[T] -> T = items[0]
1 items: list[T] -> T = items[-1]
1<4 items: list[T], start: int, stop: int -> list[T] = items[start:stop]  when 0 <= start <= stop
1 items: list[T] -> list[T] = items[1:]
1 items: list[T] -> list[T] = items[:-1]
1 items: list[T], count: int -> list[T] = items[count:]   when count >= 0
1 items: list[T], count: int -> list[T] = items[:count]   when count >= 0
2 items: list[T], count: int -> list[T] = items[-count:]  when count > 0
2 items: list[T], count: int -> list[T] = items[:-count]  when count > 0
1 items: list[T] -> list[T] = items[::-1]
3 items: list[T], step: int -> list[T] = items[::step]   when step > 1
1 items: list[T] -> int = len(items)
2 items: list[T] -> list[T] = list(dict.fromkeys(items))
2 items: list[T] -> bool = not items
2 items: list[T], other: list[T] -> list[T] = items + other
2 item: T -> list[T] = [item]
3 items: list[T], other: list[T] -> bool = items == other
"""
_EQUAL = """
2 items: list[T], item: T -> int = items.count(item)
2 item: T, items: list[T] -> bool = item in items
3 items: list[T], item: T -> int = items.index(item)
2 items: list[T], item: T -> list[T] = [y for y in items if y != item]
4 items: list[T] -> T = Counter(items).most_common(1)[0][0]
4 items: list[T] -> list[T] = [y for y in items if items.count(y) > 1]
4 items: list[T] -> list[T] = [y for y in items if items.count(y) == 1]
4 items: list[T] -> list[T] = [key for key, group in groupby(items)]
3 items: list[T], place: int -> list[T] = items[:place] + items[place + 1:] \
  when 0 <= place < len(items)
3<4 items: list[T], place: int, item: T -> list[T] = [*items[:place], item, *items[place:]] \
  when 0 <= place <= len(items)
3<4 items: list[T], place: int, item: T -> list[T] = [*items[:place], item, *items[place + 1:]] \
  when 0 <= place < len(items)
3 items: list[T], count: int -> list[T] = items[count:] + items[:count]   when count >= 0
3 items: list[T], count: int -> list[T] = items * count   when 0 <= count < 12
2 item: T, count: int -> list[T] = [item] * count   when 0 <= count < 50
4 items: list[T], other: list[T] -> list[T] = [x for pair in zip(items, other) for x in pair]
4 items: list[T], item: T -> list[T] = items[:items.index(item)] + items[items.index(item) + 1:]
4<3 items: list[T], item: T, new: T -> list[T] = [new if x == item else x for x in items] \
  when item in items and item != new
4 items: list[T], item: T -> list[T] = items[:items.index(item)]
4 items: list[T], item: T -> list[T] = items[items.index(item):]
3 items: list[T], count: int -> list[T] = items[count - 1::count]   when count > 1
4 items: list[T] -> dict = dict(Counter(items))
"""
_ORDERED = """
1 items: list[T] -> list[T] = sorted(items)
2 items: list[T] -> list[T] = sorted(items, reverse=True)
1 items: list[T] -> T = max(items)
1 items: list[T] -> T = min(items)
"""
_SUMS = """
1 numbers: list[T] -> T = sum(numbers)
3 numbers: list[T] -> T = math.prod(numbers)
3 numbers: list[T] -> list[T] = list(accumulate(numbers))
3 numbers: list[T] -> list[T] = [b - a for a, b in zip(numbers, numbers[1:])]
3 numbers: list[T] -> float = sum(numbers) / len(numbers)
"""
_INTS = """
3 numbers: list[int] -> int = numbers.index(max(numbers))
3 numbers: list[int] -> int = numbers.index(min(numbers))
2 count: int -> list[int] = list(range(count))   when 0 < count < 50
3 first: int, last: int -> list[int] = list(range(first, last))   when first < last < first + 100
3<3 first: int, last: int -> list[int] = list(range(first, last + 1)) \
  when first <= last < first + 100
3<3 first: int, last: int, step: int -> list[int] = list(range(first, last + 1, step)) \
  when 1 < step and first <= last < first + 100
4 numbers: list[int] -> list[int] = list(accumulate(numbers, max))
4 numbers: list[int] -> list[int] = list(accumulate(numbers, min))
2 change: int>int, numbers: list[int] -> list[int] = [change(x) for x in numbers]
2 keep: int>bool, numbers: list[int] -> list[int] = [x for x in numbers if keep(x)]
3 keep: int>bool, numbers: list[int] -> int = sum(keep(x) for x in numbers)
3 keep: int>bool, numbers: list[int] -> bool = all(keep(x) for x in numbers)
3 keep: int>bool, numbers: list[int] -> bool = any(keep(x) for x in numbers)
3 each: int,int>int, numbers: list[int] -> list[int] = [each(i, x) for i, x in enumerate(numbers)]
3 each: int,int>bool, numbers: list[int] -> list[int] = \
  [x for i, x in enumerate(numbers) if each(i, x)]
3<4 each: int,int>int, numbers: list[int], n: int -> list[int] = [each(n, x) for x in numbers]
2<4 each: int,int>bool, numbers: list[int], n: int -> list[int] = [x for x in numbers if each(n, x)]
3<3 each: int,int>int, numbers: list[int], other: list[int] -> list[int] = \
  [each(a, b) for a, b in zip(numbers, other)]   when numbers is not other
4<4 each: int,int>int, numbers: list[int] -> int = reduce(lambda a, b: each(a, b), numbers)
5<4 each: int,int>int, numbers: list[int] -> list[int] = \
  list(accumulate(numbers, lambda a, b: each(a, b)))
3 key: int>int, numbers: list[int] -> list[int] = sorted(numbers, key=lambda x: key(x))
4 keep: int>bool, numbers: list[int] -> list[int] = [i for i, x in enumerate(numbers) if keep(x)]
4 keep: int>bool, numbers: list[int] -> list[int] = [i for i, x in enumerate(numbers, 1) if keep(x)]
4 keep: int>bool, numbers: list[int] -> list[int] = \
  [a for a, b in zip(numbers, numbers[1:]) if keep(b)]
4 keep: int>bool, numbers: list[int] -> list[int] = \
  [b for a, b in zip(numbers, numbers[1:]) if keep(a)]
4 keep: int>bool, numbers: list[int] -> list[int] = list(takewhile(lambda x: keep(x), numbers))
4 keep: int>bool, numbers: list[int] -> list[int] = list(dropwhile(lambda x: keep(x), numbers))
4<4 numbers: list[int], other: list[int] -> list[int] = [other.count(x) for x in numbers]
4<4 numbers: list[int], other: list[int] -> list[int] = [other.index(x) for x in numbers]
4 numbers: list[int] -> list[int] = [len(list(group)) for key, group in groupby(numbers)]
3 spread: int>list[int], numbers: list[int] -> list[int] = [y for x in numbers for y in spread(x)]
"""
_TEXTS = """
2 texts: list[str] -> str = max(texts, key=len)
2 texts: list[str] -> str = min(texts, key=len)
2 texts: list[str] -> list[str] = sorted(texts, key=len)
3 texts: list[str] -> list[str] = sorted(texts, key=str.lower)
2 texts: list[str] -> list[int] = [len(text) for text in texts]
"""
_NESTED = """
2 rows: list[list[T]] -> list[T] = [item for row in rows for item in row]
2 rows: list[list[T]] -> list[int] = [len(row) for row in rows]
4 items: list[T], size: int -> list[list[T]] = \
  [items[i:i + size] for i in range(0, len(items), size)]   when size > 0
4 items: list[T] -> list[list[T]] = [list(group) for key, group in groupby(items)]
4 items: list[T] -> list[list[T]] = [items[i:] for i in range(len(items))]
"""
_NESTED_INTS = """
3 rows: list[list[int]] -> list[int] = [sum(row) for row in rows]
"""
_LOOKS = """
1 items: list[T] -> T = items[0]
1 items: list[T] -> T = items[-1]
1 items: list[T] -> int = len(items)
2 items: list[T], item: T -> int = items.count(item)
2 item: T, items: list[T] -> bool = item in items
3 items: list[T], item: T -> int = items.index(item)
1 items: list[T], index: int -> T = items[index]   when index >= 0
"""
_MAKES = """
2 item: T -> list[T] = [item]
2 items: list[T], other: list[T] -> list[T] = items + other
1 items: list[T] -> list[T] = items[1:]
1 items: list[T] -> list[T] = items[::-1]
"""
_ORDERED_LOOKS = """
1 items: list[T] -> T = max(items)
1 items: list[T] -> T = min(items)
1 items: list[int] -> int = sum(items)
1 items: list[T] -> list[T] = sorted(items)
"""
_CHANGES = {
    1: ("x * 2", "x + 1", "x + 2", "x - 1", "x - 2", "x * x"),
    2: ("x * 3", "x * 4", "x * 5", "x + 3", "x + 4", "x + 5", "x + 10", "x - 3", "x // 2", "-x"),
    3: ("x % 10", "x // 10", "abs(x)", "x % 2", "10 - x", "x - 10"),
}
_KEEPS = {
    1: (
        *("x == 0", "x == 1", "x == 2", "x < 0", "x < 1", "x < 2", "x > 0", "x > 1", "x > 2"),
        *("x % 2 == 0", "x % 2 == 1"),
    ),
    2: (
        *("x == 3", "x == 4", "x == 5", "x == 10", "x < 3", "x < 4", "x < 5", "x < 10"),
        *("x > 3", "x > 4", "x > 5", "x % 3 == 0"),
    ),
}
_PAIRS = {
    1: ("a + b", "a - b", "b - a", "a * b"),
    2: ("a // b", "b // a", "a % b", "b % a", "max(a, b)", "min(a, b)"),
    3: ("a * 10 + b", "a + b * 2", "a * 2 + b", "a + b + 1"),
}
_PAIR_TESTS = {
    1: ("a == b", "a < b", "b < a", "a % 2 == 0", "a % 2 == 1", "a > 0"),
    2: ("a % b == 0", "b % a == 0", "a > 1", "a != b"),
    3: (
        *("a % 3 == 0", "a % 3 == 2", "a == b + 1", "b == a + 1", "b == a * 2", "a < b * 2"),
        *("a // 10 == b // 10", "a % 10 == b % 10"),
    ),
}
_SPREADS = {
    2: ("[x, x]",),
    3: ("[x, x, x]", "[x] * x", "list(range(x))"),
    4: ("[x, x + 1]", "list(range(1, x + 1))", "[x - 1, x]"),
}


def components(types: Sequence[Type], *, few: bool) -> list[Component]:
    """Return what fits tasks that take or give lists of the types in play."""
    found: list[Component] = []
    inside = {inner for type_ in types if (inner := item_type(type_))}
    deep = {inner for type_ in inside if (inner := item_type(type_))}
    for item in sorted(inside | deep):
        if few:
            table = _LOOKS + (_MAKES if f"list[{item}]" == types[-1] else "")
            table += _ORDERED_LOOKS if item in {"int", "float", "str"} else ""
            found += read_table(table, item)
            continue
        tables = [_ANY]
        if item != "dict":
            tables.append(_EQUAL)
        if item in {"int", "float", "str"}:
            tables.append(_ORDERED)
        if item in {"int", "float"}:
            tables.append(_SUMS)
        if item in deep or (item == "int" and deep):
            tables += [_NESTED, _NESTED_INTS] if item == "int" else [_NESTED]
        tables += [_INTS] if item == "int" else [_TEXTS] if item == "str" else []
        for table in tables:
            found += read_table(table.replace("\\\n", ""), item)
    return found


def constants(types: Iterable[Type], *, rows: int) -> list[Constant]:
    """Return the small functions that list components take."""
    if "list[int]" not in types:
        return []
    pair = ("a", "b")
    return [
        *listed(rules(_CHANGES), "int>int", rows=rows),
        *listed(rules(_KEEPS), "int>bool", rows=rows),
        *listed(rules(_PAIRS, pair), "int,int>int", rows=rows),
        *listed(rules(_PAIR_TESTS, pair), "int,int>bool", rows=rows),
        *listed(rules(_SPREADS), "int>list[int]", rows=rows),
    ]
