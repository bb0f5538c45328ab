"""The endpoints that Mesos had before its v1 API, as those who read them ask for them."""

import asyncio
import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from master.edge.mesos.not_built import NO_FILES, NOT_BUILT, WITHOUT_FILES
from tests.conformance import legacy_shapes
from tests.conformance.strict_client import JSON, Answer, Client, as_json
from tests.conformance.told import (
    FRAMEWORK,
    Served,
    a_task,
    leader_and_follower,
    subscribe,
    with_running_task,
)
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.lifecycle import kill_member

SHAPES = {
    "state": legacy_shapes.STATE,
    "slaves": legacy_shapes.SLAVES,
    "frameworks": legacy_shapes.FRAMEWORKS,
    "tasks": legacy_shapes.TASKS,
    "roles": legacy_shapes.ROLES,
    "flags": legacy_shapes.FLAGS,
    "version": legacy_shapes.VERSION,
    "system/stats.json": legacy_shapes.SYSTEM,
}
OF_THE_LEADER = ("state", "state-summary", "slaves", "frameworks", "tasks", "roles", "teardown")
OF_EVERY_MASTER = ("flags", "version", "metrics/snapshot", "health", "system/stats")


async def get(client: Client, address: str, path: str, **headers: str) -> Answer:
    return await (await client.open(address)).ask(path, b"", method="GET", **headers)


async def document(client: Client, address: str, path: str) -> Any:
    answer = await get(client, address, path)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == JSON
    assert answer.body.isascii()
    return json.loads(answer.body)


@pytest.mark.parametrize("page", SHAPES)
def test_a_page_has_what_it_must_and_nothing_unknown(served: Served, page: str) -> None:
    async def story(client: Client) -> None:
        labels = {"labels": [{"key": "k", "value": "v"}]}
        framework, task = await with_running_task(client, served.leader, labels=labels)
        found = await document(client, served.leader, f"/{page}")
        assert list(legacy_shapes.faults_of(found, SHAPES[page], page)) == []
        if page == "tasks":
            [shown] = [t for t in found["tasks"] if t["id"] == task["name"]]
            assert (shown["state"], shown["executor_id"]) == ("TASK_RUNNING", "")
            assert shown["labels"] == [{"key": "k", "value": "v"}]
            [network] = shown["statuses"][-1]["container_status"]["network_infos"]
            assert network["ip_addresses"][0]["ip_address"] == "127.0.0.1"
        assert (await framework.call("TEARDOWN")).status == 202

    served.tell(story)


def test_what_runs_is_in_the_state_with_sums_that_agree(served: Served) -> None:
    async def story(client: Client) -> None:
        framework, task = await with_running_task(client, served.leader)
        state = await document(client, served.leader, "/state")
        [shown] = [f for f in state["frameworks"] if f["id"] == framework.framework_id]
        assert [t["id"] for t in shown["tasks"]] == [task["name"]]
        assert shown["used_resources"]["cpus"] == 0.1
        assert (shown["active"], shown["connected"], "pid" in shown) == (True, True, False)
        [agent] = state["slaves"]
        assert agent["used_resources"]["cpus"] >= 0.1  # Others may be about to end.
        assert agent["resources"]["ports"] == "[31000-31999]"
        assert agent["pid"] == f"slave(1)@{served.cluster.agents[0].http}"
        assert state["pid"] == state["leader"] == f"master@{served.leader}"
        await framework.end()
        state = await document(client, served.leader, "/state")
        completed = [f["id"] for f in state["completed_frameworks"]]
        assert framework.framework_id in completed

    served.tell(story)


