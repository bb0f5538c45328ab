import pytest

from agent.tasks import Phase, Task
from tests.agent.one_agent import KEY


@pytest.mark.parametrize("phase", list(Phase))
def test_a_task_lives_until_its_last_report_is_made(phase: Phase) -> None:
    assert Task(KEY, 7, phase).is_live == (phase is not Phase.ENDED)
