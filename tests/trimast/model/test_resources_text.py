"""Resources as text: what is written can be read, and what cannot be read is named."""

import pytest
from hypothesis import given

from tests.trimast.model.test_resources import amounts
from trimast.model.resources import Resources
from trimast.model.resources_text import resources_from_text


@given(amounts)
def test_what_is_written_reads_back(amount: Resources) -> None:
    text = str(amount)
    assert resources_from_text("" if text == "nothing" else text) == amount


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cpus", "has no name or no amount"),
        ("cpus:", "has no name or no amount"),
        ("cpus:1;cpus:2", "named twice"),
        ("cpus:-1", "between 0 and"),
        ("cpus:nan", "between 0 and"),
        ("cpus:1e308", "between 0 and"),
        ("cpus:x", "is not a number"),
        ("ports:[5-3]", "ends where it begins or later"),
        ("ports:[5", "does not end with ]"),
        ("ports:[a-b]", "ranges like 31000-32000"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        resources_from_text(text)
