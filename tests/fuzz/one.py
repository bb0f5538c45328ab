"""Feeds one target: `python -m tests.fuzz.one TARGET SECONDS`. Does not return: atheris ends it."""

import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

BYTES_MAX: Final = 65_536

with atheris.instrument_imports(include=["agent", "master", "replication", "trimast"]):
    from tests.fuzz.targets import TARGETS
    from tests.fuzz.test_targets import SOUND


def main() -> None:
    name, seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sound").write_bytes(SOUND[name])
        options = [f"-max_total_time={seconds}", f"-max_len={BYTES_MAX}", "-verbosity=0"]
        atheris.Setup([sys.argv[0], folder, *options], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
