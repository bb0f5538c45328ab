"""One JSON value -> what a field that is no message holds."""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

DROPPED: Final = object()
"""In place of a value: leave the field as it is."""

_SHOWN_CHARS_MAX: Final = 80
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|-?Infinity|NaN")
_BOUNDS: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


class Fault(Exception):
    """What is wrong with a value; where it stands is added on the way out."""

    def __init__(self, text: str, path: str = "") -> None:
        super().__init__(f"{path}: {text}" if path else text)
        self._text = text
        self._path = path

    @classmethod
    def expecting(cls, what: str, found: Any) -> "Fault":
        shown = json.dumps(found)
        if len(shown) > _SHOWN_CHARS_MAX:
            shown = shown[:_SHOWN_CHARS_MAX] + "..."
        return cls(f"expecting {what}, not {shown}")

    def within(self, place: str | int) -> "Fault":
        """The same, seen from one level further out."""
        outer = f"[{place}]" if isinstance(place, int) else place[:_SHOWN_CHARS_MAX]
        joint = "" if not self._path or self._path.startswith("[") else "."
        return Fault(self._text, f"{outer}{joint}{self._path}")


def reader_of(field: FieldDescriptor) -> Callable[[Any], Any]:
    """What reads the values of `field`. It raises Fault."""
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _read_bytes
    bounds = _BOUNDS.get(field.cpp_type)
    if bounds is not None:
        return _integer_reader(*bounds)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _read_bool
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _read_string
    return _read_float


def _enum_reader(kind: EnumDescriptor) -> Callable[[Any], Any]:
    numbers = {name: value.number for name, value in kind.values_by_name.items()}
    expected = f"the name of a {kind.name}, like {json.dumps(next(iter(numbers)))}"

    def read(item: Any) -> Any:
        if not isinstance(item, str):
            raise Fault.expecting(expected, item)
        return numbers.get(item, DROPPED)

    return read


def _integer_reader(least: int, most: int) -> Callable[[Any], int]:
    expected = f"an integer from {least} to {most}"

    def read(item: Any) -> int:
        value = item
        is_integral = isinstance(item, float) and item.is_integer()
        if is_integral or (isinstance(item, str) and _INTEGER.fullmatch(item)):
            value = int(item)
        if type(value) is not int or not least <= value <= most:
            raise Fault.expecting(expected, item)
        return value

    return read


def _read_float(item: Any) -> float:
    if isinstance(item, str) and _NUMBER.fullmatch(item):
        return float(item)
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise Fault.expecting("a number", item)
    try:
        value = float(item)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise Fault('the number is too large; what is meant to be endless is "Infinity"')
    return value


def _read_bool(item: Any) -> bool:
    if item is True or item == "true":
        return True
    if item is False or item == "false":
        return False
    raise Fault.expecting("true or false", item)


def _read_string(item: Any) -> str:
    if not isinstance(item, str):
        raise Fault.expecting("a string", item)
    try:
        item.encode()
    except UnicodeEncodeError:
        raise Fault("the string has half of a surrogate pair") from None
    return item


def _read_bytes(item: Any) -> bytes:
    if not isinstance(item, str):
        raise Fault.expecting("a string in base64", item)
    text = "".join(item.split())
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Fault.expecting("a string in base64", item) from None
