from __future__ import annotations

import pickle

import pytest

from habilis import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.TaskFileError("bad", path="x.jsonl", line=3, column=4),
        errors.SkillNotFound("parse_dat", ("parse_date",)),
        errors.NameTaken("f"),
        errors.SkillFailed("f", "timed_out", "after 5 s"),
        errors.LimitReached("tokens", "after 3 steps"),
        errors.HabilisError("plain"),
    ],
)
def test_errors_survive_pickle_with_their_fields(error: errors.HabilisError) -> None:
    """They cross processes."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error) and str(back) == str(error) and vars(back) == vars(error)


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    """Every error class is drawn in the module's docstring."""
    names = [n for n, v in vars(errors).items() if isinstance(v, type) and not n.startswith("_")]
    drawn = errors.__doc__ or ""
    assert [n for n in names if n != "Path" and n not in drawn] == []


def test_a_missing_skill_offers_the_nearest_names() -> None:
    """The message says what to type next."""
    message = str(errors.SkillNotFound("parse_dat", ("parse_date",)))
    assert message.startswith("no skill named 'parse_dat'; nearest is 'parse_date'")
