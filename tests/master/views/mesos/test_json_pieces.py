"""What is written in pieces is the JSON that it would be in one."""

import json

from master.views.mesos.json_pieces import list_of, list_of_pieces, object_of


def test_objects_and_lists_are_whole_when_they_are_put_together() -> None:
    pieces = object_of(
        {"a": 1},
        (
            ("none", list_of([])),
            ("some", list_of([1, "ä", {"b": None}])),
            ("inner", list_of_pieces([object_of({}), object_of({}, (("c", list_of([2])),))])),
        ),
    )
    text = "".join(pieces)
    assert text.isascii()
    assert json.loads(text) == {
        "a": 1,
        "none": [],
        "some": [1, "ä", {"b": None}],
        "inner": [{}, {"c": [2]}],
    }


def test_no_comma_comes_before_the_first_member() -> None:
    assert "".join(object_of({}, (("a", list_of([])),))) == '{"a":[]}'
