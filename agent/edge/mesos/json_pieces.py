"""A large JSON document in pieces, of which each is made, and written, when its turn comes."""

import json
from collections.abc import Iterator
from typing import Any


def json_pieces(document: Any) -> Iterator[str]:
    """As `json.dumps` writes it. An iterator stands for a list: of what it gives, each is a
    document of its own, and may hold further iterators. In a dict that holds none by itself
    nothing else does."""
    if isinstance(document, Iterator):
        yield from _list_pieces(document)
    elif isinstance(document, dict) and any(isinstance(v, Iterator) for v in document.values()):
        yield from _object_pieces(document)
    else:
        yield json.dumps(document)


def _list_pieces(items: Iterator[Any]) -> Iterator[str]:
    before = "["
    for item in items:
        yield before
        yield from json_pieces(item)
        before = ", "
    yield "[]" if before == "[" else "]"


def _object_pieces(members: dict[str, Any]) -> Iterator[str]:
    before = "{"
    for name, value in members.items():
        yield f"{before}{json.dumps(name)}: "
        yield from json_pieces(value)
        before = ", "
    yield "}"
