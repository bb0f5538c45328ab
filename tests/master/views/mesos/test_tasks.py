"""Tasks in the shape that readers of `/tasks` and `/state` know."""

from dataclasses import replace

import pytest

from master.registry.records import TaskRecord
from master.views.mesos.tasks import (
    TaskQuery,
    executor_documents,
    selected_tasks,
    task_document,
)
from master.views.picture import Picture, take_picture
from tests.master.led_cluster import (
    FRAMEWORK,
    ONE_CORE,
    TASK,
    a_cluster_with_agent_and_framework,
    a_task,
)
from trimast.model.checks import Check, HealthCheck, Probe, ProbeKind
from trimast.model.command import CommandInfo
from trimast.model.executor import ExecutorInfo
from trimast.model.ids import ExecutorId, FrameworkId, TaskId
from trimast.model.task import TaskInfo


def a_picture(task: TaskInfo | None = None) -> Picture:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task(task)
    return take_picture(cluster.leader.state)


def test_a_command_task_has_all_that_is_read_of_it() -> None:
    picture = a_picture()
    [task] = picture.tasks
    assert task_document(picture, task) == {
        "id": "t1",
        "name": "test",
        "framework_id": "f1",
        "executor_id": "",
        "slave_id": "a1",
        "state": "TASK_RUNNING",
        "resources": {"cpus": 1.0, "gpus": 0.0, "mem": 512.0, "disk": 0.0},
        "role": "*",
        "statuses": [{"state": "TASK_RUNNING", "timestamp": 0.005}],
        "user": "nobody",
    }


def test_what_it_has_besides_is_shown() -> None:
    check = HealthCheck(Check(Probe(ProbeKind.TCP, port=80)))
    task = replace(
        a_task(),
        labels=(("k", "v"),),
        health_check=check,
        limits=(("cpus", None), ("mem", 600_000)),
    )
    picture = a_picture(task)
    document = task_document(picture, picture.tasks[0])
    assert document["labels"] == [{"key": "k", "value": "v"}]
    assert document["health_check"]["type"] == "TCP"
    assert document["limits"] == {"cpus": "Infinity", "mem": 600.0}


def test_the_address_of_a_task_is_that_of_its_agent_if_the_agent_goes_by_one() -> None:
    picture = a_picture()
    [agent] = picture.agents.values()
    by_address = replace(agent, info=replace(agent.info, hostname="10.0.0.7"))
    picture = replace(picture, agents={agent.agent_id: by_address})
    [status] = task_document(picture, picture.tasks[0])["statuses"]
    [info] = status["container_status"]["network_infos"]
    assert info["ip_addresses"] == [{"protocol": "IPv4", "ip_address": "10.0.0.7"}]


def test_an_executor_is_listed_once_for_all_its_tasks() -> None:
    executor = ExecutorInfo(ExecutorId("e1"), command=CommandInfo("./run"), name="mine")
    task = replace(a_task(resources=ONE_CORE), executor=executor)
    picture = a_picture()
    records = [replace(r, info=task) for r in picture.tasks * 2]
    [document] = executor_documents(picture, records)
    assert (document["executor_id"], document["slave_id"]) == ("e1", "a1")
    assert task_document(picture, records[0])["executor_id"] == "e1"


def a_record(picture: Picture, number: int, framework_id: str = "f1") -> TaskRecord:
    [record] = picture.tasks
    info = replace(record.info, task_id=TaskId(f"t{number}"))
    return replace(
        record,
        framework_id=FrameworkId(framework_id),
        info=info,
        fence=number,
        launched_at_ms=number,
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TaskQuery(), ["t5", "t4", "t3", "t2", "t1"]),
        (TaskQuery(oldest_first=True, limit=2), ["t1", "t2"]),
        (TaskQuery(limit=2, offset=1), ["t4", "t3"]),
        (TaskQuery(limit=None, offset=4), ["t1"]),
        (TaskQuery(limit=0), []),
        (TaskQuery(framework_id=FrameworkId("f2")), ["t5"]),
        (TaskQuery(task_id=TASK), ["t1"]),
        (TaskQuery(task_id=TaskId("t9")), []),
    ],
)
def test_tasks_are_selected_newest_first(query: TaskQuery, expected: list[str]) -> None:
    picture = a_picture()
    picture = replace(
        picture,
        tasks=[a_record(picture, 3), a_record(picture, 4), a_record(picture, 5, "f2")],
        completed_tasks=[a_record(picture, 1, FRAMEWORK), a_record(picture, 2)],
    )
    assert [task.info.task_id for task in selected_tasks(picture, query)] == expected
