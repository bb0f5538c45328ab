"""Looks into a sandbox whose task may have put anything there. For threads."""

import errno
import grp
import os
import pwd
import stat
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

from agent.edge.sandbox.beneath import open_beneath
from agent.edge.sandbox.files_places import FilePlace

ENTRIES_MAX: Final = 10_000
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class FileFacts:
    """As the files API of Mesos names them; `uid` and `gid` are names."""

    path: str
    nlink: int
    size: int
    mtime: int
    mode: str
    uid: str
    gid: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


def list_directory(place: FilePlace, shown_as: str) -> tuple[list[FileFacts], int]:
    """What is in it, by name, and how many more there are than are listed. Raises OSError."""
    directory = _open(place, _DIRECTORY)
    try:
        names = sorted(os.listdir(directory))
        listed = names[:ENTRIES_MAX]
        found = [_facts(directory, name, f"{shown_as.rstrip('/')}/{name}") for name in listed]
        return [facts for facts in found if facts is not None], len(names) - len(listed)
    finally:
        os.close(directory)


def open_file(place: FilePlace) -> tuple[int, int]:
    """A regular file, open for reading, and how large it is. Raises OSError: EISDIR, EINVAL."""
    file = _open(place, os.O_RDONLY)
    try:
        facts = os.fstat(file)
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        if facts.st_nlink > 1 and facts.st_uid != place.sandbox.lstat().st_uid:
            # Another's file, of which a task has made one more name.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError:
        os.close(file)
        raise
    return file, facts.st_size


def _open(place: FilePlace, flags: int) -> int:
    root = os.open(place.sandbox, _DIRECTORY)
    try:
        return open_beneath(root, place.below, flags)
    finally:
        os.close(root)


def _facts(directory: int, name: str, shown_as: str) -> FileFacts | None:
    try:
        facts = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None  # It has gone meanwhile.
    return FileFacts(
        path=shown_as.encode("utf-8", "replace").decode(),
        nlink=facts.st_nlink,
        size=facts.st_size,
        mtime=int(facts.st_mtime),
        mode=stat.filemode(facts.st_mode),
        uid=_user(facts.st_uid),
        gid=_group(facts.st_gid),
    )


@lru_cache(maxsize=256)
def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@lru_cache(maxsize=256)
def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
