"""What a task's process is given, and what is said if there can be none."""

import resource
import signal
from pathlib import Path

import pytest

from agent.launcher import spawning
from tests.agent.launcher.rig import Rig


def test_what_cannot_be_started_is_said(rig: Rig) -> None:
    rig.start("t", "", program="/no/such/program")
    failed = rig.next()
    assert (failed["is"], failed["launch"]) == ("failed", "t")
    assert "No such file or directory: '/no/such/program'" in failed["why"]


def test_a_task_gets_back_the_limits_and_signals_that_the_launcher_changed(rig: Rig) -> None:
    rig.start("t", "ulimit -n; trap; grep SigIgn /proc/$$/status")
    rig.next()
    rig.next()
    limit, ignored = (rig.boxes / "t.stdout").read_text().splitlines()
    assert int(limit) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # The C library keeps two signals to itself, and whoever started us may have them ignored.
    settable = sum(1 << (number - 1) for number in signal.valid_signals())
    assert int(ignored.split()[1], 16) & settable == 0


def test_a_task_has_three_files_open(rig: Rig) -> None:
    rig.start("t", "", program="/bin/ls", arguments=["ls", "/proc/self/fd"])
    rig.next()
    rig.next()
    # And the folder that it looks into.
    assert (rig.boxes / "t.stdout").read_text().split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("inherited", "own"), [("-900", "0"), ("0\n", "0\n"), ("300", "300")])
def test_a_task_is_not_spared_because_its_agent_is(
    inherited: str, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = tmp_path / "oom_score_adj"
    score.write_text(inherited)
    monkeypatch.setattr(spawning, "OOM_SCORE_ADJ", str(score))
    spawning.be_as_dispensable_as_others()
    assert score.read_text() == own
