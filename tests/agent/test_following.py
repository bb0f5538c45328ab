"""Whom an agent obeys."""

import pytest

from agent.checkpoints.records import EpochSeen
from agent.effects import (
    CloseLink,
    OpenLink,
    RefusalOfOrder,
    RefuseOrder,
    SendPong,
    StartProcess,
    TerminateProcess,
    WriteRecords,
)
from agent.events import (
    KillTask,
    KillTasks,
    LinkClosed,
    LinkOpened,
    MasterSaid,
    Order,
    Ping,
    TakeReports,
    TurnedAway,
)
from agent.state import AgentRules
from tests.agent.one_agent import (
    EPOCH,
    KEY,
    LINK,
    OTHER,
    agent_with_running_task,
    new_agent,
    of_type,
    on_disk,
    run_order,
    said,
    uuid,
    welcome,
    welcomed_agent,
)

KILL = KillTasks((KillTask(KEY, None),))
EVERY_ORDER = [
    run_order(OTHER),
    KILL,
    TakeReports((uuid(1),)),
    Ping(),
    TurnedAway("x", for_ever=True),
    welcome(),
]


@pytest.mark.parametrize("order", EVERY_ORDER, ids=lambda o: type(o).__name__)
def test_nothing_of_an_earlier_epoch_is_obeyed(order: Order) -> None:
    agent = agent_with_running_task()
    assert said(agent, order, epoch=EPOCH - 1) == [
        RefuseOrder(RefusalOfOrder.STALE_EPOCH, EPOCH - 1),
        CloseLink(LINK, "epoch 2 is over, 3 has begun"),
        OpenLink(EPOCH),
    ]


@pytest.mark.parametrize("order", EVERY_ORDER, ids=lambda o: type(o).__name__)
def test_nothing_of_a_later_epoch_is_obeyed_before_that_is_on_disk(order: Order) -> None:
    agent = agent_with_running_task()
    assert said(agent, order, epoch=EPOCH + 1) == [WriteRecords(5, (EpochSeen(EPOCH + 1),))]
    assert on_disk(agent) != []


def test_orders_wait_for_their_epoch_in_order() -> None:
    agent = agent_with_running_task()
    said(agent, KILL, epoch=4)
    assert said(agent, Ping(), epoch=4) == []
    assert on_disk(agent) == [TerminateProcess(KEY, 7), SendPong(LINK)]


def test_a_task_of_a_new_epoch_starts_after_both_are_on_disk() -> None:
    agent = welcomed_agent()
    said(agent, run_order(), epoch=4)
    [write] = on_disk(agent)
    assert isinstance(write, WriteRecords)
    assert isinstance(on_disk(agent)[0], StartProcess)


def test_orders_that_wait_are_forgotten_with_their_link() -> None:
    agent = agent_with_running_task()
    said(agent, KILL, epoch=4)
    agent.handle(LinkClosed(LINK, "gone"), 0)
    assert on_disk(agent) == []


def test_the_leader_of_an_earlier_epoch_is_not_looked_for() -> None:
    agent = welcomed_agent()
    said(agent, Ping(), epoch=9)
    assert agent.handle(LinkClosed(LINK, "gone"), 0) == [OpenLink(9)]


def test_what_was_said_over_a_link_that_is_left_is_not_heard() -> None:
    agent = welcomed_agent()
    agent.handle(LinkClosed(LINK, "gone"), 0)
    assert agent.handle(MasterSaid(LINK, EPOCH, run_order()), 0) == []
    agent.handle(LinkOpened(2), 0)
    assert agent.handle(MasterSaid(LINK, EPOCH, run_order()), 0) == []


@pytest.mark.parametrize("order", [run_order(), KILL], ids=["run", "kill"])
def test_nobody_gives_work_before_the_welcome(order: Order) -> None:
    agent = new_agent()
    agent.handle(LinkOpened(LINK), 0)
    said(agent, order)
    assert on_disk(agent) == [RefuseOrder(RefusalOfOrder.NOT_WELCOMED, EPOCH)]


def test_a_ping_is_answered() -> None:
    assert said(welcomed_agent(), Ping()) == [SendPong(LINK)]


def test_too_many_waiting_orders_cost_the_link() -> None:
    agent = welcomed_agent(AgentRules(held_orders_max=2))
    for _ in range(2):
        assert of_type(said(agent, Ping(), epoch=4), CloseLink) == []
    why = "more orders than can be kept until the disk is done"
    assert said(agent, Ping(), epoch=4) == [CloseLink(LINK, why), OpenLink(4)]
