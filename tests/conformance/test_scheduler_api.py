"""The scheduler API over HTTP, in the order in which Mesos checks, and with its words."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence

import pytest

from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.strict_client import JSON, Answer, Client, Connection, StreamEnded, as_json
from tests.conformance.told import Served, leader_and_follower, subscribe
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import kill_member

PATH = "/api/v1/scheduler"
PROTOBUF = "application/x-protobuf"
FRAMEWORK = {"name": "strict", "user": "root", "failover_timeout": 60.0, "checkpoint": True}
SUBSCRIBE = as_json({"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}})


Story = Callable[[Client, ClusterFile, str, str], Awaitable[None]]


def told(start_cluster: StartCluster, story: Story) -> None:
    cluster = start_cluster(masters=3, agents=1)

    async def tell() -> None:
        async with Client() as client:
            await story(client, cluster, *await leader_and_follower(client, cluster))

    asyncio.run(tell())


async def subscribed(client: Client, address: str, **headers: str) -> tuple[Connection, str, str]:
    """The stream, its id, and the framework's."""
    connection = await client.open(address)
    status, given = await connection.begin(PATH, SUBSCRIBE, Content_Type=JSON, **headers)
    assert status == 200
    assert given["Content-Type"] == JSON
    assert given["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in given
    event = await connection.event("SUBSCRIBED")
    assert event["subscribed"]["heartbeat_interval_seconds"] > 0
    assert event["subscribed"]["master_info"]["hostname"]
    return connection, given["Mesos-Stream-Id"], event["subscribed"]["framework_id"]["value"]


def test_a_task_runs_and_what_becomes_of_it_is_told(start_cluster: StartCluster) -> None:
    async def story(client: Client, _: ClusterFile, leader: str, follower: str) -> None:
        stream, stream_id, framework_id = await subscribed(client, leader)
        calls = await client.open(leader)

        async def call(kind: str, **body: object) -> Answer:
            message = {"framework_id": {"value": framework_id}, "type": kind, **body}
            return await calls.ask(
                PATH, as_json(message), Content_Type=JSON, Mesos_Stream_Id=stream_id
            )

        offer = (await stream.event("OFFERS"))["offers"]["offers"][0]
        task = {
            "name": "hello",
            "task_id": {"value": "hello"},
            "agent_id": offer["agent_id"],
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}],
            "command": {"value": "true"},
        }
        launch = {"type": "LAUNCH", "launch": {"task_infos": [task]}}
        accepted = await call("ACCEPT", accept={"offer_ids": [offer["id"]], "operations": [launch]})
        assert (accepted.status, accepted.body) == (202, b"")
        states: list[str] = []
        while "TASK_FINISHED" not in states:
            status = (await stream.event("UPDATE"))["update"]["status"]
            if status["state"] not in states:
                states.append(status["state"])
            acknowledged = {key: status[key] for key in ("agent_id", "task_id", "uuid")}
            assert (await call("ACKNOWLEDGE", acknowledge=acknowledged)).status == 202
        assert states == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
        assert (await call("TEARDOWN")).status == 202
        with pytest.raises(StreamEnded):
            await stream.event("one that is never said")
        gone = await call("REVIVE")
        assert (gone.status, gone.body) == (400, b"Framework cannot be found")

    told(start_cluster, story)


def test_what_is_wrong_is_said_as_mesos_says_it(start_cluster: StartCluster) -> None:
    async def story(client: Client, _: ClusterFile, leader: str, follower: str) -> None:
        _stream, stream_id, framework_id = await subscribed(client, leader)
        calls = await client.open(leader)
        revive = as_json({"framework_id": {"value": framework_id}, "type": "REVIVE"})

        async def ask(body: bytes, **headers: str) -> tuple[int, str]:
            answer = await calls.ask(PATH, body, **headers)
            return answer.status, answer.body.decode()

        assert (await calls.ask(PATH, method="GET")).status == 405
        assert (await calls.ask(PATH, method="GET")).headers["Allow"] == "POST"
        assert await ask(revive) == (400, "Expecting 'Content-Type' to be present")
        status, text = await ask(b"{", Content_Type=JSON)
        assert (status, text.startswith("Failed to parse body into JSON")) == (400, True)
        status, text = await ask(b'{"type": 7}', Content_Type=JSON)
        assert status == 400
        assert await ask(b"\xff", Content_Type=PROTOBUF) == (
            400,
            "Failed to parse body into Call protobuf",
        )
        assert (await ask(revive, Content_Type="text/plain"))[0] == 415
        assert (await ask(revive, Content_Type=JSON + "; charset=utf-8"))[0] == 415
        validate = "Failed to validate scheduler::Call: "
        assert await ask(b"{}", Content_Type=JSON) == (
            400,
            validate + "Expecting 'type' to be present",
        )
        assert await ask(as_json({"type": "REVIVE"}), Content_Type=JSON) == (
            400,
            validate + "Expecting 'framework_id' to be present",
        )
        assert await ask(as_json({"type": "SUBSCRIBE"}), Content_Type=JSON) == (
            400,
            validate + "Expecting 'subscribe' to be present",
        )
        assert (await ask(SUBSCRIBE, Content_Type=JSON, Accept="text/html"))[0] == 406
        assert (await ask(SUBSCRIBE, Content_Type=JSON, Mesos_Stream_Id="x"))[0] == 400
        unknown = as_json({"framework_id": {"value": "nobody"}, "type": "REVIVE"})
        assert await ask(unknown, Content_Type=JSON) == (400, "Framework cannot be found")
        status, text = await ask(revive, Content_Type=JSON)
        assert (status, "Mesos-Stream-Id" in text) == (400, True)
        status, text = await ask(revive, Content_Type=JSON, Mesos_Stream_Id="wrong")
        assert (status, "didn't match the stream ID" in text) == (400, True)
        assert await ask(revive, Content_Type=JSON, Mesos_Stream_Id=stream_id) == (202, "")

    told(start_cluster, story)


