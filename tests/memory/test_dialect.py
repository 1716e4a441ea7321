from __future__ import annotations

from habilis.memory.dialect import in_postgres, schema_in_postgres
from habilis.memory.migrations import STEPS
from habilis.memory.store import storable


def test_marks_are_replaced_outside_quotes() -> None:
    """A question mark that is text stays one; a percent sign is no mark for psycopg."""
    sql = """SELECT '?', "a?b", 'it''s ?' FROM x WHERE a = ? AND b % 4 != ? AND c = '%'"""
    made = """SELECT '?', "a?b", 'it''s ?' FROM x WHERE a = %s AND b %% 4 != %s AND c = '%%'"""
    assert in_postgres(sql) == made


def test_nothing_of_sqlites_own_is_left_in_the_schema() -> None:
    """One list of steps for both: what differs is translated."""
    made = " ".join(schema_in_postgres(step) for step in STEPS)
    for word in ("AUTOINCREMENT", "BLOB", "ROWID", "randomblob", " INTEGER", " REAL"):
        assert word not in made
    assert made.count('TEXT COLLATE "C"') == " ".join(STEPS).count("TEXT")


def test_text_that_no_database_takes() -> None:
    """Half a surrogate and NUL become escapes; all else stays."""
    assert storable("a\udcffb\0c é") == "a\\udcffb\\x00c é"
