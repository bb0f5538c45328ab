"""The operators' API over HTTP: each call, and the stream of what changes."""

import json
from typing import Any

import pytest

from protos.mesos.v1.master import master_pb2
from tests.conformance.exact_json import faults_of
from tests.conformance.strict_client import JSON, Answer, Client, Connection, as_json
from tests.conformance.told import OPERATOR, PROTOBUF, Served, a_task, subscribe, with_running_task

Response = master_pb2.Response
ANSWERED = (
    "GET_HEALTH",
    "GET_FLAGS",
    "GET_VERSION",
    "GET_METRICS",
    "GET_MASTER",
    "GET_STATE",
    "GET_AGENTS",
    "GET_FRAMEWORKS",
    "GET_TASKS",
    "GET_EXECUTORS",
    "GET_ROLES",
)
NOT_BUILT = ("GET_WEIGHTS", "GET_QUOTA", "GET_MAINTENANCE_STATUS", "GET_MAINTENANCE_SCHEDULE")


async def ask(client: Client, address: str, call: object, **headers: str) -> Answer:
    connection = await client.open(address)
    return await connection.ask(OPERATOR, as_json(call), Content_Type=JSON, **headers)


async def answer(client: Client, address: str, kind: str) -> dict[str, Any]:
    """To the letter what Mesos would write."""
    given = await ask(client, address, {"type": kind})
    assert given.status == 200, given
    assert given.headers["Content-Type"] == JSON
    assert given.body.isascii()
    response: dict[str, Any] = json.loads(given.body)
    assert list(faults_of(response, Response)) == []
    assert response["type"] == kind
    found: dict[str, Any] = response[kind.lower()]
    return found


async def watch(client: Client, address: str) -> tuple[Connection, dict[str, Any]]:
    """The stream, and how things were when it began."""
    stream = await client.open(address)
    status, given = await stream.begin(OPERATOR, as_json({"type": "SUBSCRIBE"}), Content_Type=JSON)
    assert (status, given["Content-Type"]) == (200, JSON)
    assert "Content-Length" not in given
    assert "Mesos-Stream-Id" not in given
    subscribed = await stream.any_event(master_pb2.Event)
    assert subscribed["type"] == "SUBSCRIBED"
    assert (await stream.any_event(master_pb2.Event)) == {"type": "HEARTBEAT"}
    state: dict[str, Any] = subscribed["subscribed"]["get_state"]
    return stream, state


@pytest.mark.parametrize("kind", ANSWERED)
def test_a_question_is_answered_in_json_and_protobuf(served: Served, kind: str) -> None:
    async def story(client: Client) -> None:
        framework, _ = await with_running_task(client, served.leader)
        in_json = await answer(client, served.leader, kind)
        call = master_pb2.Call(type=master_pb2.Call.Type.Value(kind))
        connection = await client.open(served.leader)
        given = await connection.ask(
            "/master" + OPERATOR + "/operator",
            call.SerializeToString(),
            Content_Type=PROTOBUF,
            Accept=PROTOBUF,
        )
        assert (given.status, given.headers["Content-Type"]) == (200, PROTOBUF)
        response = Response.FromString(given.body)
        assert Response.Type.Name(response.type) == kind
        assert {field.name for field, _ in response.ListFields()} == {"type", kind.lower()}
        assert in_json or kind == "GET_EXECUTORS"
        await framework.call("TEARDOWN")

    served.tell(story)


def test_the_state_has_agents_frameworks_and_tasks(served: Served) -> None:
    async def story(client: Client) -> None:
        framework, task = await with_running_task(client, served.leader)
        state = await answer(client, served.leader, "GET_STATE")
        [agent] = state["get_agents"]["agents"]
        assert (agent["active"], agent["deactivated"]) == (True, False)
        assert agent["pid"].startswith("slave(1)@")
        shown = [t for t in state["get_tasks"]["tasks"] if t["task_id"] == task["task_id"]]
        assert [t["state"] for t in shown] == ["TASK_RUNNING"]
        frameworks = state["get_frameworks"]["frameworks"]
        [own] = [
            f for f in frameworks if f["framework_info"]["id"]["value"] == framework.framework_id
        ]
        assert (own["active"], own["connected"], own["recovered"]) == (True, True, False)
        assert own["allocated_resources"][0]["scalar"]["value"] == 0.1
        await framework.call("TEARDOWN")

    served.tell(story)


