"""Reports go out in order, once they are on disk, and again until they are taken."""

from agent.checkpoints.records import ReportsTaken
from agent.dispatch import Agent
from agent.effects import NoteTaken, ReleaseSandbox, SendReports, WriteRecords
from agent.events import DeadlinePassed, LinkClosed, LinkOpened, Ping, ProcessExited, TakeReports
from agent.state import AgentRules
from tests.agent.one_agent import (
    FINISHED,
    KEY,
    LINK,
    OTHER,
    RUNNING,
    STARTING,
    agent_with_running_task,
    of_type,
    on_disk,
    run_order,
    said,
    started,
    uuid,
    welcome,
    welcomed_agent,
)


def ended_agent() -> Agent:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    on_disk(agent)
    return agent


def resends_at(agent: Agent, now_ms: int) -> list[object]:
    """The master is there, but takes nothing."""
    said(agent, Ping(), now_ms=now_ms)
    return list(of_type(agent.handle(DeadlinePassed(), now_ms), SendReports))


def test_what_nobody_takes_is_sent_again_in_order_ever_more_seldom() -> None:
    agent = ended_agent()
    again = [SendReports(LINK, (STARTING, RUNNING, FINISHED), again=True)]
    sent_at_s = [at_s for at_s in range(2_000) if resends_at(agent, at_s * 1000) == again]
    assert sent_at_s == [10, 30, 70, 150, 310, 630, 1230, 1830]


def test_what_is_taken_is_not_sent_again() -> None:
    agent = ended_agent()
    assert said(agent, TakeReports((uuid(1), uuid(2)))) == [
        WriteRecords(6, (ReportsTaken((uuid(1), uuid(2))),)),
        NoteTaken(2),
    ]
    assert resends_at(agent, 10_000) == [SendReports(LINK, (FINISHED,), again=True)]


def test_a_task_is_forgotten_once_its_end_is_taken() -> None:
    agent = ended_agent()
    assert said(agent, TakeReports((uuid(3),))) == [
        ReleaseSandbox(KEY, 7),
        WriteRecords(6, (ReportsTaken((uuid(3),)),)),
        NoteTaken(1),
    ]
    assert (agent.state.tasks, agent.state.by_uuid) == ({}, {})
    assert agent.state.ended == {KEY: 7}
    assert resends_at(agent, 10_000) == []


def test_taking_what_is_taken_or_unknown_changes_nothing() -> None:
    agent = ended_agent()
    said(agent, TakeReports((uuid(1),)))
    assert said(agent, TakeReports((uuid(1), uuid(99), b"", b"short"))) == []


def test_a_report_that_is_not_on_disk_cannot_be_taken() -> None:
    agent = agent_with_running_task()
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    assert said(agent, TakeReports((uuid(3),))) == []
    assert on_disk(agent) == [SendReports(LINK, (FINISHED,))]


def test_without_a_link_reports_wait_for_the_next_welcome() -> None:
    agent = agent_with_running_task()
    agent.handle(LinkClosed(LINK, "gone"), 0)
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    assert on_disk(agent) == []
    assert of_type(agent.handle(DeadlinePassed(), 10_000), SendReports) == []
    assert of_type(agent.handle(LinkOpened(2), 11_000), SendReports) == []
    effects = said(agent, welcome(), now_ms=11_001)
    assert effects[-1] == SendReports(2, (STARTING, RUNNING, FINISHED), again=True)


def test_a_new_link_starts_the_waiting_anew() -> None:
    agent = ended_agent()
    for at_ms in (10_000, 30_000):
        resends_at(agent, at_ms)
    agent.handle(LinkClosed(LINK, "gone"), 40_000)
    agent.handle(LinkOpened(2), 40_000)
    said(agent, welcome(), now_ms=40_000)
    said(agent, Ping(), now_ms=49_999)
    agent.handle(DeadlinePassed(), 50_000)
    assert agent.state.tasks[KEY].stream.attempts == 1


def test_what_one_write_brought_to_disk_is_sent_as_one() -> None:
    agent = agent_with_running_task()
    said(agent, run_order(OTHER, 8))
    agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    [sent] = of_type(on_disk(agent), SendReports)
    assert isinstance(sent, SendReports)
    assert [(r.task_id, r.sequence) for r in sent.reports] == [("u", 1), ("t", 3)]


def test_the_memory_of_settled_tasks_is_bounded() -> None:
    agent = welcomed_agent(AgentRules(ended_max=1))
    for number, key in enumerate((KEY, OTHER)):
        said(agent, run_order(key))
        on_disk(agent)
        agent.handle(started(key), 0)
        agent.handle(ProcessExited(key, 7, 0, None), 0)
        on_disk(agent)
        said(agent, TakeReports((uuid(3 * number + 3),)))
    assert agent.state.ended == {OTHER: 7}
