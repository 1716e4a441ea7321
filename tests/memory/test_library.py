from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.errors import (
    LibraryError,
    LibraryReadOnly,
    LibraryTooNew,
    NameTaken,
    NotALibrary,
    SkillFailed,
    SkillNotFound,
)
from habilis.skills.skill import SkillState
from tests.making import case, make_skill, simple

UPPER = simple("shout", "Return the text in capitals.", "return text.upper()")


def test_what_was_added_comes_back(library: SkillLibrary) -> None:
    """Every field, typed values included, also through another connection."""
    values = [
        (1, 2),
        {"a": {1, 2}},
        date(2024, 2, 29),
        Decimal("1.10"),
        b"\xff",
        "é\n👍",
        None,
        1e300,
    ]
    skill = make_skill(
        'def same(x: object) -> object:\n    """Return it."""\n    return x\n',
        cases=tuple(case(value, value) for value in values),
        task="give it back 👍",
    )
    assert library.add(skill) == skill
    with SkillLibrary(library.path, encoder="minilm") as other:
        assert other.get("same") == skill and list(other) == [skill]


def test_a_skill_is_a_callable(library: SkillLibrary) -> None:
    """It runs in the sandbox with what it requires; a failure is an exception of ours."""
    library.add(UPPER)
    pinned = {"shout": library.get("shout").hash}
    library.add(
        make_skill(
            "from skills import shout\n\ndef greet(name: str, *, mark: str = '!') -> str:\n"
            '    """Return a loud greeting."""\n    return shout("hello " + name) + mark\n',
            requires=pinned,
        )
    )
    greet = library["greet"]
    assert greet("Ada") == "HELLO ADA!" and greet("Ada", mark="?") == "HELLO ADA?"
    assert (greet.__name__, greet.__doc__) == ("greet", "Return a loud greeting.")
    with pytest.raises(SkillFailed, match="TypeError"):
        greet(3)
    with pytest.raises(SkillFailed, match=r"missing 1 .*; it is greet\(name: str, \*, mark"):
        greet()


def test_versions_are_immutable_and_requirements_pinned(library: SkillLibrary) -> None:
    """A new version of what a skill calls does not change the skill; rolling back is one call."""
    first = library.add(UPPER)
    caller = make_skill(
        "from skills import shout\n\ndef hail(text: str) -> str:\n"
        '    """Hail."""\n    return shout(text)\n',
        requires={"shout": first.hash},
    )
    library.add(caller)
    second = library.add(simple("shout", "Return the text louder.", "return text.upper() + '!!'"))
    assert (first.version, second.version) == (1, 2)
    assert library.add(second).version == 2 and len(library.history("shout")) == 2
    assert library["hail"]("a") == "A" and library["shout"]("a") == "A!!"
    assert library.rollback("shout", 1).hash == first.hash and library["shout"]("a") == "A"
    with pytest.raises(ValueError, match="no version 3; there is 1, 2"):
        library.rollback("shout", 3)


def test_an_archived_skill_is_kept_but_not_found(library: SkillLibrary) -> None:
    """Nothing is deleted."""
    library.add(UPPER)
    assert library.search("capitals")[0].skill.name == "shout"
    library.archive("shout")
    assert library.search("capitals") == [] and len(library) == 0
    assert library.get("shout").state is SkillState.ARCHIVED and library["shout"]("a") == "A"
    assert library.add(UPPER).state is SkillState.CANDIDATE
    assert library.search("capitals")[0].skill.name == "shout"
    library.archive("shout")
    assert library.unarchive("shout").state is SkillState.CANDIDATE
    assert library.search("capitals")[0].skill.name == "shout"
    library.set_state("shout", SkillState.ACTIVE)
    assert library.add(UPPER).state is SkillState.ACTIVE
    assert library.unarchive("shout").state is SkillState.ACTIVE


def test_a_call_that_is_not_pinned_is_reported(library: SkillLibrary) -> None:
    """A skill says which versions it calls; check() finds the one that does not."""
    library.add(UPPER)
    source = (
        "from skills import shout\n\ndef hail(text: str) -> str:\n"
        '    """Hail."""\n    return shout(text)\n'
    )
    library.add(make_skill(source))
    assert library.check() == ["'hail' calls 'shout', but no version of it is pinned"]
    library.add(make_skill(source, requires={"shout": "gone"}))
    assert library.check() == ["'hail' requires a version of 'shout' that is gone"]
    library.add(make_skill(source, requires={"shout": UPPER.hash}))