def test_what_is_wrong_is_said_as_mesos_says_it(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)

        async def said(body: bytes, **headers: str) -> tuple[int, str]:
            given = await connection.ask(OPERATOR, body, **headers)
            return given.status, given.body.decode()

        validate = "Failed to validate master::Call: "
        health = as_json({"type": "GET_HEALTH"})
        assert (await connection.ask(OPERATOR, method="GET")).headers["Allow"] == "POST"
        assert await said(health) == (400, "Expecting 'Content-Type' to be present")
        assert (await said(health, Content_Type="text/plain"))[0] == 415
        assert (await said(health, Content_Type=JSON, Accept="text/html"))[0] == 406
        assert (await said(b"[", Content_Type=JSON))[0] == 400
        assert await said(b"\xff", Content_Type=PROTOBUF) == (
            400,
            "Failed to parse body into Call protobuf",
        )
        assert await said(b'{"type":"NONSENSE"}', Content_Type=JSON) == (
            400,
            validate + "Expecting 'type' to be present",
        )
        assert await said(b'{"type":"TEARDOWN"}', Content_Type=JSON) == (
            400,
            validate + "Expecting 'teardown' to be present",
        )
        half = master_pb2.Call(type=master_pb2.Call.TEARDOWN)
        half.teardown.SetInParent()
        status, text = await said(half.SerializePartialToString(), Content_Type=PROTOBUF)
        assert (status, text.startswith(validate + "Not initialized: ")) == (400, True)

    served.tell(story)


@pytest.mark.parametrize("kind", NOT_BUILT)
def test_what_is_not_built_is_said_by_name(served: Served, kind: str) -> None:
    async def story(client: Client) -> None:
        given = await ask(client, served.leader, {"type": kind})
        assert (given.status, given.body.decode()) == (501, f"{kind} calls are not supported yet")

    served.tell(story)


def test_a_follower_sends_operators_to_the_leader(served: Served) -> None:
    async def story(client: Client) -> None:
        given = await ask(client, served.follower, {"type": "GET_HEALTH"})
        assert (given.status, given.body) == (307, b"")
        assert given.headers["Location"] == f"//{served.leader}/master/api/v1"

    served.tell(story)


def test_a_framework_is_torn_down(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        call = {
            "type": "TEARDOWN",
            "teardown": {"framework_id": {"value": framework.framework_id}},
        }
        done = await ask(client, served.leader, call)
        assert (done.status, done.body) == (200, b"")
        again = await ask(client, served.leader, call)
        assert (again.status, again.body) == (400, b"No framework found with specified ID")

    served.tell(story)


def test_an_operator_reserves_for_a_role(served: Served) -> None:
    async def story(client: Client) -> None:
        [agent] = (await answer(client, served.leader, "GET_AGENTS"))["agents"]
        cpus = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.0}}
        reserved = {**cpus, "reservations": [{"type": "DYNAMIC", "role": "web"}]}
        body = {"agent_id": agent["agent_info"]["id"], "resources": [reserved]}
        other = await subscribe(client, served.leader)
        await other.offer()
        done = await ask(
            client, served.leader, {"type": "RESERVE_RESOURCES", "reserve_resources": body}
        )
        assert (done.status, done.body) == (202, b"")
        await other.stream.event("RESCIND")
        framework = await subscribe(client, served.leader, role="web")
        offer = await framework.offer()
        assert "web" in {resource["role"] for resource in offer["resources"]}
        await framework.end()
        await other.end()
        call = {"type": "UNRESERVE_RESOURCES", "unreserve_resources": body}
        assert (await ask(client, served.leader, call)).status == 202
        assert (await ask(client, served.leader, call)).status == 409
        plain = {"agent_id": body["agent_id"], "resources": [cpus]}
        wrong = {"type": "RESERVE_RESOURCES", "reserve_resources": plain}
        refused = await ask(client, served.leader, wrong)
        assert (refused.status, b"not reserved for a role" in refused.body) == (400, True)

    served.tell(story)


