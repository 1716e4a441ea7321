from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from habilis import Agent, SkillLibrary
from habilis.errors import ConfigError
from habilis.memory.address import Address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgres://me:s3cret@host:5432/db", "postgres://me:***@host:5432/db"),
        (
            "postgresql://me:s3cret%40x@h/db?sslmode=require",
            "postgresql://me:***@h/db?sslmode=require",
        ),
        ("POSTGRESQL://:s3cret@h/db", "POSTGRESQL://:***@h/db"),
        ("postgresql://h1:1,h2:2/db", "postgresql://h1:1,h2:2/db"),
        (
            "postgresql:///db?user=me&password=s3cret&host=h",
            "postgresql:///db?user=me&password=***&host=h",
        ),
        ("postgresql:///db?SSLPassword=s3cret", "postgresql:///db?SSLPassword=***"),
        ("postgresql://me:s3:cret@h/db", "postgresql://me:***@h/db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    """Printed, formatted, in a tuple, after a pickle: never; only `given` has it."""
    address = Address.of(url)
    assert address.on_server and str(address) == f"{address}" == shown
    assert pickle.loads(pickle.dumps(address)) == address and address.given == url
    assert "s3" not in repr((address,))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3/cret@host/db",
        "postgresql://me:s3?cret@host/db",
        "postgresql://me:s3#cret@host/db",
        "postgresql://me:[s3cret@host/db",
        "mysql://me:s3cret@host/db",
        "postgresql:/me:s3cret@host/db",
    ],
)
def test_what_cannot_be_read_is_refused_without_being_told(url: str) -> None:
    """A password with a / would be taken for a host, and shown as one."""
    with pytest.raises(ConfigError) as refused:
        SkillLibrary(url)
    assert "s3" not in str(refused.value) and "cret" not in str(refused.value)


def test_a_url_that_became_a_path_is_explained() -> None:
    """A Path has made one slash of two: nothing is made in the folder `postgresql:`."""
    with pytest.raises(ConfigError, match="as text"):
        Agent("compose", library=Path("postgresql://me@host/db"))
    assert not Path("postgresql:").exists()


def test_a_folder_is_an_address_too(tmp_path: Path) -> None:
    """Whatever names a library can be given as one."""
    address = Address.of(tmp_path / "l")
    assert not address.on_server and not address.may_hold
    SkillLibrary(address, index="exact").close()
    assert address.may_hold and str(address) == str(tmp_path / "l")


def test_an_address_of_an_address_is_the_same() -> None:
    """The command line hands its default through the same door as what is typed."""
    address = Address(".habilis")
    assert Address.of(address) == address == Address.of(".habilis")
