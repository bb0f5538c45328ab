"""Every state of a disk against both orders."""

import pytest

from agent.volumes.planning import Step, plan
from trimast.model.volume import HeldVolume, VolumeRecord

VOLUME = HeldVolume("db", "files", 7)


@pytest.mark.parametrize(
    ("made_fence", "has_files", "kept", "doomed"),
    [
        (None, None, Step.MAKE, Step.FORGET),
        (None, False, Step.MAKE, Step.FORGET),
        (None, True, Step.MAKE_ANEW, Step.FORGET),
        (7, None, Step.MISS, Step.REMOVE),
        (7, False, Step.KEEP, Step.REMOVE),
        (7, True, Step.KEEP, Step.REMOVE),
        (8, None, Step.MAKE_ANEW, Step.FORGET),
        (8, False, Step.MAKE_ANEW, Step.FORGET),
        (8, True, Step.MAKE_ANEW, Step.FORGET),
    ],
)
def test_only_the_volume_that_is_meant_is_touched(
    made_fence: int | None, has_files: bool | None, kept: Step, doomed: Step
) -> None:
    assert plan(VolumeRecord(VOLUME), made_fence, has_files) is kept
    assert plan(VolumeRecord(VOLUME, is_doomed=True), made_fence, has_files) is doomed
