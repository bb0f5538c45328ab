"""A disk that keeps only what was synced, and tears what was not."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

_SECTOR_BYTES = 512
_AHEAD_BYTES = 2_000


class PowerLoss(Exception):
    """The power went in the middle of a disk operation."""


@dataclass(slots=True)
class _Content:
    """Attributes:
    data: with zeros behind what was appended, if it grows ahead.
    durable_size_bytes: how long the file is sure to be, with these zeros.
    """

    data: bytearray
    synced_bytes: int = 0
    durable_size_bytes: int = 0
    is_name_durable: bool = False
    old_name: str | None = None
    replaced: "_Content | None" = None


class SimFile:
    def __init__(self, disk: "SimDisk", content: _Content, *, ahead_bytes: int) -> None:
        self._disk = disk
        self._content = content
        self._end = len(content.data)
        self._ahead_bytes = ahead_bytes

    def append(self, data: bytes) -> None:
        self._disk.before_operation("append")
        self._content.data[self._end : self._end + len(data)] = data
        self._end += len(data)

    def sync(self) -> None:
        if self._end > len(self._content.data) - self._ahead_bytes // 10:
            self._content.data += bytes(self._ahead_bytes)
        self._bring_to_disk()

    def finish(self) -> None:
        del self._content.data[self._end :]
        self._bring_to_disk()

    def _bring_to_disk(self) -> None:
        self._disk.before_operation("sync")
        if not self._disk.is_lying:
            self._content.synced_bytes = self._end
            self._content.durable_size_bytes = len(self._content.data)

    def close(self) -> None:
        pass


class SimDisk:
    """Implements `Directory`. Outlives the replica that uses it.

    Attributes:
        fault: called before each operation with its name; raises what shall go wrong.
        is_lying: `sync` does nothing, as on a disk that cheats.
        ahead_bytes: of zeros that a file which grows ahead is given at a time.
    """

    def __init__(self, random: Random, *, ahead_bytes: int = _AHEAD_BYTES) -> None:
        self._random = random
        self._ahead_bytes = ahead_bytes
        self._files: dict[str, _Content] = {}
        self._removed: dict[str, _Content] = {}
        self.fault: Callable[[str], None] | None = None
        self.is_lying = False

    def names(self) -> list[str]:
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        return bytes(self._files[name].data)

    def create(self, name: str, *, grows_ahead: bool = False) -> SimFile:
        self.before_operation("create")
        assert name not in self._files
        self._files[name] = _Content(bytearray())
        return self._file(self._files[name], grows_ahead=grows_ahead)

    def open(self, name: str, size_bytes: int, *, grows_ahead: bool = False) -> SimFile:
        content = self._files[name]
        del content.data[size_bytes:]
        content.synced_bytes = content.durable_size_bytes = len(content.data)
        return self._file(content, grows_ahead=grows_ahead)

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        return bytes(self._files[name].data[start : start + size_bytes])

    def rename(self, old_name: str, new_name: str) -> None:
        self.before_operation("rename")
        content = self._files.pop(old_name)
        content.old_name = old_name
        content.replaced = self._files.get(new_name)
        self._files[new_name] = content

    def remove(self, name: str) -> None:
        self.before_operation("remove")
        self._removed[name] = self._files.pop(name)

    def overwrite(self, name: str, data: bytes) -> None:
        content = self._files.setdefault(name, _Content(bytearray()))
        try:
            self.before_operation("overwrite")
        except PowerLoss:
            torn = data[: self._random.randrange(len(data) + 1)]
            content.data[: len(torn)] = torn
            content.synced_bytes = len(content.data)
            raise
        content.data[: len(data)] = data
        content.synced_bytes = len(content.data)
        content.is_name_durable = True

    def sync(self) -> None:
        self._removed.clear()
        for content in self._files.values():
            content.is_name_durable = True
            content.old_name = None
            content.replaced = None

    def lose_power(self) -> None:
        """What was not synced is gone, or there in part, or there as garbage."""
        self.fault = None
        for name, content in self._removed.items():
            if content.is_name_durable and self._random.random() < 0.5:
                self._files.setdefault(name, content)
        self._removed.clear()
        for name, content in list(self._files.items()):
            if content.old_name is not None and self._random.random() < 0.5:
                del self._files[name]
                if content.replaced is not None:
                    self._files[name] = content.replaced
                name = content.old_name
                self._files[name] = content
            content.old_name = None
            content.replaced = None
            if not content.is_name_durable and self._random.random() < 0.5:
                del self._files[name]
                continue
            self._tear(content)
            content.synced_bytes = content.durable_size_bytes = len(content.data)
            content.is_name_durable = True

    def rot(self, *, before: str, position: int) -> None:
        """One bit of what is stored turns over: in file `before`, below `position`."""
        data = self._files[before].data
        data[self._random.randrange(position)] ^= 1 << self._random.randrange(8)

    def copy(self) -> "dict[str, bytes]":
        """All that a backup of the disk would hold."""
        return {name: bytes(content.data) for name, content in self._files.items()}

    def become(self, files: "dict[str, bytes]") -> None:
        """Another disk is put in its place, an old copy of it, or an empty one."""
        self.fault = None
        self._removed.clear()
        self._files = {
            name: _Content(bytearray(data), len(data), is_name_durable=True)
            for name, data in files.items()
        }

    def keep_all(self) -> None:
        """Only the process died: what it wrote is still in the page cache."""
        self.fault = None

    def before_operation(self, name: str) -> None:
        if self.fault is not None:
            self.fault(name)

    def _file(self, content: _Content, *, grows_ahead: bool) -> SimFile:
        return SimFile(self, content, ahead_bytes=self._ahead_bytes if grows_ahead else 0)

    def _tear(self, content: _Content) -> None:
        unsynced = len(content.data) - content.synced_bytes
        if unsynced <= 0:
            return
        size_bytes = self._random.choice((content.durable_size_bytes, len(content.data)))
        kept = self._random.choice((0, unsynced, self._random.randrange(unsynced + 1)))
        del content.data[content.synced_bytes + kept :]
        if len(content.data) < size_bytes:
            # What was written over zeros, and is lost, is zeros again.
            content.data += bytes(size_bytes - len(content.data))
        if kept > 0 and self._random.random() < 0.3:
            hole = self._random.randrange(content.synced_bytes, len(content.data))
            end = min(len(content.data), hole + self._random.randrange(1, _SECTOR_BYTES))
            content.data[hole:end] = bytes(end - hole)


def failing(operation: str, error: int = errno.EIO) -> Callable[[str], None]:
    """A fault for `SimDisk.fault`: every operation of this name fails."""

    def fail(name: str) -> None:
        if name == operation:
            raise OSError(error, f"simulated failure of {name}")

    return fail


def losing_power_at(operations: int) -> Callable[[str], None]:
    """The power goes at this operation from now on."""
    left = [operations]

    def fail(name: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise PowerLoss(name)

    return fail
