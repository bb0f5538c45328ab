"""The executor API over real HTTP: the answers that clients tell each other apart by."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from agent.container_names import container_id
from agent.dispatch import Agent
from agent.edge.executors.executor_api import ExecutorApi
from agent.edge.executors.executor_codec import event_from_news
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.events import AgentEvent
from agent.executors.effects import CloseExecutorStream, LaunchGroup, TellExecutor
from protos.mesos.v1.executor import executor_pb2
from tests.agent.edge.patience import until
from tests.agent.executors.one_executor import EXECUTOR, agent_with_starting_executor, task_of
from tests.agent.one_agent import KEY, OTHER, new_agent, on_disk
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.recordio import RecordReader

WHO = {"framework_id": {"value": "f"}, "executor_id": {"value": "x"}}
SUBSCRIBE = {**WHO, "type": "SUBSCRIBE", "subscribe": {}}
STATUS = {
    "task_id": {"value": "t"},
    "state": "TASK_RUNNING",
    "source": "SOURCE_EXECUTOR",
    "uuid": "AAECAwQFBgcICQoLDA0ODw==",
}
UPDATE = {**WHO, "type": "UPDATE", "update": {"status": STATUS}}
JSON = {"Content-Type": "application/json"}


class Served:
    """An agent's core behind the API alone."""

    def __init__(self, *, needs_token: bool = False) -> None:
        self.agent: Agent = agent_with_starting_executor()
        self.streams = ExecutorStreams()
        self.url = ""
        self.api = ExecutorApi(self.agent.state, self.streams, self.submit, needs_token=needs_token)

    def submit(self, event: AgentEvent) -> None:
        effects = self.agent.handle(event, 0) + on_disk(self.agent)
        for effect in effects:
            if isinstance(effect, TellExecutor | CloseExecutorStream):
                self.streams.perform(effect)


@asynccontextmanager
async def served(
    *, needs_token: bool = False
) -> AsyncIterator[tuple[Served, aiohttp.ClientSession]]:
    one = Served(needs_token=needs_token)
    app: web.Application = new_application()
    one.api.mount(app)
    server = HttpServer(app, host="127.0.0.1", port=0)
    await server.start()
    one.url = f"http://{server.address}/api/v1/executor"
    async with aiohttp.ClientSession() as session:
        yield one, session
        one.streams.close()
    await server.stop()


async def next_events(response: aiohttp.ClientResponse, count: int) -> list[dict[str, Any]]:
    reader, events = RecordReader(), list[dict[str, Any]]()
    while len(events) < count:
        chunk, _ = await asyncio.wait_for(response.content.readchunk(), 5)
        records = reader.feed(chunk)
        assert reader.is_between_records, "a record is one chunk"
        events += map(json.loads, records)
    return events


def test_a_stream_says_whom_it_works_for_then_what_to_do() -> None:
    async def main() -> None:
        async with served() as (one, session), session.post(one.url, json=SUBSCRIBE) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "application/json"
            assert "Content-Length" not in response.headers
            subscribed, launch = await next_events(response, 2)
            assert subscribed["type"] == "SUBSCRIBED"
            body = subscribed["subscribed"]
            assert body["executor_info"]["framework_id"] == {"value": "f"}
            assert body["framework_info"]["id"] == {"value": "f"}
            assert body["agent_info"]["id"] == {"value": "agent-1"}
            assert body["container_id"] == {"value": container_id(EXECUTOR, 7)}
            assert launch["launch"]["task"]["task_id"] == {"value": "t"}

            async with session.post(one.url, json=UPDATE) as update:
                assert (update.status, await update.read()) == (202, b"")
            assert one.agent.state.tasks[KEY].stream.made == 1

    asyncio.run(main())


def test_protobuf_is_spoken_too() -> None:
    async def main() -> None:
        call = executor_pb2.Call(type=executor_pb2.Call.SUBSCRIBE)
        call.framework_id.value, call.executor_id.value = "f", "x"
        call.subscribe.SetInParent()
        headers = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf"}
        async with (
            served() as (one, session),
            session.post(one.url, data=call.SerializeToString(), headers=headers) as response,
        ):
            assert response.headers["Content-Type"] == "application/x-protobuf"
            chunk, _ = await response.content.readchunk()
            [record] = RecordReader().feed(chunk)
            event = executor_pb2.Event.FromString(record)
            assert event.type == executor_pb2.Event.SUBSCRIBED

    asyncio.run(main())


