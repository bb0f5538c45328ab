"""What the launcher writes down: read again, it tells which tasks there are and how they ended.

Frames as in the agent's journal, checksummed. A start is only handed to the kernel, since it is of
use only as long as the kernel lives; an end is on disk before anyone hears of it. A frame that has
been damaged costs what is in it and nothing else: the file is set aside under a name that is told
to the agent, and the others are gone on with.
"""

import json
import os
from typing import Any, Final

from agent.checkpoints.journal_format import frame, sound_frames
from agent.launcher.launch import ENDED, FAILED, RUNNING, VANISHED, Launch

NAME: Final = "journal"
BYTES_MAX: Final = 1024 * 1024

Record = list[Any]


def began(launch: Launch) -> Record:
    place = [launch.pid, launch.start_ticks, launch.boot_id, launch.folder]
    return ["began", launch.name, *place, *([launch.group] if launch.group else [])]


def begins(name: str, boot_id: str, group: str) -> Record:
    """What is in the group is it, or will be. For who reads this: it began, as no process."""
    return ["began", name, 0, 0, boot_id, "", group]


def marked(launch: Launch) -> Record:
    return ["marked", launch.name, launch.mark]


def over(launch: Launch) -> Record:
    how = [launch.phase, launch.exit_code, launch.signal, launch.why]
    return ["over", launch.name, *how, *([launch.memory] if launch.memory else [])]


def forgotten(name: str) -> Record:
    return ["forgotten", name]


class Journal:
    """
    Attributes:
        launches: as they were written down, in order.
        damage: where it was found, as text for people; empty if nowhere.
    """

    def __init__(self, folder: str, *, bytes_max: int = BYTES_MAX) -> None:
        """Raises OSError."""
        self.launches: dict[str, Launch] = {}
        self.damage: list[str] = []
        self._path = os.path.join(folder, NAME)
        self._bytes_max = self._limit = bytes_max
        self._file = os.open(self._path, _FLAGS, 0o600)
        data = _read_all(self._file)
        payloads, good_bytes, damaged = sound_frames(data)
        damaged += self._replay(payloads)
        if damaged:
            self._set_aside(data, damaged)
        elif good_bytes < len(data):
            # A write that was never finished: nobody was told of it.
            os.ftruncate(self._file, good_bytes)
        self._bytes = good_bytes
        if damaged:
            self.rewrite(self.launches)

    def append(self, records: list[Record]) -> None:
        """Handed to the kernel: it survives this process, but not the machine."""
        if records:
            data = frame(_to_bytes(records))
            _write_all(self._file, data)
            self._bytes += len(data)

    def sync(self) -> None:
        """Everything appended so far survives the machine, too."""
        os.fdatasync(self._file)

    def shrink(self, launches: dict[str, Launch]) -> None:
        """If it has grown large, say again only what still matters."""
        if self._bytes > self._limit:
            self.rewrite(launches)

    def rewrite(self, launches: dict[str, Launch]) -> None:
        records = [record for launch in launches.values() for record in _records_of(launch)]
        new_path = f"{self._path}.new"
        if os.path.exists(new_path):
            os.unlink(new_path)
        new_file = os.open(new_path, _FLAGS, 0o600)
        data = frame(_to_bytes(records)) if records else b""
        _write_all(new_file, data)
        os.fsync(new_file)
        os.rename(new_path, self._path)
        sync_folder(os.path.dirname(self._path))
        os.close(self._file)
        self._file = new_file
        self._bytes = len(data)
        self._limit = max(self._bytes_max, 2 * self._bytes)

    def close(self) -> None:
        os.close(self._file)

    def _replay(self, payloads: list[tuple[int, bytes]]) -> list[int]:
        """Returns where there is a frame that is whole and yet not understood."""
        odd: list[int] = []
        for offset, payload in payloads:
            try:
                for line in payload.split(b"\n"):
                    _replay_record(self.launches, json.loads(line))
            except (ValueError, TypeError, KeyError, IndexError):
                odd.append(offset)
        return odd

    def _set_aside(self, data: bytes, damaged: list[int]) -> None:
        number = 1
        while os.path.exists(aside := f"{self._path}.damaged-{number}"):
            number += 1
        copy = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _write_all(copy, data)
        os.fsync(copy)
        os.close(copy)
        self.damage = [f"{aside} at byte {offset}" for offset in damaged]


_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def _records_of(launch: Launch) -> list[Record]:
    records = [began(launch)] if launch.pid or launch.is_live else []
    if launch.mark:
        records.append(marked(launch))
    if not launch.is_live:
        records.append(over(launch))
    return records


def _replay_record(launches: dict[str, Launch], record: Record) -> None:
    kind, name, *rest = record
    match kind:
        case "began":
            # An earlier version had no groups.
            pid, start_ticks, boot, folder, *group = rest
            if not isinstance(pid, int) or not isinstance(start_ticks, int):
                raise ValueError(f"not a process: {rest}")
            launch = Launch(name, RUNNING, pid, start_ticks, str(boot), str(folder))
            launch.group = str(group[0]) if group else ""
            launches[name] = launch
        case "marked":
            if name in launches:
                [launches[name].mark] = rest
        case "over":
            launch = launches.setdefault(name, Launch(name, VANISHED))
            launch.phase, launch.exit_code, launch.signal, launch.why, *memory = rest
            launch.memory = list(memory[0]) if memory else []
            if launch.phase not in {ENDED, FAILED, VANISHED}:
                raise ValueError(f"not an end: {rest}")
        case "forgotten":
            launches.pop(name, None)
        case _:
            raise ValueError(f"not a kind of record: {kind}")


def _to_bytes(records: list[Record]) -> bytes:
    return b"\n".join(json.dumps(r, separators=(",", ":")).encode("ascii") for r in records)


def _read_all(file: int) -> bytes:
    parts: list[bytes] = []
    offset = 0
    while part := os.pread(file, 1 << 20, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def sync_folder(path: str) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
