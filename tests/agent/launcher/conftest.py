"""The launcher of a test, ended with all its tasks when the test is over."""

from collections.abc import Iterator
from glob import glob
from pathlib import Path

import pytest

from tests.agent.launcher.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    rig.connect()
    yield rig
    rig.close()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Rig]:
    """With cgroups, where there are any."""
    rig = Rig(tmp_path, root=f"trimast-test/{tmp_path.name}")
    rig.connect()
    yield rig
    rig.close()
    assert glob(f"/sys/fs/cgroup/**/{tmp_path.name}", recursive=True) == []
