"""Further modules that open files by name: archives, databases, temporary files, patterns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from habilis.skills.sandbox.files import Workspace


def compressed_names(workspace: Workspace, module: Any) -> Mapping[str, Any]:
    """`open` of gzip, bz2 and lzma."""
    return {"open": workspace.guarded(module.open)}


def zipfile_names(workspace: Workspace, zipfile: Any) -> Mapping[str, Any]:
    """`ZipFile` whose archive, and whatever it takes in or out, lies in the workspace."""

    class ZipFile(zipfile.ZipFile):  # type: ignore[misc]
        def __init__(self, file: Any, *rest: Any, **keywords: Any) -> None:
            _check_if_path(workspace, file)
            super().__init__(file, *rest, **keywords)

        def write(self, filename: Any, *rest: Any, **keywords: Any) -> None:
            workspace.check(filename)
            super().write(filename, *rest, **keywords)

        def extract(self, member: Any, path: Any = None, pwd: Any = None) -> Any:
            workspace.check(path or ".")
            return super().extract(member, path, pwd)

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            workspace.check(path or ".")
            super().extractall(path, members, pwd)

    return {"ZipFile": ZipFile, "is_zipfile": workspace.guarded(zipfile.is_zipfile)}


def sqlite_names(workspace: Workspace, sqlite3: Any) -> Mapping[str, Any]:
    """`connect` to a database in memory or in the workspace."""

    def connect(database: Any, *rest: Any, **keywords: Any) -> Any:
        if keywords.pop("uri", False):
            raise PermissionError("database URIs are not available in the sandbox; give a path")
        if database != ":memory:" and database != "":
            workspace.check(database)
        connection = sqlite3.connect(database, *rest, **keywords)
        connection.set_authorizer(functools.partial(_authorize, workspace, sqlite3))
        return connection

    return {"connect": connect}


def _authorize(workspace: Workspace, sqlite: Any, action: int, first: Any, *_: Any) -> int:
    """Refuse ATTACH outside the workspace: the text of a statement names a file there."""
    outside = action == sqlite.SQLITE_ATTACH and first not in (None, "", ":memory:")
    denied = outside and ("file:" in first or not workspace.holds(first))
    return int(sqlite.SQLITE_DENY if denied else sqlite.SQLITE_OK)


def tempfile_names(workspace: Workspace, tempfile: Any) -> Mapping[str, Any]:
    """Temporary files and folders, made in the workspace."""

    def inside(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            folder = keywords.pop("dir", None) or workspace.root
            workspace.check(folder)
            return function(*arguments, dir=folder, **keywords)

        return call

    made = ("NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp")
    return {
        **{name: inside(getattr(tempfile, name)) for name in made},
        "gettempdir": lambda: workspace.root,
    }


def glob_names(workspace: Workspace, glob: Any) -> Mapping[str, Any]:
    """`glob` and `iglob` of what the workspace holds."""

    def within(pathname: str, *, root_dir: Any = None, recursive: bool = False) -> list[str]:
        workspace.check(root_dir or ".")
        found = glob.glob(pathname, root_dir=root_dir or workspace.root, recursive=recursive)
        return [path for path in found if workspace.holds(path)]

    return {"glob": within, "iglob": lambda *a, **k: iter(within(*a, **k)), "escape": glob.escape}


def _check_if_path(workspace: Workspace, file: Any) -> None:
    if not hasattr(file, "read") and not hasattr(file, "write"):
        workspace.check(file)
