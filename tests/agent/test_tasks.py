import pytest

from agent.tasks import ACKNOWLEDGED_MAX, Phase, Task
from tests.agent.one_agent import KEY, uuid


@pytest.mark.parametrize("phase", list(Phase))
def test_a_task_lives_until_its_last_report_is_made(phase: Phase) -> None:
    assert Task(KEY, 7, phase).is_live == (phase is not Phase.ENDED)


def test_of_what_is_acknowledged_only_the_newest_is_kept() -> None:
    task = Task(KEY, 7, Phase.RUNNING)
    for number in range(ACKNOWLEDGED_MAX + 2):
        task.note_acknowledged(uuid(number))
    assert len(task.acknowledged) == ACKNOWLEDGED_MAX
    assert uuid(1) not in task.acknowledged