def test_one_that_hangs_up_is_not_subscribed_any_more() -> None:
    async def main() -> None:
        async with served() as (one, session):
            async with session.post(one.url, json=SUBSCRIBE) as response:
                await next_events(response, 1)
                assert one.agent.state.executors[EXECUTOR].stream_id is not None
            await until(lambda: one.agent.state.executors[EXECUTOR].stream_id is None)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("call", "headers", "status", "text"),
    [
        (UPDATE, {}, 400, "Expecting 'Content-Type' to be present"),
        (UPDATE, {"Content-Type": "text/plain"}, 415, "Expecting 'Content-Type' of"),
        (b"{", JSON, 400, "Failed to parse body into JSON"),
        ({"type": 1}, JSON, 400, "Failed to convert JSON into Call protobuf: type"),
        ({"type": "UPDATE"}, JSON, 400, "Missing required fields"),
        (WHO, JSON, 400, "validate executor::Call: Expecting 'type' to be present"),
        ({**WHO, "type": "UPDATE"}, JSON, 400, "Expecting 'update' to be present"),
        (SUBSCRIBE, {**JSON, "Accept": "text/html"}, 406, "Expecting 'Accept' to allow"),
        ({**UPDATE, "framework_id": {"value": "g"}}, JSON, 400, "Framework cannot be found"),
        ({**UPDATE, "executor_id": {"value": "y"}}, JSON, 400, "Executor cannot be found"),
        (UPDATE, {**JSON, "Authorization": "Bearer no"}, 403, "The token does not belong to"),
        (UPDATE, JSON, 403, "Executor is not subscribed"),
        ({**WHO, "type": "HEARTBEAT"}, JSON, 202, ""),
    ],
)
def test_what_cannot_be_is_answered_as_mesos_does(
    call: Any, headers: dict[str, str], status: int, text: str
) -> None:
    async def main() -> None:
        data = call if isinstance(call, bytes) else json.dumps(call).encode()
        async with (
            served() as (one, session),
            session.post(
                one.url, data=data, headers=headers, skip_auto_headers=["Content-Type"]
            ) as response,
        ):
            assert response.status == status
            assert text in await response.text()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"uuid": None}, "Expecting 'uuid' to be present"),
        ({"uuid": "AAEC"}, "Not a valid UUID"),
        ({"source": "SOURCE_AGENT"}, "invalid source, expecting 'SOURCE_EXECUTOR'"),
        ({"state": "TASK_STAGING"}, "Received TASK_STAGING from executor x"),
        ({"executor_id": {"value": "y"}}, "does not match ExecutorID in TaskStatus: y"),
        ({"message": "x" * 70_000}, "a status has at most 65536 bytes"),
    ],
)
def test_a_status_that_cannot_be_is_refused(change: dict[str, Any], text: str) -> None:
    call = {**WHO, "type": "UPDATE", "update": {"status": STATUS | change}}
    test_what_cannot_be_is_answered_as_mesos_does(call, JSON, 400, text)


def test_a_token_may_be_demanded() -> None:
    async def main() -> None:
        async with served(needs_token=True) as (one, session):
            async with session.post(one.url, json=SUBSCRIBE) as response:
                assert response.status == 403
            token = {"Authorization": "Bearer token"}
            async with session.post(one.url, json=SUBSCRIBE, headers=token) as response:
                assert response.status == 200

    asyncio.run(main())


def test_other_methods_are_refused_and_an_agent_that_recovers_asks_for_patience() -> None:
    async def main() -> None:
        async with served() as (one, session):
            async with session.get(one.url) as response:
                assert (response.status, response.headers["Allow"]) == (405, "POST")
            one.agent.state.endpoint = ""
            async with session.post(one.url, json=SUBSCRIBE) as response:
                assert response.status == 503
                assert await response.text() == "Agent has not finished recovery"

    asyncio.run(main())


def test_a_group_is_told_as_one() -> None:
    event = event_from_news(LaunchGroup((task_of(KEY), task_of(OTHER))), new_agent().state)
    assert event.type == executor_pb2.Event.LAUNCH_GROUP
    tasks = event.launch_group.task_group.tasks
    assert [task.task_id.value for task in tasks] == [KEY.task_id, OTHER.task_id]
