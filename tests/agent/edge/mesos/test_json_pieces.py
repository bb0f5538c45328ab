"""A document in pieces is written as the whole would be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent.edge.mesos.json_pieces import json_pieces

WITHOUT_ITERATORS: list[Any] = [
    {},
    [],
    None,
    "\u2028",
    {"a": [1, 2.5, {"b": None}], 'q"': "\u00e9", "n": {"m": []}},
]


@pytest.mark.parametrize("document", WITHOUT_ITERATORS)
def test_what_holds_no_iterator_is_one_piece(document: Any) -> None:
    assert list(json_pieces(document)) == [json.dumps(document)]


def test_iterators_stand_for_lists_within_lists() -> None:
    def document(as_rows: Any) -> dict[str, Any]:
        rows = [{"id": n, "tasks": as_rows([{"id": n}] * n), "none": as_rows([])} for n in range(3)]
        return {"before": [1], 'q"': as_rows(rows), "after": {"x": 1}}

    assert "".join(json_pieces(document(iter))) == json.dumps(document(list))
    assert "".join(json_pieces(iter([]))) == "[]"


def test_a_row_is_made_when_its_turn_comes() -> None:
    made: list[int] = []

    def rows() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    pieces = json_pieces({"rows": rows()})
    written = ""
    while "1" not in written:
        written += next(pieces)
    assert made == [0, 1]
    assert written + "".join(pieces) == '{"rows": [0, 1, 2]}'
