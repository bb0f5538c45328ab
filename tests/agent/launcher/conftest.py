"""The launcher of a test, ended with all its tasks when the test is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.launcher.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    rig.connect()
    yield rig
    rig.close()
