"""The file that flushes of the log append to: the newest of its segments."""

from replication.engine.files import AppendedFile, Directory
from replication.engine.wal_flush import Chunk


class WalFile:
    """Implements `wal_flush.Appender`. Used by one thread at a time, perhaps not the loop's."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._file: AppendedFile | None = None

    def go_on(self, name: str, end: int) -> None:
        """With a segment that is there already."""
        self._file = self._directory.open(name, end, grows_ahead=True)

    def write_chunk(self, chunk: Chunk) -> None:
        if chunk.new_segment is not None:
            if self._file is not None:
                self._file.finish()
            self._file = self._directory.create(chunk.new_segment, grows_ahead=True)
            self._directory.sync()
        assert self._file is not None
        self._file.append(chunk.data)

    def sync_file(self) -> None:
        assert self._file is not None
        self._file.sync()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
