"""A data directory as one who only looks sees it: what is changed is changed in memory alone."""

from replication.engine.files import Directory


class FileInMemory:
    """An `AppendedFile` that nobody but its view knows."""

    def __init__(self, data: bytearray) -> None:
        self._data = data

    def append(self, data: bytes) -> None:
        self._data += data

    def sync(self) -> None:
        """There is nothing to keep."""

    def finish(self) -> None:
        """There is nothing to keep."""

    def close(self) -> None:
        """There is nothing to give back."""


class ReadOnlyDirectory:
    """A `Directory` over another one, of which it asks only what does not change anything.

    The names are those of the moment in which the view was made: a file that comes later is not
    seen, and one that goes is an `OSError` when it is read.
    """

    def __init__(self, below: Directory) -> None:
        self._below = below
        self._unchanged = set(below.names())
        self._changed: dict[str, bytearray] = {}

    def names(self) -> list[str]:
        return sorted(self._unchanged | self._changed.keys())

    def read(self, name: str) -> bytes:
        changed = self._changed.get(name)
        return self._read_below(name) if changed is None else bytes(changed)

    def read_part(self, name: str, start: int, size_bytes: int) -> bytes:
        changed = self._changed.get(name)
        if changed is not None:
            return bytes(changed[start : start + size_bytes])
        self._check(name)
        return self._below.read_part(name, start, size_bytes)

    def create(self, name: str, *, grows_ahead: bool = False) -> FileInMemory:
        if name in self._unchanged or name in self._changed:
            raise FileExistsError(f"{name} is there already")
        self._changed[name] = bytearray()
        return FileInMemory(self._changed[name])

    def open(self, name: str, size_bytes: int, *, grows_ahead: bool = False) -> FileInMemory:
        data = self._changed.setdefault(name, bytearray(self.read(name)))
        self._unchanged.discard(name)
        del data[size_bytes:]
        return FileInMemory(data)

    def rename(self, old_name: str, new_name: str) -> None:
        data = bytearray(self.read(old_name))
        self.remove(old_name)
        self._unchanged.discard(new_name)
        self._changed[new_name] = data

    def remove(self, name: str) -> None:
        if name not in self._unchanged and name not in self._changed:
            raise FileNotFoundError(f"there is no {name}")
        self._unchanged.discard(name)
        self._changed.pop(name, None)

    def overwrite(self, name: str, data: bytes) -> None:
        is_there = name in self._unchanged or name in self._changed
        before = self.read(name) if is_there else b""
        self._unchanged.discard(name)
        self._changed[name] = bytearray(data + before[len(data) :])

    def sync(self) -> None:
        """There is nothing to keep."""

    def _read_below(self, name: str) -> bytes:
        self._check(name)
        return self._below.read(name)

    def _check(self, name: str) -> None:
        if name not in self._unchanged:
            raise FileNotFoundError(f"there is no {name}")