def test_a_follower_sends_clients_to_the_leader(start_cluster: StartCluster) -> None:
    async def story(client: Client, _: ClusterFile, leader: str, follower: str) -> None:
        calls = await client.open(follower)
        for path in (PATH, "/master" + PATH):
            answer = await calls.ask(path, SUBSCRIBE, Content_Type=JSON)
            assert answer.status == 307
            assert answer.headers["Location"] == f"//{leader}/master/api/v1/scheduler"
        for path in ("/version", "/master/version"):
            answer = await calls.ask(path, method="GET")
            assert answer.status == 200
            assert b'"version":"1.11.0"' in answer.body

    told(start_cluster, story)


def test_protobuf_is_spoken_too(start_cluster: StartCluster) -> None:
    async def story(client: Client, _: ClusterFile, leader: str, follower: str) -> None:
        call = scheduler_pb2.Call(type=scheduler_pb2.Call.SUBSCRIBE)
        call.subscribe.framework_info.name, call.subscribe.framework_info.user = "strict", "root"
        stream = await client.open(leader)
        status, given = await stream.begin(
            "/master" + PATH, call.SerializeToString(), Content_Type=PROTOBUF, Accept=PROTOBUF
        )
        assert (status, given["Content-Type"]) == (200, PROTOBUF)
        event = scheduler_pb2.Event.FromString(await stream.record())
        assert event.type == scheduler_pb2.Event.SUBSCRIBED
        event = scheduler_pb2.Event.FromString(await stream.record())
        assert event.type in {scheduler_pb2.Event.HEARTBEAT, scheduler_pb2.Event.OFFERS}

    told(start_cluster, story)


async def answered(client: Client, addresses: Sequence[str], call: bytes) -> Connection:
    """By the first that does, and does not send us on."""
    async with asyncio.timeout(30):
        for address in itertools.cycle(addresses):
            connection = await client.open(address)
            status, _ = await connection.begin(PATH, call, Content_Type=JSON)
            if status == 200:
                return connection
            await asyncio.sleep(0.1)
    raise AssertionError("nobody leads")


def test_a_framework_keeps_its_name_over_a_failover(start_cluster: StartCluster) -> None:
    async def story(client: Client, cluster: ClusterFile, leader: str, follower: str) -> None:
        stream, _, framework_id = await subscribed(client, leader)
        [led] = [master.id for master in cluster.masters if master.http == leader]
        await asyncio.to_thread(kill_member, cluster, led)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await stream.event("one that is never said")
        info = {**FRAMEWORK, "id": {"value": framework_id}}
        again = {
            "framework_id": {"value": framework_id},
            "type": "SUBSCRIBE",
            "subscribe": {"framework_info": info},
        }
        others = [m.http for m in cluster.masters if m.http != leader]
        now = await answered(client, others, as_json(again))
        event = await now.event("SUBSCRIBED")
        assert event["subscribed"]["framework_id"]["value"] == framework_id

    told(start_cluster, story)


def test_calls_that_change_nothing_are_taken(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        none = [{"value": "an offer that was never made"}]
        for kind, body in (
            ("REQUEST", {"requests": []}),
            ("ACCEPT_INVERSE_OFFERS", {"inverse_offer_ids": none}),
            ("DECLINE_INVERSE_OFFERS", {"inverse_offer_ids": none}),
            ("DECLINE", {"offer_ids": none}),
        ):
            answer = await framework.call(kind, **{kind.lower(): body})
            assert (answer.status, answer.body) == (202, b""), kind
        await framework.call("TEARDOWN")

    served.tell(story)


def test_a_framework_describes_itself_anew(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        info = {**FRAMEWORK, "id": {"value": framework.framework_id}, "name": "renamed"}

        async def update(**changes: object) -> tuple[int, str]:
            body = {"framework_info": {**info, **changes}}
            answer = await framework.call("UPDATE_FRAMEWORK", update_framework=body)
            return answer.status, answer.body.decode()

        assert await update() == (200, "")
        page = await (await client.open(served.leader)).ask("/frameworks", method="GET")
        [shown] = [
            f for f in json.loads(page.body)["frameworks"] if f["id"] == framework.framework_id
        ]
        assert (shown["name"], shown["active"]) == ("renamed", True)
        refused = (400, "Updating 'FrameworkInfo.user' is unsupported")
        assert await update(user="nobody") == refused
        status, text = await update(id={"value": "another"})
        assert (status, "differs from" in text) == (400, True)
        await framework.call("TEARDOWN")

    served.tell(story)