def test_tasks_are_asked_for_by_number_order_and_name(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        names = []
        for _ in range(3):
            offer = await framework.offer()
            task = a_task(offer, "true")
            names.append(task["name"])
            await framework.launch(task, offer)
            await framework.status_of("TASK_FINISHED")

        async def listed(query: str) -> list[str]:
            page = await document(client, served.leader, f"/tasks?{query}")
            return [task["id"] for task in page["tasks"]]

        own = f"framework_id={framework.framework_id}"
        assert await listed(own) == list(reversed(names))
        assert await listed(f"{own}&order=asc&limit=2") == names[:2]
        assert await listed(f"{own}&offset=1&limit=1") == [names[1]]
        assert await listed(f"{own}&task_id={names[0]}") == [names[0]]
        assert set(names) <= set(await listed("limit=-1&offset=0"))
        for wrong in ("limit=x", "order=up", "offset=-9"):
            assert (await get(client, served.leader, f"/tasks?{wrong}")).status == 400
        await framework.call("TEARDOWN")

    served.tell(story)


@pytest.mark.parametrize("page", ["slaves", "tasks", "frameworks", "state", "version"])
def test_a_page_has_many_names_and_the_method_does_not_matter(served: Served, page: str) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)
        plain = json.loads((await connection.ask(f"/{page}", method="GET")).body)
        for path in (
            f"/master/{page}",
            f"/{page}/",
            f"/master/{page}/",
            f"/{page}.json",
            f"/master/{page}.json",
            f"/{page}/some-id",
        ):
            for method in ("GET", "POST"):
                answer = await connection.ask(path, method=method)
                assert answer.status == 200, path
                assert json.loads(answer.body).keys() == plain.keys()

    served.tell(story)


def test_it_is_compressed_when_asked_for_and_large(served: Served) -> None:
    async def story(client: Client) -> None:
        answer = await get(client, served.leader, "/state", Accept_Encoding="gzip, deflate")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(answer.body))["version"] == "1.11.0"
        small = await get(client, served.leader, "/version", Accept_Encoding="gzip")
        assert "Content-Encoding" not in small.headers
        plain = await get(client, served.leader, "/state")
        assert "Content-Encoding" not in plain.headers

    served.tell(story)


def test_a_script_may_call_a_function_with_it(served: Served) -> None:
    async def story(client: Client) -> None:
        answer = await get(client, served.leader, "/version?jsonp=show")
        assert answer.headers["Content-Type"] == "text/javascript"
        assert answer.body.startswith(b'show({"version"')
        bad = await get(client, served.leader, "/version?jsonp=alert(1)")
        assert bad.status == 400

    served.tell(story)


def test_followers_answer_for_themselves_only(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.follower)
        for page in OF_THE_LEADER:
            answer = await connection.ask(f"/{page}?limit=1", method="GET")
            assert (answer.status, answer.body) == (307, b"")
            assert answer.headers["Location"] == f"//{served.leader}/master/{page}?limit=1"
        for page in OF_EVERY_MASTER:
            assert (await connection.ask(f"/{page}", method="GET")).status == 200
        snapshot = await document(client, served.follower, "/metrics/snapshot")
        assert snapshot["master/elected"] == 0.0

    served.tell(story)


def test_redirect_names_the_leader_and_nothing_else(served: Served) -> None:
    async def story(client: Client) -> None:
        for address in (served.leader, served.follower):
            for path in ("/redirect", "/master/redirect", "/master/redirect/"):
                answer = await get(client, address, path)
                assert (answer.status, answer.body) == (307, b"")
                assert answer.headers["Location"] == f"//{served.leader}"
            assert (await get(client, address, "/redirect/x")).status == 404

    served.tell(story)


def test_the_snapshot_of_metrics_counts_what_happens(served: Served) -> None:
    async def story(client: Client) -> None:
        before = await document(client, served.leader, "/metrics/snapshot?timeout=100ms")
        framework = await subscribe(client, served.leader)
        offer = await framework.offer()
        await framework.launch(a_task(offer), offer)
        await framework.status_of("TASK_FINISHED")
        after = await document(client, served.leader, "/metrics/snapshot")
        assert after["master/tasks_finished"] == before["master/tasks_finished"] + 1
        assert after["master/messages_launch_tasks"] > before["master/messages_launch_tasks"]
        assert after["master/elected"] == after["master/slaves_active"] == 1.0
        assert after["master/cpus_total"] == 4.0
        assert after["master/frameworks_connected"] >= 1.0
        assert after["registrar/state_store_ms/p99"] > 0
        assert all(type(value) is float for value in after.values())
        await framework.call("TEARDOWN")

    served.tell(story)


