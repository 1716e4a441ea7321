"""Whether a folder is, or may become, a library's."""

from __future__ import annotations

from pathlib import Path

from habilis.errors import LibraryReadOnly, NotALibrary


def check_folder(folder: Path, path: Path, *, read_only: bool) -> None:
    """Make the folder of the file `path` where it may be made.

    Raises:
        NotALibrary: it holds something else.
        LibraryReadOnly: it cannot be opened, or made.
    """
    aim = "opened"
    try:
        if folder.exists() and not folder.is_dir():
            raise NotALibrary(f"{str(folder)!r} is a file, not a library's folder")
        if path.exists():
            return
        if folder.exists() and any(folder.iterdir()) and not path.exists():
            raise NotALibrary(
                f"the folder {str(folder)!r} holds other things and no library ({path.name}); "
                "name an empty or a new folder"
            )
        if read_only:
            raise NotALibrary(f"there is no library at {str(folder)!r}")
        aim = "made"
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryReadOnly(
            f"the library {str(folder)!r} cannot be {aim} ({error.strerror}); name another folder"
        ) from None
