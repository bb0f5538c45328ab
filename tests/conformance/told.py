"""What the stories of these tests are told with: a cluster, and frameworks of few words."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.strict_client import JSON, Answer, Client, Connection, StreamEnded, as_json
from trimast.cli.local_cluster.cluster_file import ClusterFile

SCHEDULER = "/api/v1/scheduler"
OPERATOR = "/api/v1"
PROTOBUF = "application/x-protobuf"
FRAMEWORK = {"name": "strict", "user": "root", "failover_timeout": 60.0, "checkpoint": True}


@dataclass(frozen=True, slots=True)
class Served:
    """
    Attributes:
        leader, follower: `host:port`.
    """

    cluster: ClusterFile
    leader: str
    follower: str

    def tell(self, story: Callable[[Client], Awaitable[None]]) -> None:
        async def tell() -> None:
            async with Client() as client:
                await story(client)

        asyncio.run(tell())


async def leader_and_follower(client: Client, cluster: ClusterFile) -> tuple[str, str]:
    for master in cluster.masters:
        connection = await client.open(master.http)
        answer = await connection.ask("/redirect", method="GET")
        leader = answer.headers["Location"].removeprefix("//")
        if leader != master.http:
            return leader, master.http
    raise AssertionError("all lead")


@dataclass(slots=True)
class Framework:
    """One that is subscribed. What it is told comes over `stream`."""

    stream: Connection
    stream_id: str
    framework_id: str
    calls: Connection

    async def call(self, kind: str, **body: object) -> Answer:
        message = {"framework_id": {"value": self.framework_id}, "type": kind, **body}
        return await self.calls.ask(
            SCHEDULER, as_json(message), Content_Type=JSON, Mesos_Stream_Id=self.stream_id
        )

    async def offer(self) -> dict[str, Any]:
        offers: list[dict[str, Any]] = (await self.stream.event("OFFERS"))["offers"]["offers"]
        return offers[0]

    async def launch(self, task: dict[str, Any], offer: dict[str, Any]) -> None:
        launch = {"type": "LAUNCH", "launch": {"task_infos": [task]}}
        accept = {"offer_ids": [offer["id"]], "operations": [launch]}
        assert (await self.call("ACCEPT", accept=accept)).status == 202

    async def end(self) -> None:
        """When this returns it is decided that the framework is over."""
        assert (await self.call("TEARDOWN")).status == 202
        with contextlib.suppress(StreamEnded):
            await self.stream.event("one that is never said")

    async def next_status(self) -> dict[str, Any]:
        """Acknowledged, if it is to be."""
        status: dict[str, Any] = (await self.stream.event("UPDATE"))["update"]["status"]
        if "uuid" in status:
            acknowledged = {key: status[key] for key in ("agent_id", "task_id", "uuid")}
            assert (await self.call("ACKNOWLEDGE", acknowledge=acknowledged)).status == 202
        return status

    async def status_of(self, state: str) -> dict[str, Any]:
        while True:
            status = await self.next_status()
            if status["state"] == state:
                return status


async def subscribe(client: Client, address: str, **info: object) -> Framework:
    stream = await client.open(address)
    framework_info = {**FRAMEWORK, **info}
    call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": framework_info}}
    if "id" in framework_info:
        call["framework_id"] = framework_info["id"]
    status, given = await stream.begin(SCHEDULER, as_json(call), Content_Type=JSON)
    assert status == 200
    event = await stream.event("SUBSCRIBED")
    framework_id = event["subscribed"]["framework_id"]["value"]
    calls = await client.open(address)
    return Framework(stream, given["Mesos-Stream-Id"], framework_id, calls)


async def with_running_task(
    client: Client, address: str, **more: object
) -> tuple[Framework, dict[str, Any]]:
    """
    Args:
        more: of the task.
    """
    framework = await subscribe(client, address)
    offer = await framework.offer()
    task = a_task(offer, "sleep 60", **more)
    await framework.launch(task, offer)
    await framework.status_of("TASK_RUNNING")
    return framework, task


def a_task(offer: dict[str, Any], command: str = "true", **more: object) -> dict[str, Any]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    return {
        "name": name,
        "task_id": {"value": name},
        "agent_id": offer["agent_id"],
        "resources": [
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
            {"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}},
        ],
        "command": {"value": command},
        **more,
    }