def test_an_operator_tears_a_framework_down_with_a_form(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        connection = await client.open(served.leader)

        async def post(body: bytes) -> tuple[int, bytes]:
            form = "application/x-www-form-urlencoded"
            answer = await connection.ask("/master/teardown", body, Content_Type=form)
            return answer.status, answer.body

        assert (await connection.ask("/teardown", method="GET")).headers["Allow"] == "POST"
        assert (await post(b""))[0] == 400
        assert await post(b"frameworkId=nobody") == (400, b"No framework found with specified ID")
        assert await post(f"frameworkId={framework.framework_id}".encode()) == (200, b"")
        error = await framework.stream.event("ERROR")
        assert error["error"]["message"] == "Framework has been removed"
        back = await client.open(served.leader)
        info = {**FRAMEWORK, "id": {"value": framework.framework_id}}
        call = {
            "type": "SUBSCRIBE",
            "framework_id": info["id"],
            "subscribe": {"framework_info": info},
        }
        status, _ = await back.begin("/api/v1/scheduler", as_json(call), Content_Type=JSON)
        assert status == 200
        assert (await back.event("ERROR"))["error"]["message"] == "Framework has been removed"

    served.tell(story)


def test_an_operator_reserves_and_gives_back_with_a_form(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)
        [agent] = (await document(client, served.leader, "/slaves"))["slaves"]

        async def post(path: str, resources: object) -> tuple[int, bytes]:
            listed = "volumes" if "volumes" in path else "resources"
            fields = {"slaveId": agent["id"], listed: json.dumps(resources)}
            form = "application/x-www-form-urlencoded"
            answer = await connection.ask(path, urlencode(fields).encode(), Content_Type=form)
            return answer.status, answer.body

        def disk(mib: float, volume: object = None) -> list[dict[str, object]]:
            row: dict[str, object] = {"name": "disk", "type": "SCALAR", "scalar": {"value": mib}}
            row |= {"role": "db", "reservation": {}}
            return [row if volume is None else row | {"disk": volume}]

        volume = {"persistence": {"id": "v1"}, "volume": {"container_path": "data", "mode": "RW"}}
        assert await post("/master/reserve", disk(64.0)) == (202, b"")
        assert await post("/create-volumes", disk(64.0, volume)) == (202, b"")
        [agent] = (await document(client, served.leader, "/slaves"))["slaves"]
        assert agent["reserved_resources"]["db"]["disk"] == 64.0
        assert "disk" in agent["reserved_resources_full"]["db"][0]
        status, text = await post("/unreserve", disk(64.0))
        assert (status, b"that nothing uses" in text) == (409, True)
        assert await post("/destroy-volumes", disk(64.0, volume)) == (202, b"")
        assert await post("/unreserve", disk(64.0)) == (202, b"")
        assert (await post("/reserve", disk(1e9)))[0] == 409
        assert (await post("/reserve", [{"name": "disk"}]))[0] == 400
        assert (await post("/reserve", "[[["))[0] == 400
        agent = {"id": "nobody"}
        assert await post("/reserve", disk(1.0)) == (400, b"No agent found with specified ID")

    served.tell(story)


def test_what_is_not_built_is_said_by_name(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)
        for path in NOT_BUILT:
            answer = await connection.ask("/master" + path, method="GET")
            assert (answer.status, answer.body.decode()) == (501, f"{path} is not supported yet")
        for path in WITHOUT_FILES:
            answer = await connection.ask(path + "?path=/master/log", method="GET")
            assert (answer.status, answer.body.decode()) == (404, NO_FILES)

    served.tell(story)


def test_while_nobody_leads_that_is_what_is_said(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with Client() as client:
            _leader, follower = await leader_and_follower(client, cluster)
            for master in cluster.masters:
                if master.http != follower:
                    await asyncio.to_thread(kill_member, cluster, master.id)
            connection = await client.open(follower)
            async with asyncio.timeout(20):
                while (await connection.ask("/redirect", method="GET")).status == 307:
                    pass  # Until it is known that nobody leads.
            for path in ("/redirect", "/state", "/master/slaves", "/teardown"):
                answer = await connection.ask(path, method="GET")
                assert (answer.status, answer.body) == (503, b"No leader elected"), path
            for path in ("/api/v1", "/api/v1/scheduler"):
                answer = await connection.ask(path, b"{}", Content_Type=JSON)
                assert (answer.status, answer.body) == (503, b"No leader elected"), path
            for page in OF_EVERY_MASTER:
                assert (await connection.ask(f"/{page}", method="GET")).status == 200

    asyncio.run(story())
