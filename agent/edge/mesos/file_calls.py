"""LIST_FILES and READ_FILE: the files API, as calls."""

import asyncio
import errno
import os
import stat
import threading
from typing import Final

from agent.edge.sandbox.files_places import FilePlace, FilePlaces
from agent.edge.sandbox.sandbox_files import FileFacts, list_directory, open_file
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.agent import agent_pb2
from trimast.edge.mesos_http import Refusal

READ_BYTES_MAX: Final = 1024 * 1024
_OFFSET_MAX: Final = 2**63 - 1 - READ_BYTES_MAX
_NOT_FOUND: Final = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EXDEV}
_WRONG: Final = {errno.EISDIR, errno.EINVAL, errno.ENXIO}
_MODES: Final = {"d": stat.S_IFDIR, "l": stat.S_IFLNK, "-": stat.S_IFREG, "p": stat.S_IFIFO}


class FileCalls:
    """
    Args:
        rotation: held while the front of a file is taken off.
    """

    def __init__(self, places: FilePlaces, rotation: threading.Lock) -> None:
        self._places = places
        self._rotation = rotation

    async def list(
        self, call: agent_pb2.Call.ListFiles, message: agent_pb2.Response.ListFiles
    ) -> None:
        """Raises Refusal."""
        place = self._place(call.path)
        try:
            files, _ = await asyncio.to_thread(list_directory, place, call.path)
        except OSError as error:
            raise _refusal(error) from None
        message.SetInParent()
        for facts in files:
            _fill(facts, message.file_infos.add())

    async def read(
        self, call: agent_pb2.Call.ReadFile, message: agent_pb2.Response.ReadFile
    ) -> None:
        """Raises Refusal."""
        place = self._place(call.path)
        length = min(call.length, READ_BYTES_MAX) if call.HasField("length") else READ_BYTES_MAX
        try:
            message.size, message.data = await asyncio.to_thread(
                self._piece, place, call.offset, length
            )
        except OSError as error:
            raise _refusal(error) from None

    def _piece(self, place: FilePlace, offset: int, length: int) -> tuple[int, bytes]:
        file, size = open_file(place)
        try:
            if offset > min(size, _OFFSET_MAX):
                return size, b""
            with self._rotation:
                return size, os.pread(file, length, offset)
        finally:
            os.close(file)

    def _place(self, path: str) -> FilePlace:
        place = self._places.find(path)
        if place is None:
            raise Refusal(404, "No sandbox of a task here has such a path")
        return place


def _fill(facts: FileFacts, message: mesos_pb2.FileInfo) -> None:
    message.path, message.nlink, message.size = facts.path, facts.nlink, facts.size
    message.mtime.nanoseconds = facts.mtime * 10**9
    message.mode = _mode(facts.mode)
    message.uid, message.gid = facts.uid, facts.gid


def _mode(text: str) -> int:
    """Of what `stat.filemode` has made; marks such as setuid count as the bit below them."""
    bits = sum(
        1 << (8 - place) for place, mark in enumerate(text[1:10]) if mark not in {"-", "S", "T"}
    )
    return _MODES.get(text[0], 0) | bits


def _refusal(error: OSError) -> Refusal:
    why = (error.strerror or "").lower()
    if error.errno in _NOT_FOUND:
        return Refusal(404, why)
    if error.errno in _FORBIDDEN:
        return Refusal(403, why)
    return Refusal(400 if error.errno in _WRONG else 500, why)
