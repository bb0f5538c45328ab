"""Says when the generated Python no longer fits the .proto files it came from."""

from pathlib import Path

from protos.generate import compiled, generated, stale_files


def test_every_generated_file_is_fresh() -> None:
    stale = [path.as_posix() for path in stale_files(compiled(), generated())]
    assert stale == [], "stale: run `make protos`, then commit what it wrote"


def test_a_file_that_is_missing_changed_or_left_over_is_stale() -> None:
    wanted = {Path("missing"): b"a", Path("changed"): b"b", Path("same"): b"c"}
    present = {Path("changed"): b"B", Path("same"): b"c", Path("left_over"): b"d"}
    assert stale_files(wanted, present) == [Path("changed"), Path("left_over"), Path("missing")]
