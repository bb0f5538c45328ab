"""A sandbox as it is filled: whatever names say, nothing is written outside of it.

No link is ever followed, also not one that an archive has just put there.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from agent.edge.fetcher.rules import FetchFailed
from agent.edge.sandbox.beneath import open_beneath, parts_of
from trimast.model.uri import RESERVED_NAMES

Owner = tuple[int, int]
"""uid and gid."""

DEPTH_MAX: Final = 64
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class SandboxTree:
    """
    Args:
        owner: of all that is made; None is whom the agent runs as.
    """

    def __init__(self, sandbox: Path, owner: Owner | None) -> None:
        self._root = os.open(sandbox, _DIRECTORY | os.O_NOFOLLOW)
        self._owner = owner

    def close(self) -> None:
        os.close(self._root)

    def file(self, path: str, mode: int = 0o644) -> int:
        """A new, empty one, open for writing; what was there before is gone.

        Raises FetchFailed, OSError.
        """
        parent, name = self._parent(path)
        try:
            self._clear(parent, name)
            file = open_beneath(parent, name, _NEW, 0o600)
            try:
                self._own(file)
                os.fchmod(file, (mode | stat.S_IRUSR | stat.S_IWUSR) & 0o755)
            except OSError:
                os.close(file)
                raise
            return file
        finally:
            os.close(parent)

    def read(self, path: str) -> int:
        """Raises OSError."""
        return open_beneath(self._root, path, os.O_RDONLY)

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Raises FetchFailed, OSError."""
        if not parts_of(path):
            return
        place = self._enter(path)
        try:
            os.fchmod(place, (mode | stat.S_IRWXU) & 0o755)
        finally:
            os.close(place)

    def symlink(self, path: str, target: str) -> None:
        """One that leads out of the sandbox is refused. Raises FetchFailed, OSError."""
        parent, name = self._parent(path)
        try:
            _check_target(path, target)
            self._clear(parent, name)
            os.symlink(target, name, dir_fd=parent)
            if self._owner is not None:
                os.chown(name, *self._owner, dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(parent)

    def hard_link(self, path: str, target: str) -> None:
        """Another name of a regular file that is there. Raises FetchFailed, OSError."""
        before, old = self._parent(target)
        try:
            facts = os.stat(old, dir_fd=before, follow_symlinks=False)
            if not stat.S_ISREG(facts.st_mode) or target == path:
                raise FetchFailed(f"{path!r} is a hard link to something else than a file")
            parent, name = self._parent(path)
            try:
                self._clear(parent, name)
                os.link(old, name, src_dir_fd=before, dst_dir_fd=parent, follow_symlinks=False)
            finally:
                os.close(parent)
        finally:
            os.close(before)

    def _parent(self, path: str) -> tuple[int, str]:
        """Of what is to be made, itself made if need be; and the last name."""
        if path.startswith("/"):
            raise FetchFailed(f"{path[:200]!r} is an absolute path")
        try:
            parts = parts_of(path)
        except OSError:
            raise FetchFailed(f"{path[:200]!r} leads out of the sandbox") from None
        if not parts or len(parts) > DEPTH_MAX:
            raise FetchFailed(f"{path[:200]!r} is not a path that a file may have")
        if len(parts) == 1 and parts[0] in RESERVED_NAMES:
            raise FetchFailed(f"{path!r} is what the task itself writes")
        return self._enter("/".join(parts[:-1])), parts[-1]

    def _enter(self, path: str) -> int:
        if path.startswith("/") or ".." in path.split("/"):
            raise FetchFailed(f"{path[:200]!r} leads out of the sandbox")
        parts = parts_of(path)
        if len(parts) > DEPTH_MAX:
            raise FetchFailed(f"{path[:200]!r} is deeper than {DEPTH_MAX} directories")
        try:
            return open_beneath(self._root, "/".join(parts), _DIRECTORY)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise FetchFailed(f"{path[:200]!r} goes through a link or a file") from None
            raise
        above = self._enter("/".join(parts[:-1]))
        try:
            os.mkdir(parts[-1], 0o755, dir_fd=above)
            place = open_beneath(above, parts[-1], _DIRECTORY)
            self._own(place)
            return place
        finally:
            os.close(above)

    def _own(self, file: int) -> None:
        if self._owner is not None:
            os.fchown(file, *self._owner)

    def _clear(self, parent: int, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            try:
                os.unlink(name, dir_fd=parent)
            except IsADirectoryError:
                raise FetchFailed(f"{name!r} is a directory already") from None


def _check_target(path: str, target: str) -> None:
    """Only as far up as the link is deep, and never up again after a name, which may be a link."""
    depth = len(parts_of(path)) - 1
    parts = [part for part in target.split("/") if part not in {"", "."}]
    up = 0
    while up < len(parts) and parts[up] == "..":
        up += 1
    if target.startswith("/") or up > depth or ".." in parts[up:] or not target:
        raise FetchFailed(f"{path[:200]!r} is a link that leads out of the sandbox")
