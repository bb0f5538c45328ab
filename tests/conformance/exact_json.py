"""Whether JSON is a message as strict clients read it: they drop one with a key that they do not
know, or without one that must be there."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: int,
    FieldDescriptor.CPPTYPE_INT64: int,
    FieldDescriptor.CPPTYPE_UINT32: int,
    FieldDescriptor.CPPTYPE_UINT64: int,
    FieldDescriptor.CPPTYPE_BOOL: bool,
    FieldDescriptor.CPPTYPE_STRING: str,
}


def faults_of(value: Any, message: type[Message]) -> Iterator[str]:
    """What such a client would stumble over; nothing, if all is well."""
    return _faults_of(value, message.DESCRIPTOR, "")


def _faults_of(value: Any, descriptor: Any, path: str) -> Iterator[str]:
    where = path or descriptor.name
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    fields = descriptor.fields_by_name
    for name in value.keys() - fields.keys():
        yield f"{where} has {name}, which is not known"
    for field in descriptor.fields:
        if field.name not in value:
            if field.is_required:
                yield f"{where} lacks {field.name}"
        elif field.is_repeated and not _is_map(field):
            yield from _faults_of_list(value[field.name], field, f"{where}.{field.name}")
        else:
            yield from _faults_of_one(value[field.name], field, f"{where}.{field.name}")


def _faults_of_list(value: Any, field: FieldDescriptor, path: str) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield f"{path} is no list with something in it"
        return
    for number, one in enumerate(value):
        yield from _faults_of_one(one, field, f"{path}[{number}]")


def _faults_of_one(value: Any, field: FieldDescriptor, path: str) -> Iterator[str]:
    if _is_map(field):
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif field.message_type is not None:
        yield from _faults_of(value, field.message_type, path)
    elif field.enum_type is not None:
        if value not in field.enum_type.values_by_name:
            yield f"{path} is {value!r}, which is no name of a {field.enum_type.name}"
    elif field.cpp_type in _NUMBERS:
        if type(value) is not _NUMBERS[field.cpp_type]:
            yield f"{path} is {value!r}"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{path} is {value!r}, which is no number"


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
