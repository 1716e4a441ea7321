"""The folder an action may read and write: made for one task, gone after it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from habilis.errors import InputFileError
from habilis.skills.compare import shorten

LIMIT_BYTES = 256 * 2**20


@contextmanager
def workspace(files: Sequence[Path]) -> Iterator[Path]:
    """Give a new folder with copies of the task's input files, and remove it at the end.

    Raises:
        InputFileError: a file is missing, no plain file, unreadable, larger than 256 MiB
            in all, or two have the same name.
    """
    check_files(files)
    with tempfile.TemporaryDirectory(prefix="habilis-") as folder:
        for file in files:
            shutil.copy(file, Path(folder) / file.name)
        yield Path(folder)


def check_files(files: Sequence[Path]) -> None:
    """Raise an InputFileError for the first file that cannot be given to a task."""
    total, names = 0, set()
    for file in files:
        try:
            there = file.exists()
        except OSError as error:  # no name may be so long, or nobody may look into its folder
            name = shorten(str(file), 200)
            raise InputFileError(f"input file {name!r}: {error.strerror}") from None
        if not there:
            raise InputFileError(f"input file {str(file)!r} does not exist")
        if not file.is_file():
            raise InputFileError(f"input {str(file)!r} is no plain file; name the file itself")
        if file.name in names:
            raise InputFileError(f"two input files are named {file.name!r}; rename one of them")
        names.add(file.name)
        try:
            with file.open("rb"):
                total += file.stat().st_size
        except OSError as error:
            raise InputFileError(f"input file {str(file)!r}: {error.strerror}") from None
        if total > LIMIT_BYTES:
            raise InputFileError(
                f"input file {str(file)!r} is too large: the input files of a task may have "
                f"{LIMIT_BYTES // 2**20} MiB in all; give a part of it"
            )
