"""Archives that may have been made to do harm: files, directories and links, and only inside.

Whatever else is in one, or whatever is too much, and all of it is refused.
"""

import contextlib
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from agent.edge.fetcher.copying import PIECE_BYTES, write_all
from agent.edge.fetcher.decompressing import decompress
from agent.edge.fetcher.rules import MIB, FetchFailed, FetchRules
from agent.edge.fetcher.sandbox_tree import SandboxTree
from agent.edge.fetcher.stopping import Stop, Stopped
from trimast.model.uri import ArchiveKind

HEADER_BYTES_MAX: Final = 8 * MIB
"""That an archive may have read at once: a header, or the directory of a zip."""
LINK_BYTES_MAX: Final = 4096
_SPECIAL_BITS: Final = stat.S_ISUID | stat.S_ISGID


class _Budget:
    def __init__(self, rules: FetchRules, stop: Stop) -> None:
        self._rules = rules
        self._stop = stop
        self._bytes = 0
        self._entries = 0

    def entry(self) -> None:
        self._stop.check()
        self._entries += 1
        most = self._rules.entries_max
        if self._entries > most:
            raise FetchFailed(f"it has more than {most} entries, the most that is allowed")

    def spend(self, count: int) -> None:
        self._stop.check()
        self._bytes += count
        most = self._rules.unpacked_bytes_max
        if self._bytes > most:
            raise FetchFailed(f"it unpacks to more than {most} bytes, the most that is allowed")


def unpack(
    source: int,
    kind: ArchiveKind,
    name: str,
    tree: SandboxTree,
    *,
    rules: FetchRules,
    scratch: Path,
    stop: Stop,
) -> None:
    """
    Args:
        source: the archive, open for reading; stays open.
        name: of it, without which a .gz does not know its own.
        scratch: where a tar may lie while it is read.

    Raises:
        FetchFailed, OSError, Stopped.
    """
    budget = _Budget(rules, stop)
    try:
        with os.fdopen(os.dup(source), "rb") as file:
            file.seek(0)
            match kind:
                case ArchiveKind.GZ:
                    _unpack_gz(file, name[: -len(".gz")], tree, rules, stop)
                case ArchiveKind.ZIP:
                    _unpack_zip(file, tree, budget)
                case ArchiveKind.TAR:
                    _unpack_tar(file, tree, budget)
                case _:
                    with tempfile.TemporaryFile(dir=scratch) as tar:
                        most = rules.unpacked_bytes_max
                        decompress(file, kind, tar.fileno(), bytes_max=most, stop=stop)
                        tar.seek(0)
                        _unpack_tar(tar, tree, budget)
    except (FetchFailed, Stopped):
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise FetchFailed(f"it cannot be unpacked as {kind}: {error}") from None
    except Exception as error:
        # What the readers of archives raise at what they do not expect is nowhere listed.
        what = str(error)[:200] or type(error).__name__
        raise FetchFailed(f"it cannot be unpacked as {kind}: {what}") from None


class _BoundedReads:
    """A file that refuses to be read into memory at the word of a header."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        most = HEADER_BYTES_MAX + 1
        data = self._file.read(min(size, most) if size >= 0 else most)
        if size > HEADER_BYTES_MAX or len(data) > HEADER_BYTES_MAX:
            raise FetchFailed(f"a header of it is larger than {HEADER_BYTES_MAX} bytes")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and offset < 0:
            raise FetchFailed("a header of it leads to before its beginning")
        return self._file.seek(offset, whence)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _unpack_gz(
    file: IO[bytes], path: str, tree: SandboxTree, rules: FetchRules, stop: Stop
) -> None:
    target = tree.file(path)
    try:
        most = rules.unpacked_bytes_max
        decompress(file, ArchiveKind.GZ, target, bytes_max=most, stop=stop)
    finally:
        os.close(target)


def _unpack_tar(file: IO[bytes], tree: SandboxTree, budget: _Budget) -> None:
    bounded: Any = _BoundedReads(file)
    with tarfile.open(fileobj=bounded, mode="r:") as archive:
        for member in _members(archive):
            budget.entry()
            if member.isreg():
                _refuse_special(member.name, member.mode)
                data = archive.extractfile(member)
                assert data is not None
                _write(tree, member.name, member.mode, data, budget)
            elif member.isdir():
                tree.directory(member.name, member.mode)
            elif member.issym():
                tree.symlink(member.name, member.linkname)
            elif member.islnk():
                tree.hard_link(member.name, member.linkname)
            else:
                raise FetchFailed(f"{member.name[:200]!r} is a device, a pipe or the like")


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        if member.size < 0:
            raise FetchFailed("a header of it has a negative size")
        yield member
        # Else it remembers all of them.
        archive.members = []  # type: ignore[attr-defined]


def _unpack_zip(file: IO[bytes], tree: SandboxTree, budget: _Budget) -> None:
    bounded: Any = _BoundedReads(file)
    with zipfile.ZipFile(bounded) as archive:
        for entry in archive.infolist():
            budget.entry()
            mode = entry.external_attr >> 16
            kind = stat.S_IFMT(mode)
            if entry.is_dir():
                tree.directory(entry.filename)
            elif kind == stat.S_IFLNK:
                if entry.file_size > LINK_BYTES_MAX:
                    raise FetchFailed(f"{entry.filename[:200]!r} is a link of too many bytes")
                tree.symlink(entry.filename, os.fsdecode(archive.read(entry)))
            elif kind in {0, stat.S_IFREG}:
                _refuse_special(entry.filename, mode)
                with archive.open(entry) as data:
                    _write(tree, entry.filename, mode & 0o777 or 0o644, data, budget)
            else:
                raise FetchFailed(f"{entry.filename[:200]!r} is a device, a pipe or the like")


def _write(tree: SandboxTree, path: str, mode: int, data: IO[bytes], budget: _Budget) -> None:
    target = tree.file(path, mode)
    with contextlib.closing(data):
        try:
            while piece := data.read(PIECE_BYTES):
                budget.spend(len(piece))
                write_all(target, piece)
        finally:
            os.close(target)


def _refuse_special(name: str, mode: int) -> None:
    if mode & _SPECIAL_BITS:
        raise FetchFailed(f"{name[:200]!r} is to run as whoever owns it (setuid or setgid)")
