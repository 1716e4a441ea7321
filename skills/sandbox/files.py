"""Files of the workspace folder, and no others, behind the usual names.

A path is resolved, links included, before it is used. Between the two a link can be
swapped, and libraries open files of their own: this is no security boundary.
"""

# ruff: noqa: PTH118, PTH123 - this stands in for `os`, `os.path` and `open`
from __future__ import annotations

import builtins
import os
import pathlib
from collections.abc import Callable
from typing import Any

_PATH_METHODS = """
    open stat lstat exists is_file is_dir is_symlink is_mount is_socket is_fifo is_block_device
    is_char_device iterdir glob rglob touch mkdir chmod unlink rmdir owner group readlink
    read_text read_bytes write_text write_bytes samefile walk
    """.split()
_PATH_METHODS_TWO = "rename replace symlink_to hardlink_to".split()
_OS_FUNCTIONS = "listdir scandir mkdir makedirs remove unlink rmdir removedirs walk stat".split()
_OS_FUNCTIONS_TWO = "rename replace".split()
_TESTS = "exists isfile isdir islink lexists".split()
_SIZES = "getsize getmtime getctime getatime".split()
_PATH_KEYWORDS = {"fname", "file", "filename", "path", "filepath_or_buffer", "path_or_buf", "io"}
_PURE = """
    join basename dirname split splitext splitdrive normpath abspath realpath relpath isabs
    normcase commonprefix commonpath sep altsep extsep curdir pardir
    """.split()


class Workspace:
    """Checks that paths lie inside one folder, which is the process's working folder."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)

    def holds(self, path: Any) -> bool:
        text = os.fspath(path)
        if isinstance(text, bytes):
            text = os.fsdecode(text)
        return "://" not in text and os.path.commonpath(
            [self.root, os.path.realpath(os.path.join(self.root, text))]
        ) == os.path.normpath(self.root)

    def check(self, path: Any) -> None:
        """Raise PermissionError for a path outside the workspace."""
        if isinstance(path, int):
            raise PermissionError("file descriptors cannot be opened in the sandbox")
        if not self.holds(path):
            raise PermissionError(
                f"{os.fspath(path)!r} is outside the workspace; use a relative path"
            )

    def open(self, file: Any, mode: str = "r", *rest: Any, **keywords: Any) -> Any:
        """`open` inside the workspace; text is UTF-8."""
        self.check(file)
        if keywords.pop("opener", None) is not None:
            raise PermissionError("an opener is not available in the sandbox")
        return builtins.open(file, mode, *rest, **keywords)

    def guarded(self, function: Callable[..., Any], *, paths: int = 1) -> Callable[..., Any]:
        """Wrap a function whose first `paths` arguments are paths; others may be open files."""

        def call(*arguments: Any, **keywords: Any) -> Any:
            named = [keywords[key] for key in keywords.keys() & _PATH_KEYWORDS]
            for value in [*arguments[:paths], *named]:
                if isinstance(value, (str, bytes, int, os.PathLike)):
                    self.check(value)
            return function(*arguments, **keywords)

        call.__name__ = call.__qualname__ = getattr(function, "__name__", "call")
        call.__doc__ = function.__doc__
        return call

    def os_names(self) -> dict[str, Any]:
        """Names for the `os` module."""
        found: dict[str, Any] = {name: self._of_os(getattr(os, name), 1) for name in _OS_FUNCTIONS}
        found |= {name: self._of_os(getattr(os, name), 2) for name in _OS_FUNCTIONS_TWO}
        return {
            **found,
            "getcwd": lambda: self.root,
            "environ": {},
            "getenv": lambda key, default=None: default,
        }

    def os_path_names(self) -> dict[str, Any]:
        """Names for the `os.path` module: tests of paths outside say no."""
        found: dict[str, Any] = {name: getattr(os.path, name) for name in _PURE}
        for name in _TESTS:
            found[name] = self._test(getattr(os.path, name))
        for name in _SIZES:
            found[name] = self._of_os(getattr(os.path, name), 1)
        return found

    def pathlib_names(self) -> dict[str, Any]:
        """Names for the `pathlib` module: paths that only reach files of the workspace."""
        path = self._path_class()
        names = {name: getattr(pathlib, name) for name in ("PurePath", "PurePosixPath")}
        return {**names, "Path": path, "PosixPath": path}

    def _of_os(self, function: Callable[..., Any], paths: int) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            for value in arguments[:paths]:
                self.check(value)
            if keywords.keys() & {"dir_fd", "src_dir_fd", "dst_dir_fd"}:
                raise PermissionError("file descriptors are not available in the sandbox")
            return function(*arguments, **keywords)

        call.__name__ = call.__qualname__ = function.__name__
        return call

    def _test(self, function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        return lambda path: not isinstance(path, int) and self.holds(path) and function(path)

    def _path_class(self) -> type[pathlib.Path]:
        plain: type[pathlib.Path] = type(pathlib.Path())

        def method(name: str, paths: int) -> Callable[..., Any]:
            original = getattr(plain, name)

            def call(path: Any, *arguments: Any, **keywords: Any) -> Any:
                self.check(path)
                for value in arguments[: paths - 1]:
                    self.check(value)
                return original(path, *arguments, **keywords)

            call.__name__ = name
            return call

        body: dict[str, Any] = {
            name: method(name, 1) for name in _PATH_METHODS if hasattr(plain, name)
        }
        body |= {name: method(name, 2) for name in _PATH_METHODS_TWO}
        body["cwd"] = classmethod(lambda cls: cls(self.root))
        body["home"] = classmethod(lambda cls: cls(self.root))
        body["expanduser"] = lambda path: path
        return type("PosixPath", (plain,), {**body, "__slots__": (), "__module__": "pathlib"})
