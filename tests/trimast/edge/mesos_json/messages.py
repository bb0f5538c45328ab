"""Random messages of any type, for properties that all of them have."""

from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

_M = TypeVar("_M", bound=Message)
_DEPTH_MAX = 3

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(allow_nan=False, width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}


@st.composite
def messages(draw: st.DrawFn, kind: type[_M]) -> _M:
    message = kind()
    _fill(draw, message, 0)
    return message


def _fill(draw: st.DrawFn, message: Any, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        is_needed = field.is_required
        if not is_needed and (depth >= _DEPTH_MAX or draw(st.integers(0, 3)) > 0):
            continue
        _set(draw, message, field, depth)


def _set(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    value = getattr(message, field.name)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        _fill(draw, value[draw(st.text(max_size=5))], depth + 1)
    elif field.is_repeated:
        for _ in range(draw(st.integers(0, 2))):
            if kind is not None:
                _fill(draw, value.add(), depth + 1)
            else:
                value.append(draw(_scalar(field)))
    elif kind is not None:
        value.SetInParent()
        _fill(draw, value, depth + 1)
    else:
        setattr(message, field.name, draw(_scalar(field)))


def _scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from(sorted(field.enum_type.values_by_number))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=20)
    return _SCALARS.get(field.cpp_type, st.text(max_size=10))


def set_defaults(message: Any) -> None:
    """What JSON shows of an unset field is set when that is read again."""
    for field in message.DESCRIPTOR.fields:
        if field.has_default_value and not field.GetOptions().deprecated:
            if not message.HasField(field.name):
                setattr(message, field.name, field.default_value)
        elif field.message_type is not None:
            for part in _parts(message, field):
                set_defaults(part)


def _parts(message: Any, field: FieldDescriptor) -> list[Any]:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return list(value.values())
    if field.is_repeated:
        return list(value)
    return [value] if message.HasField(field.name) else []
