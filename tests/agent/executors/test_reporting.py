"""What an executor says of its tasks, and when it hears that this has arrived."""

from agent.effects import SendReports
from agent.events import TakeReports
from agent.executors.effects import Acknowledged
from tests.agent.executors.one_executor import (
    NAME,
    agent_with_executor,
    reports,
    told,
)
from tests.agent.one_agent import KEY, LINK, OTHER, of_type, on_disk, said, uuid
from trimast.model.task_lifecycle import TaskState


def test_a_status_is_written_down_then_sent() -> None:
    agent = agent_with_executor()
    assert of_type(reports(agent, 50, TaskState.RUNNING), SendReports) == []
    [sent] = of_type(on_disk(agent), SendReports)
    assert isinstance(sent, SendReports)
    [update] = sent.reports
    assert (update.uuid, update.state, update.sequence) == (uuid(50), TaskState.RUNNING, 1)
    assert (update.executor_id, sent.link_id) == (NAME, LINK)


def test_it_is_acknowledged_once_a_master_has_it() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.RUNNING)
    assert told(on_disk(agent)) == []
    taken = said(agent, TakeReports((uuid(50),)))
    assert told(taken) == [Acknowledged(KEY.task_id, uuid(50))]


def test_said_again_it_is_not_reported_again() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.RUNNING)
    assert reports(agent, 50, TaskState.RUNNING) == []
    on_disk(agent)
    said(agent, TakeReports((uuid(50),)))
    again = reports(agent, 50, TaskState.RUNNING)
    assert again == reports(agent, 50, TaskState.RUNNING)
    assert told(again) == [Acknowledged(KEY.task_id, uuid(50))]


def test_what_it_says_after_the_end_is_acknowledged_and_forgotten() -> None:
    agent = agent_with_executor()
    reports(agent, 50, TaskState.FINISHED)
    late = reports(agent, 51, TaskState.RUNNING)
    assert told(late) == [Acknowledged(KEY.task_id, uuid(51))]
    assert len(agent.state.tasks[KEY].stream.untaken) == 1


def test_of_a_task_that_is_not_its_own_nothing_is_reported() -> None:
    agent = agent_with_executor()
    assert told(reports(agent, 50, TaskState.RUNNING, OTHER)) == [
        Acknowledged(OTHER.task_id, uuid(50))
    ]
    assert uuid(50) not in agent.state.by_uuid
