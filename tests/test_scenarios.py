"""The table of scenarios in `docs/testing.md` names tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_NAMED = re.compile(r"^\| (\d+) \|.*`(tests/[\w/]+\.py)::(test_\w+)` \|$", re.M)


def named() -> list[tuple[str, str, str]]:
    return _NAMED.findall((ROOT / "docs" / "testing.md").read_text(encoding="utf-8"))


def test_the_table_is_read() -> None:
    assert [int(number) for number, _, _ in named()] == [20, *range(33, 58)]


@pytest.mark.parametrize(("number", "file", "name"), named())
def test_the_test_of_a_scenario_is_there(number: str, file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"scenario {number}"
