"""A message -> JSON as Mesos writes it: one line, ASCII only.

What differs from protobuf's own mapping: names stay as they are in the .proto file, 64-bit integers
are numbers, and what is unset but has a default of its own is there with that default.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_Convert = Callable[[Any], Any]
_to_json: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_FLOATS: Final = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}


class _Plan(NamedTuple):
    """How messages of one type are written.

    Attributes:
        fields: by number: the name, and what makes JSON of the value; None if it is JSON as it is.
        defaults: what stands there for a field that is not set, by name.
    """

    fields: dict[int, tuple[str, _Convert | None]]
    defaults: tuple[tuple[str, Any], ...]


def message_to_json(message: Message) -> bytes:
    """Has no line break."""
    return _to_json(_to_object(message)).encode("ascii")


def json_pieces(message: Message, whole_bytes: int = 4096) -> Iterator[str]:
    """The same in pieces, each of which takes little, for messages that hold many.

    Args:
        whole_bytes: what takes no more in protobuf is one piece.
    """
    if message.ByteSize() <= whole_bytes:
        yield _to_json(_to_object(message))
        return
    plan = _plan_of(message.DESCRIPTOR)
    set_names: set[str] = set()
    before = "{"
    for field, value in message.ListFields():
        name, convert = plan.fields[field.number]
        set_names.add(name)
        yield f'{before}"{name}":'
        before = ","
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            yield _to_json(value if convert is None else convert(value))
        elif field.is_repeated:
            yield from _list_pieces(value, whole_bytes)
        else:
            yield from json_pieces(value, whole_bytes)
    for name, value in plan.defaults:
        if name not in set_names:
            yield f'{before}"{name}":{_to_json(value)}'
            before = ","
    yield "{}" if before == "{" else "}"


def _list_pieces(messages: Iterable[Message], whole_bytes: int) -> Iterator[str]:
    before = "["
    for message in messages:
        yield before
        yield from json_pieces(message, whole_bytes)
        before = ","
    yield "]"


def _to_object(message: Message) -> dict[str, Any]:
    plan = _plan_of(message.DESCRIPTOR)
    written: dict[str, Any] = {}
    for field, value in message.ListFields():
        name, convert = plan.fields[field.number]
        written[name] = value if convert is None else convert(value)
    for name, value in plan.defaults:
        if name not in written:
            written[name] = value
    return written


@cache
def _plan_of(descriptor: Descriptor) -> _Plan:
    return _Plan(
        {field.number: (field.name, _convert_of(field)) for field in descriptor.fields},
        tuple((f.name, _default_of(f)) for f in descriptor.fields if _shows_default(f)),
    )


def _shows_default(field: FieldDescriptor) -> bool:
    return field.has_default_value and not field.GetOptions().deprecated


def _default_of(field: FieldDescriptor) -> Any:
    convert = _convert_one_of(field)
    return field.default_value if convert is None else convert(field.default_value)


def _convert_of(field: FieldDescriptor) -> _Convert | None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return _map_convert(kind.fields_by_name["value"])
    one = _convert_one_of(field)
    if not field.is_repeated:
        return one
    if one is None:
        return list
    convert = one
    return lambda values: [convert(value) for value in values]


def _map_convert(value_field: FieldDescriptor) -> _Convert:
    convert = _convert_one_of(value_field) or (lambda value: value)
    return lambda entries: {_key_text(key): convert(entries[key]) for key in sorted(entries)}


def _key_text(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _convert_one_of(field: FieldDescriptor) -> _Convert | None:
    if field.message_type is not None:
        return _to_object
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda number: names.get(number, number)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda data: base64.b64encode(data).decode("ascii")
    if field.type in _FLOATS:
        return _number
    return None


def _number(value: float) -> float | str:
    """JSON has no word for what is not finite; these are the ones of protobuf."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