def test_a_name_that_does_not_exist(library: SkillLibrary) -> None:
    """The nearest names are offered."""
    library.add(UPPER)
    with pytest.raises(SkillNotFound, match="nearest is 'shout'"):
        library.get("shuot")


def test_a_folder_that_is_no_library(tmp_path: Path) -> None:
    """Foreign folders, files and databases are refused and left as they are."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "habilis.db").write_text("not a database at all, just some text")
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "habilis.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for name in ("full", "file", "text", "other"):
        with pytest.raises(NotALibrary, match=name):
            SkillLibrary(tmp_path / name)
    assert sorted(p.name for p in (tmp_path / "full").iterdir()) == ["thesis.txt"]


def test_a_library_of_a_newer_version(tmp_path: Path) -> None:
    """It is refused, not guessed at."""
    SkillLibrary(tmp_path / "new").close()
    with sqlite3.connect(tmp_path / "new" / "habilis.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryTooNew, match="format 99"):
        SkillLibrary(tmp_path / "new")


def test_a_library_that_cannot_be_written(library: SkillLibrary) -> None:
    """Reading works, writing says what to do."""
    library.add(UPPER)
    library.search("capitals")
    with SkillLibrary(library.path, read_only=True) as reader:
        assert reader.get("shout") == library.get("shout") and len(reader) == 1
        assert reader.search("capitals")[0].skill.name == "shout"
        with pytest.raises(LibraryReadOnly, match="cannot be written"):
            reader.add(simple("other", "Other."))
    with pytest.raises(LibraryReadOnly, match="cannot be made"):
        SkillLibrary("/proc/habilis")


WRITER = """
import sys
from habilis import SkillLibrary
from tests.making import simple
with SkillLibrary(sys.argv[1], index="exact") as library:
    for n in range(int(sys.argv[3])):
        library.add(simple(f"{sys.argv[2]}_{n}", f"Return text {n}."))
        print(n, flush=True)
