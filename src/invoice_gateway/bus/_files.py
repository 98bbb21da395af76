"""Files that survive a crash: written whole, moved by rename, one reader per folder."""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from invoice_gateway.engine.ports import BusUnavailable

PROPERTIES_BYTES_MAX = 64 * 1024
SETTLING = 8
"""So many files are put on disk at a time."""


def prepare(folder: Path) -> None:
    """Make sure that `folder` is there and may be written to.

    Raises:
        BusUnavailable: it cannot be made, is no folder, or belongs to somebody else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(folder, os.W_OK | os.X_OK) else "not writable"
    except OSError as error:
        reason = error.strerror
    if reason:
        raise BusUnavailable(
            f"cannot use folder {folder}: {reason}; name one this user may write to"
        )


def lock(folder: Path) -> TextIO:
    """Return the open lock file of `folder`; the lock goes with it, or with the process.

    Raises:
        BusUnavailable: somebody else holds it.
    """
    file = (folder / ".lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise BusUnavailable(
            f"folder {folder} is already being read by process {holder};"
            " stop that one, or give each reader a folder of its own"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def settle(paths: Sequence[Path]) -> dict[Path, OSError]:
    """Put what was written to `paths` on disk; their names are not, see `sync`.

    Several at a time: the file system commits them together.

    Returns:
        Why, for those that could not be.
    """
    with ThreadPoolExecutor(min(SETTLING, len(paths) or 1)) as pool:
        found = zip(paths, pool.map(_settle, paths), strict=True)
        return {path: error for path, error in found if error}


def _settle(path: Path) -> OSError | None:
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        return error
    return None


def sync(folders: Iterable[Path]) -> None:
    """Put the names in `folders` on disk: renames made before survive a power cut."""
    for folder in sorted(set(folders)):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def free(path: Path) -> Path:
    """Return `path`, or with the first part of its name numbered when it is taken: `a.1.xml`.

    The number is free and near the lowest free one, found in few looks however many are taken.
    """
    if not path.exists():
        return path
    low, high = 0, 1
    while _numbered(path, high).exists():
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _numbered(path, middle).exists():
            low = middle
        else:
            high = middle
    return _numbered(path, high)


def beside(path: Path) -> Path:
    """Return where the properties of the message in `path` are: `a.xml` -> `a.json`."""
    return path.with_suffix(".json")


def properties(path: Path) -> Mapping[str, object]:
    """Return the properties written beside the message in `path`; empty when there are none.

    Raises:
        ValueError: there is such a file, but it is not a JSON object of bearable size.
    """
    try:
        with beside(path).open("rb") as file:
            raw = file.read(PROPERTIES_BYTES_MAX + 1)
        found = json.loads(raw) if len(raw) <= PROPERTIES_BYTES_MAX else None
    except FileNotFoundError:
        return {}
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError(f"no JSON object of at most {PROPERTIES_BYTES_MAX} bytes")  # noqa: TRY004 - as for any other bad content
    return found


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")
