"""A configuration as text: in its file, in the log, and on the wire."""

import json
from collections.abc import Mapping
from typing import Any, Final

from replication.config import ID_PATTERN, PeerAddress
from replication.engine.checked_file import read_checked, write_checked
from replication.engine.files import Directory
from replication.membership import BLANK, Configuration, Member

CONFIGURATION_FILE: Final = "configuration"
MEMBERS_MAX: Final = 9
NOTE_CHARACTERS_MAX: Final = 512
_FORMAT: Final = 1


class ConfigurationUnreadable(Exception):
    """It is not what this program writes."""


def load_configuration(directory: Directory) -> Configuration:
    """`BLANK` if there is none.

    Raises:
        CheckedFileDamaged, ConfigurationUnreadable
    """
    if CONFIGURATION_FILE not in directory.names():
        return BLANK
    return _from_fields(read_checked(directory, CONFIGURATION_FILE))


def store_configuration(directory: Directory, configuration: Configuration) -> None:
    write_checked(directory, CONFIGURATION_FILE, as_fields(configuration))


def encode(configuration: Configuration) -> bytes:
    return json.dumps(as_fields(configuration), sort_keys=True, separators=(",", ":")).encode()


def decode(data: bytes) -> Configuration:
    """
    Raises:
        ConfigurationUnreadable
    """
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigurationUnreadable(str(error)) from error
    return _from_fields(fields)


def as_fields(configuration: Configuration) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "number": configuration.number,
        "members": {name: _member_fields(m) for name, m in configuration.members.items()},
        "departed": {name: _member_fields(m) for name, m in configuration.departed.items()},
        "base_index": configuration.base_index,
        "base_term": configuration.base_term,
    }


def _member_fields(member: Member) -> dict[str, Any]:
    host, port = member.address
    return {"disk_id": member.disk_id, "host": host, "port": port, "note": member.note}


def _from_fields(fields: Any) -> Configuration:
    try:
        if fields["format"] != _FORMAT:
            raise ConfigurationUnreadable(
                f"configuration of format {fields['format']}, not {_FORMAT}"
            )
        numbers = [fields[name] for name in ("number", "base_index", "base_term")]
        if not all(type(number) is int and 0 <= number < 2**62 for number in numbers):
            raise ConfigurationUnreadable(f"configuration with the numbers {numbers}")
        number, base_index, base_term = numbers
        return Configuration(
            number,
            _members(fields["members"]),
            _members(fields["departed"]),
            base_index,
            base_term,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationUnreadable(f"not a configuration: {error!r}") from error


def _members(fields: Mapping[str, Any]) -> dict[str, Member]:
    if len(fields) > MEMBERS_MAX:
        raise ConfigurationUnreadable(f"{len(fields)} members")
    return {name: _member(name, fields[name]) for name in sorted(fields)}


def _member(name: str, fields: Mapping[str, Any]) -> Member:
    disk_id, host, port, note = (fields[key] for key in ("disk_id", "host", "port", "note"))
    texts = (disk_id, host, note)
    is_well_formed = (
        ID_PATTERN.fullmatch(name)
        and all(type(text) is str and len(text) <= NOTE_CHARACTERS_MAX for text in texts)
        and type(port) is int
        and 0 <= port < 65_536
    )
    if not is_well_formed:
        raise ConfigurationUnreadable(f"not a member: {name!r} {fields!r}")
    return Member(disk_id, PeerAddress(host, port), note)
