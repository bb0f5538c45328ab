"""How operations went, over HTTP, as a client of Mesos hears and acknowledges it."""

import asyncio
import base64

from tests.conformance.strict_client import JSON, Answer, Client, as_json
from tests.conformance.test_scheduler_api import PATH, answered, told
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import kill_member, start_one

FRAMEWORK = {
    "name": "reserving",
    "user": "root",
    "failover_timeout": 60.0,
    "roles": ["db"],
    "capabilities": [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}],
}
SUBSCRIBE = as_json({"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}})
RESERVED = {
    "name": "cpus",
    "type": "SCALAR",
    "scalar": {"value": 0.5},
    "reservations": [{"type": "DYNAMIC", "role": "db"}],
}


def test_an_operation_with_an_id_is_reported_until_it_is_acknowledged(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> None:
        async with Client() as client:
            leader = cluster.masters[0].http
            stream = await client.open(leader)
            _, given = await stream.begin(PATH, SUBSCRIBE, Content_Type=JSON)
            framework_id = (await stream.event("SUBSCRIBED"))["subscribed"]["framework_id"]
            calls = await client.open(leader)

            async def call(kind: str, wants: str = JSON, **body: object) -> Answer:
                message = {"framework_id": framework_id, "type": kind, **body}
                stream_id = given["Mesos-Stream-Id"]
                headers = {"Content_Type": JSON, "Accept": wants, "Mesos_Stream_Id": stream_id}
                return await calls.ask(PATH, as_json(message), **headers)

            offer = (await stream.event("OFFERS"))["offers"]["offers"][0]
            reserve = {
                "type": "RESERVE",
                "id": {"value": "op-1"},
                "reserve": {"resources": [RESERVED]},
            }
            task = {
                "name": "no",
                "task_id": {"value": "no"},
                "agent_id": offer["agent_id"],
                "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}],
                "command": {"value": "true"},
            }
            launch = {
                "type": "LAUNCH",
                "id": {"value": "op-2"},
                "launch": {"task_infos": [task]},
            }
            steps = [reserve, launch]
            accepted = await call(
                "ACCEPT", accept={"offer_ids": [offer["id"]], "operations": steps}
            )
            assert accepted.status == 202

            told = (await stream.event("UPDATE_OPERATION_STATUS"))["update_operation_status"]
            status = told["status"]
            assert status["operation_id"] == {"value": "op-1"}
            assert (status["state"], status["agent_id"]) == (
                "OPERATION_FINISHED",
                offer["agent_id"],
            )
            assert len(base64.b64decode(status["uuid"]["value"])) == 16
            assert status["converted_resources"][0]["reservations"][0]["role"] == "db"
            refused = (await stream.event("UPDATE"))["update"]["status"]
            assert (refused["state"], refused["reason"]) == ("TASK_ERROR", "REASON_TASK_INVALID")

            asked = {"operations": [{"operation_id": {"value": name}} for name in ("op-1", "op-3")]}
            assert (await call("RECONCILE_OPERATIONS", reconcile_operations=asked)).status == 202
            for state in ("OPERATION_FINISHED", "OPERATION_UNKNOWN"):
                event = await stream.event("UPDATE_OPERATION_STATUS")
                answer = event["update_operation_status"]["status"]
                assert answer["state"] == state
                assert "uuid" not in answer
            unacceptable = await call(
                "RECONCILE_OPERATIONS", "text/plain", reconcile_operations=asked
            )
            assert unacceptable.status == 406

            known = {
                "agent_id": status["agent_id"],
                "operation_id": status["operation_id"],
                "uuid": status["uuid"]["value"],
            }
            incomplete = {name: known[name] for name in ("operation_id", "uuid")}
            refusal = await call(
                "ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status=incomplete
            )
            assert refusal.status == 400
            done = await call("ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status=known)
            assert done.status == 202
            one = {"operations": asked["operations"][:1]}
            state = "OPERATION_FINISHED"
            while state == "OPERATION_FINISHED":  # Until that is committed.
                assert (await call("RECONCILE_OPERATIONS", reconcile_operations=one)).status == 202
                event = await stream.event("UPDATE_OPERATION_STATUS")
                state = event["update_operation_status"]["status"]["state"]
            assert state == "OPERATION_UNKNOWN"

    asyncio.run(story())


def test_57_an_unacknowledged_status_outlives_the_agent_and_the_leader(
    start_cluster: StartCluster,
) -> None:
    """RetryOperationStatusUpdateAfterRecovery, with real processes."""

    async def story(client: Client, cluster: ClusterFile, leader: str, follower: str) -> None:
        stream = await client.open(leader)
        _, given = await stream.begin(PATH, SUBSCRIBE, Content_Type=JSON)
        framework_id = (await stream.event("SUBSCRIBED"))["subscribed"]["framework_id"]
        offer = (await stream.event("OFFERS"))["offers"]["offers"][0]
        reserve = {
            "type": "RESERVE",
            "id": {"value": "op-1"},
            "reserve": {"resources": [RESERVED]},
        }
        call = {
            "framework_id": framework_id,
            "type": "ACCEPT",
            "accept": {"offer_ids": [offer["id"]], "operations": [reserve]},
        }
        calls = await client.open(leader)
        stream_id = given["Mesos-Stream-Id"]
        headers = {"Content_Type": JSON, "Mesos_Stream_Id": stream_id}
        assert (await calls.ask(PATH, as_json(call), **headers)).status == 202
        first = await stream.event("UPDATE_OPERATION_STATUS")

        [agent] = cluster.agents
        await asyncio.to_thread(kill_member, cluster, agent.id)
        [led] = [master.id for master in cluster.masters if master.http == leader]
        await asyncio.to_thread(kill_member, cluster, led)
        await asyncio.to_thread(start_one, cluster, agent.id)

        info = {**FRAMEWORK, "id": framework_id}
        again = {
            "framework_id": framework_id,
            "type": "SUBSCRIBE",
            "subscribe": {"framework_info": info},
        }
        others = [master.http for master in cluster.masters if master.http != leader]
        now = await answered(client, others, as_json(again))
        assert await now.event("UPDATE_OPERATION_STATUS") == first
        offers = (await now.event("OFFERS"))["offers"]["offers"][0]["resources"]
        reserved = [each["scalar"]["value"] for each in offers if each.get("reservations")]
        assert reserved == [0.5], "it was done once"

    told(start_cluster, story)
