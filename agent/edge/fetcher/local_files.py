"""Files of the agent's own machine, of those directories that its operator has named."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent.edge.fetcher.rules import FetchFailed
from agent.edge.sandbox.beneath import open_beneath


def open_local(source: str, roots: Iterable[Path]) -> int:
    """
    Args:
        source: an absolute path, or a file URL.

    Raises:
        FetchFailed: it is not below one of `roots`, is not a regular file, or is not there.
    """
    path = Path(source if source.startswith("/") else unquote(urlsplit(source).path))
    if "\0" in str(path):
        raise FetchFailed("no file can have such a name")
    roots = tuple(roots)
    root = next((root for root in roots if path.is_relative_to(root)), None)
    if root is None:
        allowed = ", ".join(map(str, roots)) or "none"
        raise FetchFailed(
            "files of the agent's machine are fetched only from the directories that its"
            f" --fetcher-file-roots names: {allowed}"
        )
    try:
        return _open_regular(root, path)
    except OSError as error:
        raise FetchFailed(f"{os.strerror(error.errno or 0).lower()}; no link is followed") from None


def _open_regular(root: Path, path: Path) -> int:
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        file = open_beneath(place, str(path.relative_to(root)), os.O_RDONLY)
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FetchFailed("it is not a regular file")
    return file
