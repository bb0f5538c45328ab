"""JSON -> a message, as lenient as Mesos is, because its clients rely on that.

What differs from protobuf's own mapping: numbers and booleans may be strings, one value may stand
for a list of one, a name that an enum does not have counts as not set, and so does null; what the
message does not know is passed over. A field that must be there, and is not, voids the whole.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from trimast.edge.mesos_json.values import DROPPED, Fault, reader_of
from trimast.edge.wire.bad_message import BadMessage

BYTES_MAX: Final = 4 * 1024 * 1024
DEPTH_MAX: Final = 64
"""Of messages in messages. The deepest of Mesos's own, a nested container, needs about ten."""
VALUES_MAX: Final = 100_000
"""Each takes time and memory out of proportion to its bytes, and meanwhile nothing else is done."""
_BEFORE_VALUES: Final = (b",", b"[", b"{")

_M = TypeVar("_M", bound=Message)
_Put = Callable[[Any, Any, int], None]


class _Field(NamedTuple):
    name: str
    put: _Put


def message_from_json(data: bytes, kind: type[_M], *, bytes_max: int = BYTES_MAX) -> _M:
    """
    Raises:
        BadMessage: names the field, and what would be right.
    """
    if len(data) > bytes_max:
        raise BadMessage(f"Failed to parse body into JSON: more than {bytes_max} bytes")
    what = kind.DESCRIPTOR.name
    message = kind()
    try:
        _fill(message, _parse(data), 0)
    except Fault as fault:
        raise BadMessage(f"Failed to convert JSON into {what} protobuf: {fault}") from None
    if not message.IsInitialized():
        missing = ", ".join(_missing_fields(message)[:10])
        raise BadMessage(
            f"Failed to convert JSON into {what} protobuf: Missing required fields: {missing}"
        )
    return message


def _missing_fields(message: Any) -> list[str]:
    """With their paths. The method is protobuf's own, but not in its type stubs."""
    return list(message.FindInitializationErrors())


def _parse(data: bytes) -> dict[str, Any]:
    if sum(map(data.count, _BEFORE_VALUES)) > VALUES_MAX:
        raise BadMessage(f"Failed to parse body into JSON: it has more than {VALUES_MAX} values")
    try:
        # Left to itself it would guess at other encodings, and pass over a byte order mark.
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise BadMessage("Failed to parse body into JSON: it is nested too deeply") from None
    except ValueError as error:
        raise BadMessage(f"Failed to parse body into JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadMessage("Failed to parse body into JSON: expecting an object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _fill(message: Any, value: dict[str, Any], depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Fault(f"more than {DEPTH_MAX} messages are nested in each other")
    plan = _plan_of(message.DESCRIPTOR)
    for key, item in value.items():
        field = plan.get(key)
        if field is None or item is None:
            continue
        try:
            field.put(message, item, depth)
        except Fault as fault:
            raise fault.within(key) from None


@cache
def _plan_of(descriptor: Descriptor) -> dict[str, _Field]:
    return {field.name: _Field(field.name, _put_of(field)) for field in descriptor.fields}


def _put_of(field: FieldDescriptor) -> _Put:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return _put_map(field.name, kind)
    if kind is not None:
        return _put_messages(field.name) if field.is_repeated else _put_message(field.name)
    return _put_scalars(field) if field.is_repeated else _put_scalar(field)


def _put_scalar(field: FieldDescriptor) -> _Put:
    name, read = field.name, reader_of(field)

    def put(message: Any, item: Any, _depth: int) -> None:
        value = read(item)
        if value is not DROPPED:
            setattr(message, name, value)

    return put


def _put_scalars(field: FieldDescriptor) -> _Put:
    name, read = field.name, reader_of(field)

    def put(message: Any, item: Any, _depth: int) -> None:
        values = getattr(message, name)
        for place, one in enumerate(_as_list(item)):
            try:
                value = read(one)
            except Fault as fault:
                raise fault.within(place) from None
            if value is not DROPPED:
                values.append(value)

    return put


def _put_message(name: str) -> _Put:
    def put(message: Any, item: Any, depth: int) -> None:
        part = getattr(message, name)
        part.SetInParent()
        _fill(part, _as_object(item), depth + 1)

    return put


def _put_messages(name: str) -> _Put:
    def put(message: Any, item: Any, depth: int) -> None:
        parts = getattr(message, name)
        for place, one in enumerate(_as_list(item)):
            try:
                _fill(parts.add(), _as_object(one), depth + 1)
            except Fault as fault:
                raise fault.within(place) from None

    return put


def _put_map(name: str, entry: Descriptor) -> _Put:
    value_field = entry.fields_by_name["value"]
    read_key = reader_of(entry.fields_by_name["key"])
    read_value = None if value_field.message_type is not None else reader_of(value_field)

    def put(message: Any, item: Any, depth: int) -> None:
        entries = getattr(message, name)
        for key, one in _as_object(item).items():
            if one is None:
                continue
            try:
                if read_value is None:
                    _fill(entries[read_key(key)], _as_object(one), depth + 1)
                else:
                    entries[read_key(key)] = read_value(one)
            except Fault as fault:
                raise fault.within(key) from None

    return put


def _as_list(item: Any) -> list[Any]:
    """One value may stand for a list of it, and what is null in a list is not there."""
    if not isinstance(item, list):
        return [item]
    return [one for one in item if one is not None]


def _as_object(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Fault.expecting("an object", item)
    return item