"""


def writer(folder: Path, prefix: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), prefix, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )


def test_kill_9_loses_nothing_acknowledged(library: SkillLibrary) -> None:
    """A dozen kills at random points of writing; every name printed before is there."""
    chance = random.Random(7)
    for round_number in range(12):
        process = writer(library.path, f"w{round_number}", 10_000)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 40)):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        names = {s.name for s in library.skills()}
        assert {f"w{round_number}_{n}" for n in range(acknowledged + 1)} <= names
        for name in names:
            library.archive(name)


def test_two_processes_write_and_each_sees_the_other(library: SkillLibrary) -> None:
    """Nothing is lost, and a search finds what another process has added."""
    processes = [writer(library.path, prefix, 60) for prefix in ("left", "right")]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert len(library) == 120
    assert library.search("right 59", k=3)[0].skill.name == "right_59"


def _add_in_child(library: SkillLibrary) -> None:
    library.add(simple("from_child", "Return the child's text."))


def test_a_forked_child_opens_its_own_connection(library: SkillLibrary) -> None:
    """SQLite connections must not cross a fork."""
    library.add(UPPER)
    child = multiprocessing.get_context("fork").Process(target=_add_in_child, args=(library,))
    child.start()
    child.join()
    assert child.exitcode == 0 and os.getpid() != child.pid
    assert library.names() == ["from_child", "shout"]


def test_an_empty_library_needs_no_encoder(tmp_path: Path) -> None:
    """Searching it loads neither torch nor Chroma."""
    code = (
        "import sys\nfrom habilis import SkillLibrary\n"
        f"with SkillLibrary({str(tmp_path / 'x')!r}) as library:\n"
        "    assert library.search('anything') == []\n"
        "print({'torch', 'chromadb', 'sentence_transformers'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_bad_query_is_refused(library: SkillLibrary) -> None:
    """Empty, or none wanted; a very long one is cut, not refused."""
    library.add(UPPER)
    with pytest.raises(ValueError, match="empty"):
        library.search("  ")
    with pytest.raises(ValueError, match="k=0"):
        library.search("x", k=0)
    assert library.search("capitals " * 100_000, k=10**6)[0].skill.name == "shout"


QUESTIONS = {
    "What is the family name of this person?": "surname",
    "turn 3/7/2024 into 2024-03-07": "iso_date",
    "how much VAT is in this price": "vat_amount",
    "who sent this e-mail, only the host part": "mail_domain",
    "count the vowels of a word": "vowel_count",
    "Is the number a prime?": "is_prime",
    "level of a log line such as ERROR": "log_level",
    "distance between two points on a map": "distance_km",
}
SKILLS = {
    "surname": "Return the last name of a full name.",
    "initials": "Return the initials of a full name.",
    "iso_date": "Return a date as YYYY-MM-DD.",
    "vat_amount": "Return the value added tax contained in an amount.",
    "mail_domain": "Return the domain of an email address.",
    "vowel_count": "Return how many vowels a word has.",
    "is_prime": "Return whether a number is prime.",
    "log_level": "Return the severity of a log line.",
    "distance_km": "Return the great-circle distance of two coordinates in km.",
    "median": "Return the median of numbers.",
    "slug": "Return a title as a URL slug.",
    "word_lengths": "Return the length of each word.",
}


def test_the_right_skill_is_found_by_other_words(library: SkillLibrary) -> None:
    """Paraphrased questions find their skill first, with the reason."""
    for name, doc in SKILLS.items():
        library.add(simple(name, doc))
    found = {q: library.search(q, k=3)[0].skill.name for q in QUESTIONS}
    wrong = {q: name for q, name in found.items() if name != QUESTIONS[q]}
    assert wrong == {}
    assert library.search("zzz qqq xxyzzy", k=3) == []


def test_a_solved_task_is_one_more_way_to_find_a_skill(library: SkillLibrary) -> None:
    """Its words lead to the skill that solved it."""
    for name, doc in SKILLS.items():
        library.add(simple(name, doc))
    library.add_solved_task("slug", "file name for a wedding invitation")
    assert library.search("invitation for the wedding")[0].skill.name == "slug"


def test_each_skill_calls_the_version_it_has_pinned(library: SkillLibrary) -> None:
    """One call may need two versions of a skill: each stands right above who calls it."""
    first = library.add(UPPER)
    hail = library.add(
        make_skill(
            "from skills import shout\n\ndef hail(text: str) -> str:\n"
            '    """Hail."""\n    return shout(text)\n',
            requires={"shout": first.hash},
        )
    )
    second = library.add(simple("shout", "Return the text louder.", "return text.upper() + '!!'"))
    library.add(
        make_skill(
            "from skills import hail, shout\n\ndef both(text: str) -> str:\n"
            '    """Both."""\n    return hail(text) + shout(text)\n',
            requires={"hail": hail.hash, "shout": second.hash},
        )
    )
    assert [name for name, _ in library.closure("both")] == ["shout", "hail", "shout", "both"]
    assert library["both"]("a") == "AA!!"
    assert library["hail"]("a") == "A"


def test_an_order_that_hides_a_pinned_version_is_mended(library: SkillLibrary) -> None:
    """A version that another requirement's own hides is loaded once more."""
    first = library.add(UPPER)
    body = '(text: str) -> str:\n    """Say."""\n    return '
    hail_source = f"from skills import shout\n\ndef hail{body}shout(text)\n"
    hail = library.add(make_skill(hail_source, requires={"shout": first.hash}))
    second = library.add(simple("shout", "Return the text louder.", "return text.upper() + '!!'"))
    source = f"from skills import shout, hail\n\ndef both{body}hail(text) + shout(text)\n"
    library.add(make_skill(source, requires={"shout": second.hash, "hail": hail.hash}))
    assert library["both"]("a") == "AA!!"


def test_versions_pinned_crosswise_cannot_be_loaded_together(library: SkillLibrary) -> None:
    """A clear error, not whichever was found first."""
    body = '(text: str) -> str:\n    """Say."""\n    return '
    old_hum = library.add(simple("hum", "Hum.", "return text"))
    old_tap = library.add(simple("tap", "Tap.", "return text"))
    hum_source = f"from skills import tap\n\ndef hum{body}tap(text)\n"
    tap_source = f"from skills import hum\n\ndef tap{body}hum(text)\n"
    hum = library.add(make_skill(hum_source, requires={"tap": old_tap.hash}))
    tap = library.add(make_skill(tap_source, requires={"hum": old_hum.hash}))
    source = f"from skills import hum, tap\n\ndef band{body}hum(text) + tap(text)\n"
    library.add(make_skill(source, requires={"hum": hum.hash, "tap": tap.hash}))
    with pytest.raises(LibraryError, match="crosswise"):
        library.closure("band")


def test_a_name_that_somebody_else_has_just_taken(library: SkillLibrary) -> None:
    """Proved against no version, it must not become the second one unseen."""
    library.add(UPPER, after=0)
    with pytest.raises(NameTaken, match="'shout'"):
        library.add(simple("shout", "Return it backwards.", "return text[::-1]"), after=0)
    assert len(library.versions("shout")) == 1 and library.versions("never") == []
