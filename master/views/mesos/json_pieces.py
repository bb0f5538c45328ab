"""JSON in pieces: a large document, of which each piece takes little time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

Pieces = Iterator[str]
"""Of ASCII. Some may be empty: whoever puts them together may do something else in between."""

to_json: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def object_of(fields: Mapping[str, object], parts: Iterable[tuple[str, Pieces]] = ()) -> Pieces:
    """
    Args:
        parts: further members, which come in pieces themselves.
    """
    yield to_json(fields)[:-1]
    comma = "," if fields else ""
    for name, pieces in parts:
        yield f"{comma}{to_json(name)}:"
        yield from pieces
        comma = ","
    yield "}"


def list_of(items: Iterable[object]) -> Pieces:
    before = "["
    for item in items:
        yield before + to_json(item)
        before = ","
    yield "[]" if before == "[" else "]"


def list_of_pieces(items: Iterable[Pieces]) -> Pieces:
    yield "["
    comma = ""
    for item in items:
        yield comma
        yield from item
        comma = ","
    yield "]"
