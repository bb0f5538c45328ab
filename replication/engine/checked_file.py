"""Small files that people can read and that notice when they are changed: JSON and its checksum."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from replication.engine.files import Directory

_NEW_SUFFIX: Final = ".new"


class CheckedFileDamaged(Exception):
    """It is not what was written."""


def write_checked(directory: Directory, name: str, fields: Mapping[str, Any]) -> None:
    """The whole of it or nothing, and on stable storage on return."""
    text = json.dumps(fields, indent=1, sort_keys=True) + "\n"
    data = text.encode()
    new_name = name + _NEW_SUFFIX
    if new_name in directory.names():
        directory.remove(new_name)
    directory.overwrite(new_name, data + f"{zlib.crc32(data):08x}\n".encode())
    directory.rename(new_name, name)
    directory.sync()


def read_checked(directory: Directory, name: str) -> dict[str, Any]:
    """
    Raises:
        CheckedFileDamaged: its text names the file.
    """
    data = directory.read(name)
    # The checksum is the last line: 8 digits and a line end.
    body, checksum = data[:-9], data[-9:]
    if checksum != f"{zlib.crc32(body):08x}\n".encode():
        raise CheckedFileDamaged(f"{name} is damaged")
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise CheckedFileDamaged(f"{name} is damaged: {error}") from error
    if not isinstance(fields, dict):
        raise CheckedFileDamaged(f"{name} is damaged: no fields")
    return fields
