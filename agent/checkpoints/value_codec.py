"""Values of ours <-> JSON, by their types: an object with what differs from the defaults.

A field that is added later, with a default, does not make what was written before unreadable.
"""

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


def to_plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, frozenset):
        return sorted(map(to_plain, value))
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
    assert value is None or isinstance(value, str | int | float), value
    return value


def from_plain(kind: Any, plain: Any) -> Any:
    """Raises ValueError, TypeError: it is not what `to_plain` made of one of that kind."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        [inner] = [argument for argument in arguments if argument is not type(None)]
        return None if plain is None else from_plain(inner, plain)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(from_plain(arguments[0], item) for item in plain)
        pairs = zip(arguments, plain, strict=True)
        return tuple(from_plain(argument, item) for argument, item in pairs)
    if origin is frozenset:
        return frozenset(from_plain(arguments[0], item) for item in plain)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints_of(kind)
        return kind(**{name: from_plain(hints[name], item) for name, item in plain.items()})
    if hasattr(kind, "__supertype__"):
        return from_plain(kind.__supertype__, plain)
    if kind is bytes:
        return bytes.fromhex(plain)
    if issubclass(kind, Enum):
        return kind(plain)
    if not isinstance(plain, kind):
        raise TypeError(f"expecting {kind.__name__}, not {plain!r}")
    return plain


@cache
def _hints_of(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)