def test_a_watcher_hears_how_things_are_and_then_what_changes(served: Served) -> None:
    async def story(client: Client) -> None:
        stream, state = await watch(client, served.leader)
        [agent] = state["get_agents"]["agents"]
        framework = await subscribe(client, served.leader)
        added = await stream.event("FRAMEWORK_ADDED", master_pb2.Event)
        info = added["framework_added"]["framework"]["framework_info"]
        assert info["id"]["value"] == framework.framework_id
        offer = await framework.offer()
        task = a_task(offer)
        await framework.launch(task, offer)
        added = (await stream.event("TASK_ADDED", master_pb2.Event))["task_added"]["task"]
        assert (added["task_id"], added["state"]) == (task["task_id"], "TASK_STAGING")
        states: list[str] = []
        while "TASK_FINISHED" not in states:
            event = await stream.event("TASK_UPDATED", master_pb2.Event)
            updated = event["task_updated"]
            assert updated["framework_id"]["value"] == framework.framework_id
            assert updated["status"]["state"] == updated["state"]
            states.append(updated["state"])
        assert states == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
        again = await subscribe(
            client, served.leader, id={"value": framework.framework_id}, name="renamed"
        )
        updated = await stream.event("FRAMEWORK_UPDATED", master_pb2.Event)
        shown = updated["framework_updated"]["framework"]["framework_info"]
        assert shown["name"] == "renamed"
        await again.call("TEARDOWN")
        removed = await stream.event("FRAMEWORK_REMOVED", master_pb2.Event)
        removed_info = removed["framework_removed"]["framework_info"]
        assert removed_info["id"]["value"] == framework.framework_id
        assert agent["agent_info"]["id"] == offer["agent_id"]

    served.tell(story)


def test_a_watcher_may_speak_protobuf_and_gets_heartbeats(served: Served) -> None:
    async def story(client: Client) -> None:
        call = master_pb2.Call(type=master_pb2.Call.SUBSCRIBE)
        stream = await client.open(served.leader)
        status, given = await stream.begin(
            OPERATOR, call.SerializeToString(), Content_Type=PROTOBUF, Accept=PROTOBUF
        )
        assert (status, given["Content-Type"]) == (200, PROTOBUF)
        first = master_pb2.Event.FromString(await stream.record())
        assert first.type == master_pb2.Event.SUBSCRIBED
        assert len(first.subscribed.get_state.get_agents.agents) == 1
        for _ in range(2):
            later = master_pb2.Event.FromString(await stream.record())
            assert later.type == master_pb2.Event.HEARTBEAT

    served.tell(story)


def test_many_watchers_hear_the_same_and_the_leader_leads_on(served: Served) -> None:
    async def story(client: Client) -> None:
        streams = [(await watch(client, served.leader))[0] for _ in range(200)]
        framework = await subscribe(client, served.leader)
        for _ in range(5):
            offer = await framework.offer()
            await framework.launch(a_task(offer), offer)
            await framework.status_of("TASK_FINISHED")
        await framework.call("TEARDOWN")
        heard = []
        for stream in streams:
            kinds = []
            while "FRAMEWORK_REMOVED" not in kinds:
                event = await stream.any_event(master_pb2.Event)
                if event["type"] != "HEARTBEAT":
                    kinds.append(event["type"])
            heard.append(kinds)
        assert heard == [heard[0]] * len(streams)
        assert heard[0].count("TASK_ADDED") == 5
        assert heard[0].count("TASK_UPDATED") == 15
        assert (await ask(client, served.leader, {"type": "GET_HEALTH"})).status == 200

    served.tell(story)
