"""The agent link: messages to events, orders to messages."""

from dataclasses import replace

import pytest

from master.edge.agent_link_codec import AgentOrder, event_from_message, messages_from_orders
from master.leader.effects import (
    KillTask,
    PingAgent,
    RunTask,
    TakeReport,
    TurnAgentAway,
    WelcomeAgent,
)
from master.leader.events import AgentAnswered, AgentConnected, AgentReported, AgentTookStock
from protos.trimast.v1 import agent_link_pb2
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    LINK,
    SETTINGS,
    TASK,
    a_report,
    a_task,
)
from trimast.edge.wire.agent_codec import agent_info_to_proto
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.status_codec import status_report_to_proto
from trimast.edge.wire.task_codec import task_info_from_proto
from trimast.model.inventory import HeldTask
from trimast.model.task_lifecycle import TaskState


def messages(*orders: AgentOrder) -> list[agent_link_pb2.MasterMessage]:
    return messages_from_orders(orders, epoch=7, master_id="m1", settings=SETTINGS)


def test_a_hello_says_who_and_what() -> None:
    message = agent_link_pb2.AgentMessage()
    message.hello.agent_id = AGENT
    message.hello.info.CopyFrom(agent_info_to_proto(AGENT_INFO))
    message.hello.boot_id, message.hello.epoch_seen = "boot-1", 4
    message.hello.inventory_digest = b"d"
    assert event_from_message(LINK, message) == AgentConnected(LINK, AGENT, AGENT_INFO, b"d", 4)


def test_a_hello_without_an_id_is_of_a_new_agent() -> None:
    message = agent_link_pb2.AgentMessage()
    message.hello.info.CopyFrom(agent_info_to_proto(AGENT_INFO))
    event = event_from_message(LINK, message)
    assert isinstance(event, AgentConnected)
    assert event.agent_id is None


def test_reports_inventories_and_signs_of_life_are_understood() -> None:
    report = a_report(TaskState.FAILED, 2, fence=9)
    message = agent_link_pb2.AgentMessage()
    message.reports.reports.append(status_report_to_proto(report))
    assert event_from_message(LINK, message) == AgentReported(LINK, (report,))
    message = agent_link_pb2.AgentMessage()
    message.inventory.tasks.add(framework_id=FRAMEWORK, task_id=TASK, fence=9)
    held = HeldTask(FRAMEWORK, TASK, 9)
    assert event_from_message(LINK, message) == AgentTookStock(LINK, (held,))
    message = agent_link_pb2.AgentMessage(pong=agent_link_pb2.Pong())
    assert event_from_message(LINK, message) == AgentAnswered(LINK)


def test_a_report_without_its_marks_is_refused() -> None:
    uncounted = status_report_to_proto(a_report(TaskState.FAILED, 0, fence=9))
    unnamed = status_report_to_proto(a_report(TaskState.FAILED, 2, fence=9))
    unnamed.status.uuid = b"short"
    for report in (uncounted, unnamed):
        message = agent_link_pb2.AgentMessage()
        message.reports.reports.append(report)
        with pytest.raises(BadMessage, match="uuid of 16 bytes and a sequence number from 1"):
            event_from_message(LINK, message)


def test_a_message_that_says_nothing_is_refused() -> None:
    with pytest.raises(BadMessage, match="says nothing that this master knows"):
        event_from_message(LINK, agent_link_pb2.AgentMessage())


def test_an_agent_id_that_is_a_path_is_refused() -> None:
    message = agent_link_pb2.AgentMessage()
    message.hello.agent_id = "../x"
    with pytest.raises(BadMessage, match="slash"):
        event_from_message(LINK, message)


def test_neighbours_of_one_kind_travel_together_and_nothing_is_overtaken() -> None:
    run = RunTask(LINK, FRAMEWORK, a_task(), 5, "u", group_size=2, role="web")
    kill = KillTask(LINK, FRAMEWORK, TASK, 7)
    sent = messages(run, run, kill, run, TakeReport(LINK, b"1"), TakeReport(LINK, b"2"))
    kinds = [message.WhichOneof("what") for message in sent]
    assert kinds == ["run", "kill", "run", "taken"]
    assert {message.epoch for message in sent} == {7}
    assert len(sent[0].run.tasks) == 2
    assert task_info_from_proto(sent[0].run.tasks[0].task) == a_task()
    assert not sent[0].run.tasks[0].ends_with_agent
    assert (sent[0].run.tasks[0].group_size, sent[0].run.tasks[0].role) == (2, "web")
    [alone] = messages(replace(run, ends_with_agent=True))
    assert alone.run.tasks[0].ends_with_agent
    assert list(sent[3].taken.uuids) == [b"1", b"2"]


def test_single_orders_travel_alone() -> None:
    welcome = WelcomeAgent(LINK, AGENT, send_inventory=True)
    sent = messages(welcome, PingAgent(LINK), PingAgent(LINK), TurnAgentAway(LINK, "why"))
    assert [m.WhichOneof("what") for m in sent] == ["welcome", "ping", "ping", "turned_away"]
    told = sent[0].welcome
    assert (told.master_id, told.silence_max_ms, told.ping_ms) == ("m1", 30_000, 2_000)
    assert sent[3].turned_away.reason == "why"
