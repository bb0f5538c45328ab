"""A rewritten journal tells the same as the one it replaces."""

from collections.abc import Iterator

from agent.checkpoints.compacting import records_of
from agent.checkpoints.records import AgentAdmitted, EpochSeen, ProcessBegun, Record
from agent.dispatch import Agent
from agent.effects import AgentEffect
from agent.events import KillTask, KillTasks, LinkOpened, ProcessExited, TakeReports
from agent.recovering import recover
from agent.state import AgentState
from tests.agent.one_agent import (
    AGENT,
    EPOCH,
    INFO,
    KEY,
    LINK,
    OTHER,
    RULES,
    accepted,
    agent_with_running_task,
    new_agent,
    on_disk,
    records_in,
    run_order,
    said,
    started,
    uuid,
    welcome,
)


def restarted(records: list[Record]) -> AgentState:
    return recover(records, RULES, INFO)[0]


def test_an_agent_that_knows_nothing_writes_nothing() -> None:
    assert records_of(new_agent().state) == []


def test_a_running_task_of_which_all_is_taken_needs_no_report() -> None:
    agent = agent_with_running_task()
    said(agent, TakeReports((uuid(1), uuid(2))))
    assert records_of(agent.state) == [
        AgentAdmitted(AGENT),
        EpochSeen(EPOCH),
        accepted(settled=2),
        ProcessBegun(KEY, 7, 42, 99, "boot-1"),
    ]


def test_at_every_step_a_restart_finds_the_same_in_either() -> None:
    agent = new_agent()
    journal: list[Record] = []
    for step in _story(agent):
        journal += records_in(step)
        rewritten = list(records_of(agent.state))
        assert restarted(rewritten) == restarted(journal)
        # What was on its way when the journal was rewritten may come again after it.
        assert restarted(rewritten + journal[-2:]) == restarted(journal)


def _story(agent: Agent) -> Iterator[list[AgentEffect]]:
    yield agent.handle(LinkOpened(LINK), 0)
    yield said(agent, welcome())
    yield on_disk(agent)
    yield said(agent, run_order())
    yield on_disk(agent)
    yield said(agent, run_order(OTHER, 9))
    yield agent.handle(started(), 0)
    yield said(agent, KillTasks((KillTask(OTHER, None),)))
    yield on_disk(agent)
    yield said(agent, TakeReports((uuid(1),)))
    yield agent.handle(ProcessExited(KEY, 7, 0, None), 0)
    yield on_disk(agent)
    yield said(agent, TakeReports((uuid(5),)))
    yield said(agent, TakeReports((uuid(4),)))
