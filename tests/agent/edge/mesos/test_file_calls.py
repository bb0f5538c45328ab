"""Modes as numbers again."""

import stat

import pytest

from agent.edge.mesos.file_calls import _mode


@pytest.mark.parametrize(
    "mode", [0o100644, 0o040755, 0o120777, 0o100000, 0o010600, stat.S_IFREG | 0o777]
)
def test_a_mode_that_was_made_readable_is_read(mode: int) -> None:
    assert _mode(stat.filemode(mode)) == mode


def test_marks_count_as_the_bits_below_them() -> None:
    assert _mode(stat.filemode(0o104755)) == 0o100755
    assert _mode(stat.filemode(0o104644)) == 0o100644
    assert _mode(stat.filemode(0o041777)) == 0o040777
