"""Inputs near those we know: what a case would look like in another task."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from random import Random

from habilis.skills.compare import same
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.reading import argument_at, with_argument

_TRIES = 8  # for a value that differs from the one it starts from


def near_calls(
    known: Sequence[Call], random: Random, *, constants: Sequence[object], count: int
) -> Iterator[Call]:
    """Yield `count` calls at most, each a known one with about half its arguments changed."""
    for index in range(count if known else 0):
        call = known[index % len(known)]
        slots: list[int | str] = [*range(len(call.arguments)), *call.keywords]
        chosen = [slot for slot in slots if random.random() < 0.6] or slots
        for slot in chosen:
            values = [argument_at(each, slot) for each in known if _has(each, slot)]
            value = vary(argument_at(call, slot), random, constants=constants, others=values)
            call = with_argument(call, slot, value)
        yield call


def vary(
    value: object,
    random: Random,
    *,
    constants: Sequence[object] = (),
    others: Sequence[object] = (),
) -> object:
    """Return another value of the same kind; of an unknown kind, the value itself."""
    same_kind = [c for c in [*constants, *others] if type(c) is type(value) and not same(c, value)]
    for _ in range(_TRIES):
        if same_kind and random.random() < 0.3:
            return random.choice(same_kind)
        made = _changed(value, random, constants)
        if not same(made, value):
            return made
    return value


def _changed(value: object, random: Random, constants: Sequence[object]) -> object:
    for kinds, change in _CHANGES:
        if isinstance(value, kinds):
            return change(value, random, constants)
    return next((c for c in constants if c is not None), value) if value is None else value


def _boolean(value: bool, random: Random, constants: Sequence[object]) -> object:
    return not value


def _integer(value: int, random: Random, constants: Sequence[object]) -> object:
    wide = max(10, 2 * abs(value))
    return random.choice(
        [value + 1, value - 1, value + 2, value * 2, random.randint(0, wide), 0, -value]
    )


def _real(value: float, random: Random, constants: Sequence[object]) -> object:
    factor = random.choice([0.5, 1.1, 1.5, 2.0, 3.0])
    return random.choice([round(value * factor, 6), value + 1.0, value * factor, value + 0.25])


def _text(value: str, random: Random, constants: Sequence[object]) -> object:
    words, letters = value.split(" "), list(value)
    place = random.randrange(len(value) + 1)
    shuffled = random.sample(letters, len(letters))
    donors = value + "".join(c for c in constants if isinstance(c, str))[:40] + "aZ5 -"
    return random.choice(
        [
            value[::-1],
            value.swapcase(),
            value + random.choice(donors),
            value[:place] + random.choice(donors) + value[place:],
            value[:place] + random.choice(donors) + value[place + 1 :],
            value[:place] + value[place + 1 :],
            value[: max(1, place)],
            "".join(shuffled),
            value + value,
            value[:1] + value,
            " ".join(words[::-1]),
            " ".join([*words, random.choice(words)]),
            "".join(_character(c, random) for c in value),
        ]
    )


def _character(character: str, random: Random) -> str:
    if character.isdigit():
        return random.choice("0123456789")
    if character.isalpha() and character.isascii():
        letter = random.choice("abcdefghijklmnopqrstuvwxyz")
        return letter if character.islower() else letter.upper()
    return character


def _sequence(
    value: list[object] | tuple[object, ...], random: Random, constants: Sequence[object]
) -> object:
    items = list(value)
    if not items:
        return type(value)([c for c in constants if isinstance(c, int)][:3] or [1])
    place = random.randrange(len(items))
    one = vary(items[place], random, constants=constants, others=items)
    every = [vary(item, random, constants=constants, others=items) for item in items]
    made = random.choice(
        [
            [*items[:place], one, *items[place + 1 :]],
            [*items[:place], one, *items[place + 1 :]],
            [*items, one],
            [*items, items[place]],
            items[::-1],
            items[:place] + items[place + 1 :],
            items[: place + 1],
            random.sample(items, len(items)),
            items + items,
            every,
        ]
    )
    return type(value)(made) if type(value) in (list, tuple) else made


def _mapping(value: dict[object, object], random: Random, constants: Sequence[object]) -> object:
    if not value:
        return value
    key = random.choice(list(value))
    changed = {**value, key: vary(value[key], random, constants=constants)}
    fewer = {k: v for k, v in value.items() if k != key}
    return random.choice([changed, changed, fewer])


def _set(value: set[object], random: Random, constants: Sequence[object]) -> object:
    items = sorted(value, key=repr)
    if not items:
        return value
    return type(value)([*items[1:], vary(items[0], random, constants=constants)])


def _date(value: datetime.date, random: Random, constants: Sequence[object]) -> object:
    return value + datetime.timedelta(days=random.randint(-400, 400))


_CHANGES: tuple[tuple[tuple[type, ...], Callable[..., object]], ...] = (
    ((bool,), _boolean),
    ((int,), _integer),
    ((float,), _real),
    ((str,), _text),
    ((list, tuple), _sequence),
    ((dict,), _mapping),
    ((set, frozenset), _set),
    ((datetime.date,), _date),
)


def _has(call: Call, slot: int | str) -> bool:
    return slot in call.keywords if isinstance(slot, str) else slot < len(call.arguments)
