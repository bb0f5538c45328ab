from typing import Any

import pytest

from agent.edge.link_codec import (
    hello_to_proto,
    inventory_to_proto,
    order_from_proto,
    pong_to_proto,
    reports_to_proto,
)
from agent.effects import SayHello
from agent.events import KillTask, KillTasks, Ping, RunTasks, TakeReports, TurnedAway, Welcome
from protos.mesos.v1 import mesos_pb2
from protos.trimast.v1 import agent_link_pb2
from tests.agent.fake_master import run_task
from tests.agent.one_agent import AGENT, FINISHED, INFO, KEY, MASTER, RUNNING
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.status_codec import status_report_from_proto
from trimast.model.inventory import HeldTask


def message(epoch: int = 3, **what: Any) -> agent_link_pb2.MasterMessage:
    return agent_link_pb2.MasterMessage(epoch=epoch, **what)


def kill(framework_id: str = "f", task_id: str = "t", **more: Any) -> agent_link_pb2.KillTasks:
    task = agent_link_pb2.KillTask(framework_id=framework_id, task_id=task_id, **more)
    return agent_link_pb2.KillTasks(tasks=[task])


def welcome(agent_id: str = AGENT, silence_max_ms: int = 5_000) -> agent_link_pb2.Welcome:
    return agent_link_pb2.Welcome(
        agent_id=agent_id, master_id=MASTER, silence_max_ms=silence_max_ms, send_inventory=True
    )


def test_every_order_becomes_a_value() -> None:
    assert order_from_proto(message(welcome=welcome())) == Welcome(AGENT, MASTER, 5_000, True)
    assert order_from_proto(message(kill=kill())) == KillTasks((KillTask(KEY, None),))
    assert order_from_proto(message(kill=kill(grace_ms=0))) == KillTasks((KillTask(KEY, 0),))
    taken = agent_link_pb2.ReportsTaken(uuids=[b"a", b"b"])
    assert order_from_proto(message(taken=taken)) == TakeReports((b"a", b"b"))
    assert order_from_proto(message(ping=agent_link_pb2.Ping())) == Ping()
    away = agent_link_pb2.TurnedAway(reason="r", for_ever=True)
    assert order_from_proto(message(turned_away=away)) == TurnedAway("r", True)


def test_an_order_to_run_keeps_all_that_matters() -> None:
    run = run_task("t", "echo", 7, arguments=["a"], shell=False)
    run.group_size = 3
    run.user = "daemon"
    run.role = "web"
    run.ends_with_agent = True
    order = order_from_proto(message(run=agent_link_pb2.RunTasks(tasks=[run])))
    assert isinstance(order, RunTasks)
    [task] = order.tasks
    assert (task.key, task.fence, task.user, task.group_size) == (KEY, 7, "daemon", 3)
    assert (task.ends_with_agent, task.role) == (True, "web")
    assert (task.task.command.value, task.task.command.arguments) == ("echo", ("a",))


def _run(**changed: Any) -> agent_link_pb2.RunTasks:
    run = run_task("t", "true", 7)
    run.MergeFrom(agent_link_pb2.RunTask(**changed))
    return agent_link_pb2.RunTasks(tasks=[run])


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (message(), "is empty"),
        (message(epoch=0, ping=agent_link_pb2.Ping()), "names the epoch"),
        (message(welcome=welcome(agent_id="")), "agent id: an id must not be empty"),
        (message(welcome=welcome(agent_id="../x")), "agent id: "),
        (message(welcome=welcome(silence_max_ms=0)), "silence_max_ms is at least 100"),
        (message(kill=kill(task_id="")), "task id: "),
        (message(kill=kill(framework_id="a/b")), "framework id: "),
        (message(run=_run(framework_id="..")), "framework id: '..' cannot be an id"),
        (
            message(run=_run(task=mesos_pb2.TaskInfo(task_id=mesos_pb2.TaskID(value="a/b")))),
            "invalid ID",
        ),
        (message(run=agent_link_pb2.RunTasks(tasks=[run_task("t", "true", 0)])), "its fence"),
        (message(run=agent_link_pb2.RunTasks(tasks=[agent_link_pb2.RunTask()])), "its fence"),
    ],
)
def test_what_cannot_be_is_refused(bad: agent_link_pb2.MasterMessage, text: str) -> None:
    with pytest.raises(BadMessage, match=text):
        order_from_proto(bad)


def test_a_hello_tells_who_and_what_is_there() -> None:
    hello = hello_to_proto(SayHello(1, AGENT, INFO, 3, b"digest")).hello
    assert (hello.agent_id, hello.epoch_seen, hello.inventory_digest) == (AGENT, 3, b"digest")
    assert (hello.boot_id, hello.version) == ("boot-1", "1")
    assert (hello.info.hostname, hello.info.port) == ("host", 5051)
    assert hello_to_proto(SayHello(1, None, INFO, 0, b"")).hello.agent_id == ""


def test_reports_keep_their_order_and_all_they_say() -> None:
    sent = reports_to_proto([RUNNING, FINISHED]).reports.reports
    assert [status_report_from_proto(report) for report in sent] == [RUNNING, FINISHED]


def test_an_inventory_and_a_pong_are_what_they_are() -> None:
    [held] = inventory_to_proto([HeldTask(*KEY, 7)]).inventory.tasks
    assert (held.framework_id, held.task_id, held.fence) == ("f", "t", 7)
    assert pong_to_proto().WhichOneof("what") == "pong"
