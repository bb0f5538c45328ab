"""What an agent answers to those who ask, in both encodings."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.container_names import container_id
from agent.dispatch import Agent
from agent.edge.containerizer.beside import Besides
from agent.edge.containerizer.usage import TaskUsage
from agent.edge.mesos.file_calls import FileCalls
from agent.edge.mesos.nested import NestedContainers
from agent.edge.mesos.nested_calls import NestedCalls
from agent.edge.mesos.operator_api import OperatorApi
from agent.edge.mesos.parents import Parents
from agent.edge.mesos.snapshot import MetricsSnapshot
from agent.edge.sandbox.files_places import FilePlaces
from agent.edge.sandbox.sandboxes import Sandboxes
from agent.tasks import TaskKey
from protos.mesos.v1.agent import agent_pb2
from tests.agent.edge.pages import giving_way
from tests.agent.executors.one_executor import EXECUTOR, agent_with_executor
from tests.agent.one_agent import AGENT, KEY, agent_with_running_task, new_agent
from trimast.edge.http_server import HttpServer, new_application

JSON = "application/json"
USED = TaskUsage(5.0, 1.5, 0.5, 0.25, 100, 200, 300, 400, 3)
RUN = "slaves/agent-1/frameworks/f/executors/t/runs/7"


async def used() -> dict[tuple[TaskKey, int], TaskUsage]:
    return {(KEY, 7): USED}


def ask(
    body: Any, agent: Agent | None = None, root: Path | None = None, **more: Any
) -> tuple[int, str, Any]:
    """Status, type, and the answer: a document, or what else it is."""
    state = (agent or agent_with_running_task()).state
    state.endpoint = more.pop("endpoint", "127.0.0.1:5051")
    place = root or Path("/w")
    boxes = Sandboxes(place / "slaves", kept_max=9, age_max_ms=10**9)
    if root is not None:
        (boxes.create(AGENT, KEY, 7) / "out").write_bytes(b"0123456789")
    files = FileCalls(FilePlaces(boxes, place), threading.Lock())
    nested = NestedContainers(Besides(lambda message: None, lambda: False), print)
    parents = Parents(state, boxes, lambda key, fence: False)
    api = OperatorApi(
        state,
        flags={"work_dir": "/w"},
        metrics=MetricsSnapshot(state, Path("/"), ended=lambda state: 2.0, now_s=lambda: 3.0),
        renderer=giving_way(),
        usage=used,
        files=files,
        nested=nested,
        nested_calls=NestedCalls(nested, parents, is_allowed=True),
    )
    app = new_application()
    api.mount(app)

    async def main() -> tuple[int, str, Any]:
        server = HttpServer(app, host="127.0.0.1", port=0)
        await server.start()
        path = more.pop("path", "/api/v1")
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.request(
                    more.pop("method", "POST"), f"http://{server.address}{path}", **sent, **more
                ) as answer,
            ):
                kind = answer.headers.get("Content-Type", "")
                document = await answer.json() if kind == JSON else await answer.read()
                return answer.status, kind, document
        finally:
            await server.stop()

    return asyncio.run(main())


def got(kind: str, agent: Agent | None = None, **more: Any) -> Any:
    status, content_type, answer = ask({"type": kind, **more}, agent)
    assert (status, content_type, answer["type"]) == (200, JSON, kind)
    return answer[kind.lower()]


def test_the_small_questions_are_answered() -> None:
    assert got("GET_HEALTH") == {"healthy": True}
    assert got("GET_VERSION")["version_info"]["version"] == "1.11.0"
    assert got("GET_FLAGS") == {"flags": [{"name": "work_dir", "value": "/w"}]}
    assert got("GET_OPERATIONS") == {}
    agent = got("GET_AGENT")["agent_info"]
    assert (agent["id"], agent["hostname"], agent["port"]) == ({"value": "agent-1"}, "host", 5051)


def test_metrics_have_the_names_of_mesos() -> None:
    metrics = {each["name"]: each["value"] for each in got("GET_METRICS")["metrics"]}
    assert metrics["slave/tasks_running"] == metrics["slave/registered"] == 1.0
    assert (metrics["slave/tasks_finished"], metrics["slave/uptime_secs"]) == (2.0, 0.0)
    assert metrics["slave/cpus_total"] == 4.0
    assert metrics["slave/cpus_used"] == 0.1
    assert metrics["slave/cpus_percent"] == pytest.approx(0.025)


def test_an_agent_without_tasks_says_so() -> None:
    none: dict[str, Any] = {"get_tasks": {}, "get_executors": {}, "get_frameworks": {}}
    assert got("GET_STATE", new_agent()) == none
    assert [got(kind, new_agent()) for kind in map(str.upper, none)] == [{}, {}, {}]
    assert got("GET_CONTAINERS", new_agent()) == {}


def test_a_command_task_has_an_executor_that_is_called_after_it() -> None:
    state = got("GET_STATE")
    [task] = state["get_tasks"]["launched_tasks"]
    assert (task["task_id"], task["state"]) == ({"value": "t"}, "TASK_RUNNING")
    assert [status["state"] for status in task["statuses"]] == ["TASK_STARTING", "TASK_RUNNING"]
    [executor] = state["get_executors"]["executors"]
    info = executor["executor_info"]
    assert (info["executor_id"], info["source"]) == ({"value": "t"}, "t")
    [framework] = state["get_frameworks"]["frameworks"]
    assert framework["framework_info"]["id"] == {"value": "f"}
    assert got("GET_TASKS") == state["get_tasks"]
    assert got("GET_EXECUTORS") == state["get_executors"]
    assert got("GET_FRAMEWORKS") == state["get_frameworks"]


def test_one_of_a_framework_is_shown_as_that_described_it() -> None:
    agent = agent_with_executor()
    [executor] = got("GET_EXECUTORS", agent)["executors"]
    info = executor["executor_info"]
    assert info["executor_id"] == {"value": EXECUTOR.task_id}
    assert info["framework_id"] == {"value": "f"}
    [task] = got("GET_TASKS", agent)["launched_tasks"]
    assert task["executor_id"] == {"value": EXECUTOR.task_id}
    [container] = got("GET_CONTAINERS", agent)["containers"]
    assert container["executor_id"] == {"value": EXECUTOR.task_id}


def test_containers_are_there_with_what_they_use() -> None:
    [container] = got("GET_CONTAINERS", get_containers={"show_nested": True})["containers"]
    name = {"value": container_id(KEY, 7)}
    assert container["container_id"] == container["container_status"]["container_id"] == name
    assert container["container_status"]["executor_pid"] == 42
    figures = container["resource_statistics"]
    assert (figures["timestamp"], figures["mem_rss_bytes"]) == (5.0, 100)


def test_files_are_listed_and_read(tmp_path: Path) -> None:
    run = f"{tmp_path}/{RUN}"

    def file_call(kind: str, **body: Any) -> tuple[int, Any]:
        root = tmp_path / f"{kind}{len(list(tmp_path.iterdir()))}"
        root.mkdir()
        body = {name: str(value).replace(run, f"{root}/{RUN}") for name, value in body.items()}
        status, _, answer = ask({"type": kind, kind.lower(): body}, root=root)
        return status, answer[kind.lower()] if status == 200 else answer

    status, answer = file_call("LIST_FILES", path=run)
    [info] = answer["file_infos"]
    assert (status, info["size"], info["mode"]) == (200, 10, 0o100644)
    assert info["path"].endswith("/out")
    whole = file_call("READ_FILE", path=f"{run}/out", offset=0)
    assert whole == (200, {"size": 10, "data": "MDEyMzQ1Njc4OQ=="})
    assert file_call("READ_FILE", path=f"{run}/out", offset=8, length=1)[1]["data"] == "OA=="
    assert file_call("READ_FILE", path=f"{run}/out", offset=99)[1] == {"size": 10, "data": ""}
    assert file_call("READ_FILE", path=f"{run}/none", offset=0)[0] == 404
    assert file_call("READ_FILE", path="/etc/passwd", offset=0)[0] == 404
    assert file_call("READ_FILE", path=run, offset=0)[0] == 400


def test_protobuf_is_answered_as_protobuf() -> None:
    call = agent_pb2.Call(type=agent_pb2.Call.GET_STATE).SerializeToString()
    headers = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf"}
    status, content_type, answer = ask(call, headers=headers)
    assert (status, content_type) == (200, "application/x-protobuf")
    message = agent_pb2.Response.FromString(answer)
    assert message.type == agent_pb2.Response.GET_STATE
    assert message.get_state.get_tasks.launched_tasks[0].task_id.value == "t"


@pytest.mark.parametrize("path", ["/api/v1", "/slave(1)/api/v1", "/api/v1/", "/slave(1)/api/v1/"])
def test_it_is_asked_at_several_paths(path: str) -> None:
    assert ask({"type": "GET_HEALTH"}, path=path)[0] == 200


@pytest.mark.parametrize(
    ("body", "more", "status", "text"),
    [
        ({"type": "GET_HEALTH"}, {"endpoint": ""}, 503, "has not finished recovery"),
        (b"", {"method": "GET"}, 405, "Expecting one of"),
        ({}, {}, 400, "Expecting 'type' to be present"),
        ({"type": "READ_FILE"}, {}, 400, "Expecting 'read_file' to be present"),
        ({"type": "READ_FILE", "read_file": {"path": "/x"}}, {}, 400, "offset"),
        ({"type": "PRUNE_IMAGES", "prune_images": {}}, {}, 501, "PRUNE_IMAGES calls are not"),
        ({"type": "UNKNOWN"}, {}, 501, "UNKNOWN calls are not supported"),
        ({"type": "GET_LOGGING_LEVEL"}, {}, 501, "GET_LOGGING_LEVEL calls are not supported"),
        ({"type": "GET_HEALTH"}, {"headers": {"Accept": "application/recordio"}}, 406, "Accept"),
        (
            {"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": {"type": "CONTAINER_ID"}},
            {},
            415,
            "application/recordio",
        ),
    ],
)
def test_what_is_wrong_is_said_as_mesos_says_it(
    body: Any, more: dict[str, Any], status: int, text: str
) -> None:
    found, _, answer = ask(body, **more)
    assert (found, text in answer.decode()) == (status, True), answer
