"""What a server must do to be a home for clients of Mesos, line by line: one test a line."""

import asyncio
import base64
import json
import os
import re
import signal
import uuid
from typing import Any

import pytest

from protos.mesos.v1.master import master_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.strict_client import JSON, Client, StreamEnded, as_json
from tests.conformance.told import (
    FRAMEWORK,
    OPERATOR,
    SCHEDULER,
    Framework,
    Served,
    a_task,
    leader_and_follower,
    subscribe,
)
from tests.integration.conftest import StartCluster
from trimast.cli.local_cluster.lifecycle import kill_member

PARTITION_AWARE = {"capabilities": [{"type": "PARTITION_AWARE"}]}


async def page(client: Client, address: str, path: str) -> Any:
    answer = await (await client.open(address)).ask(path, method="GET")
    assert answer.status == 200
    return json.loads(answer.body)


async def running(framework: Framework, command: str = "sleep 60") -> dict[str, Any]:
    """The status with which it said so."""
    offer = await framework.offer()
    await framework.launch(a_task(offer, command), offer)
    return await framework.status_of("TASK_RUNNING")


def test_01_version_is_told_by_every_replica(served: Served) -> None:
    async def story(client: Client) -> None:
        [version] = {
            (await page(client, master.http, "/version"))["version"]
            for master in served.cluster.masters
        }
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert tuple(map(int, version.split("."))) >= (1, 9, 0)
        stream = await client.open(served.leader)
        call = as_json({"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}})
        await stream.begin(SCHEDULER, call, Content_Type=JSON)
        told = (await stream.event("SUBSCRIBED"))["subscribed"]["master_info"]["version"]
        assert told == version

    served.tell(story)


@pytest.mark.parametrize("path", [SCHEDULER, OPERATOR])
def test_02_subscribed_comes_first_and_heartbeats_at_once_and_on(served: Served, path: str) -> None:
    async def story(client: Client) -> None:
        stream = await client.open(served.leader)
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}}
        await stream.begin(path, as_json(call), Content_Type=JSON)
        kinds = [json.loads(await stream.record())["type"] for _ in range(2)]
        assert kinds == ["SUBSCRIBED", "HEARTBEAT"]
        for _ in range(2):
            while json.loads(await stream.record())["type"] != "HEARTBEAT":
                pass

    served.tell(story)


def test_03_one_chunk_is_one_record_of_compact_ascii(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader, name="zwölf Bäume")
        watcher = await client.open(served.leader)
        await watcher.begin(OPERATOR, as_json({"type": "SUBSCRIBE"}), Content_Type=JSON)
        for stream in (framework.stream, watcher):
            record = await stream.record()  # Asserts that it is a chunk, and nothing behind it.
            assert record.isascii()
            assert json.dumps(json.loads(record), separators=(",", ":")).encode() == record
        await framework.call("TEARDOWN")

    served.tell(story)


def test_04_types_are_exact_and_lengths_are_there_unless_it_is_a_stream(served: Served) -> None:
    async def story(client: Client) -> None:
        # That one answer has a length, and a type only if there is something in it, `ask` asserts.
        connection = await client.open(served.leader)
        for path in ("/version", "/state", "/slaves", "/tasks", "/flags", "/metrics/snapshot"):
            answer = await connection.ask(path, method="GET")
            assert answer.headers["Content-Type"] == JSON, path
        health = as_json({"type": "GET_HEALTH"})
        for kind in (JSON, "application/x-protobuf"):
            answer = await connection.ask(OPERATOR, health, Content_Type=JSON, Accept=kind)
            assert answer.headers["Content-Type"] == kind
        framework = await subscribe(client, served.leader)
        done = await framework.call("REVIVE")
        assert (done.status, done.headers["Content-Length"]) == (202, "0")
        assert "Content-Type" not in done.headers
        await framework.call("TEARDOWN")

    served.tell(story)


def test_05_redirects_have_no_scheme_and_never_point_to_oneself(served: Served) -> None:
    async def story(client: Client) -> None:
        for master in served.cluster.masters:
            connection = await client.open(master.http)
            for path in (SCHEDULER, OPERATOR, "/state"):
                answer = await connection.ask(path, b"{}", Content_Type=JSON)
                if master.http == served.leader:
                    assert answer.status != 307
                else:
                    assert answer.headers["Location"] == f"//{served.leader}/master{path}"
                    assert answer.body == b""
            redirect = await connection.ask("/redirect", method="GET")
            assert redirect.headers["Location"] == f"//{served.leader}"

    served.tell(story)


def test_06_paths_have_aliases(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)
        bad = "Expecting 'type' to be present"
        for path in (SCHEDULER, f"{SCHEDULER}/", f"{SCHEDULER}/more", f"/master{SCHEDULER}"):
            answer = await connection.ask(path, b"{}", Content_Type=JSON)
            assert answer.body.decode() == f"Failed to validate scheduler::Call: {bad}"
        for path in (OPERATOR, f"{OPERATOR}/", f"{OPERATOR}/operator", f"/master{OPERATOR}/"):
            answer = await connection.ask(path, b"{}", Content_Type=JSON)
            assert answer.body.decode() == f"Failed to validate master::Call: {bad}"
        for path in ("/health", "/master/health", "/health/", "/state.json", "/slaves/x"):
            assert (await connection.ask(path)).status == 200, path
        [agent] = served.cluster.agents
        connection = await client.open(agent.http)
        for path in ("/api/v1/executor", "/slave(1)/api/v1/executor"):
            answer = await connection.ask(path, b"{}", Content_Type=JSON)
            assert answer.status == 400

    served.tell(story)


def test_07_stream_ids_are_uuids_and_only_the_newest_counts(served: Served) -> None:
    async def story(client: Client) -> None:
        first = await subscribe(client, served.leader)
        assert str(uuid.UUID(first.stream_id)) == first.stream_id
        second = await subscribe(client, served.leader, id={"value": first.framework_id})
        assert second.stream_id != first.stream_id
        error = await first.stream.event("ERROR")
        assert error["error"]["message"] == "Framework failed over"
        with pytest.raises(StreamEnded):
            await first.stream.record()
        refused = await first.call("REVIVE")
        assert (refused.status, b"didn't match" in refused.body) == (400, True)
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}}
        refused = await second.calls.ask(
            SCHEDULER, as_json(call), Content_Type=JSON, Mesos_Stream_Id=second.stream_id
        )
        assert refused.status == 400
        await second.call("TEARDOWN")

    served.tell(story)


def test_08_an_unknown_id_is_taken_and_one_that_is_over_is_not(served: Served) -> None:
    async def story(client: Client) -> None:
        own = f"chosen-{uuid.uuid4()}"
        framework = await subscribe(client, served.leader, id={"value": own})
        assert framework.framework_id == own
        await framework.call("TEARDOWN")
        with pytest.raises(StreamEnded):
            await framework.stream.event("one that is never said")
        again = await client.open(served.leader)
        info = {**FRAMEWORK, "id": {"value": own}}
        call = {
            "type": "SUBSCRIBE",
            "framework_id": info["id"],
            "subscribe": {"framework_info": info},
        }
        status, given = await again.begin(SCHEDULER, as_json(call), Content_Type=JSON)
        assert (status, "Mesos-Stream-Id" in given) == (200, True)
        error = await again.event("ERROR")
        assert error["error"]["message"] == "Framework has been removed"
        with pytest.raises(StreamEnded):
            await again.record()

    served.tell(story)


def test_09_what_agents_say_has_a_uuid_and_comes_again_until_it_is_acknowledged(
    served: Served,
) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        offer = await framework.offer()
        await framework.launch(a_task(offer, "sleep 60"), offer)
        first = (await framework.stream.event("UPDATE"))["update"]["status"]
        assert len(base64.b64decode(first["uuid"])) == 16
        back = await subscribe(client, served.leader, id={"value": framework.framework_id})
        repeated = (await back.stream.event("UPDATE"))["update"]["status"]
        assert (repeated["uuid"], repeated["state"]) == (first["uuid"], first["state"])
        acknowledged = {key: first[key] for key in ("agent_id", "task_id", "uuid")}
        assert (await back.call("ACKNOWLEDGE", acknowledge=acknowledged)).status == 202
        await back.call("RECONCILE", reconcile={"tasks": []})
        while "uuid" in (status := (await back.stream.event("UPDATE"))["update"]["status"]):
            assert status["uuid"] != first["uuid"]
        assert status["reason"] == "REASON_RECONCILIATION"
        await back.call("TEARDOWN")

    served.tell(story)


def test_10_json_is_read_leniently_and_written_strictly(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(
            client,
            served.leader,
            checkpoint="true",
            failover_timeout="60",
            webui_url=None,
            capabilities={"type": "PARTITION_AWARE"},
            unknown={"to": "everybody"},
        )
        shown = (await page(client, served.leader, "/frameworks"))["frameworks"]
        [own] = [each for each in shown if each["id"] == framework.framework_id]
        assert (own["checkpoint"], own["failover_timeout"]) == (True, 60.0)
        assert own["capabilities"] == ["PARTITION_AWARE"]
        offer = await framework.offer()  # Every event is held against its message on the way.
        ports = next(r for r in offer["resources"] if r["name"] == "ports")
        assert type(ports["ranges"]["range"][0]["begin"]) is int
        await framework.call("TEARDOWN")

    served.tell(story)


def test_11_calls_are_answered_202_and_empty_and_never_500(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        for kind, body in (
            ("REVIVE", {}),
            ("SUPPRESS", {}),
            ("DECLINE", {"offer_ids": []}),
            ("RECONCILE", {"tasks": []}),
            ("KILL", {"task_id": {"value": "nobody's"}}),
        ):
            answer = await framework.call(kind, **{kind.lower(): body})
            assert (answer.status, answer.body) == (202, b""), kind
        await framework.stream.close()
        async with asyncio.timeout(10):
            while (answer := await framework.call("REVIVE")).status == 202:
                pass  # Until it is noticed that nobody listens.
        assert (answer.status, answer.body) == (403, b"Framework is not subscribed")
        again = await subscribe(client, served.leader, id={"value": framework.framework_id})
        await again.call("TEARDOWN")

    served.tell(story)


def test_12_reconciliation_answers_what_is_known_and_says_lost_to_who_knows_no_better(
    served: Served,
) -> None:
    async def story(client: Client) -> None:
        for info, unknown in ((PARTITION_AWARE, "TASK_UNKNOWN"), ({}, "TASK_LOST")):
            framework = await subscribe(client, served.leader, **info)
            status = await running(framework)
            await framework.call("RECONCILE", reconcile={"tasks": []})
            told = (await framework.stream.event("UPDATE"))["update"]["status"]
            assert (told["state"], told["task_id"]) == ("TASK_RUNNING", status["task_id"])
            assert (told["source"], "uuid" in told) == ("SOURCE_MASTER", False)
            asked = {"tasks": [{"task_id": {"value": "nobody's"}}]}
            await framework.call("RECONCILE", reconcile=asked)
            told = (await framework.stream.event("UPDATE"))["update"]["status"]
            assert (told["state"], told["reason"]) == (unknown, "REASON_RECONCILIATION")
            await framework.call("TEARDOWN")

    served.tell(story)


def test_13_a_status_says_who_where_when_and_under_which_address(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        status = await running(framework)
        assert status["executor_id"] == status["task_id"]
        assert status["agent_id"]["value"]
        assert status["timestamp"] > 1e9
        [network] = status["container_status"]["network_infos"]
        assert network["ip_addresses"][0]["ip_address"] == "127.0.0.1"
        await framework.call("TEARDOWN")

    served.tell(story)


def test_14_pids_are_written_as_those_of_mesos(served: Served) -> None:
    async def story(client: Client) -> None:
        state = await page(client, served.leader, "/state")
        [agent] = served.cluster.agents
        assert [each["pid"] for each in state["slaves"]] == [f"slave(1)@{agent.http}"]
        assert state["pid"] == state["leader"] == f"master@{served.leader}"
        assert state["leader_info"]["pid"] == state["pid"]

    served.tell(story)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_15_streams_of_a_leader_that_leads_no_more_end_promptly(
    start_cluster: StartCluster, how: str
) -> None:
    cluster = start_cluster(masters=3, agents=0)

    async def story() -> None:
        async with Client() as client:
            leader, _ = await leader_and_follower(client, cluster)
            framework = await subscribe(client, leader)
            watcher = await client.open(leader)
            await watcher.begin(OPERATOR, as_json({"type": "SUBSCRIBE"}), Content_Type=JSON)
            [led] = [master for master in cluster.masters if master.http == leader]
            assert led.process is not None
            if how == "killed":
                await asyncio.to_thread(kill_member, cluster, led.id)
            else:
                os.kill(led.process.pid, signal.SIGSTOP)
                await _another_leads(client, [m.http for m in cluster.masters if m is not led])
                os.kill(led.process.pid, signal.SIGCONT)
            kinds = (scheduler_pb2.Event, master_pb2.Event)
            for stream, kind in zip((framework.stream, watcher), kinds, strict=True):
                async with asyncio.timeout(5):
                    with pytest.raises((StreamEnded, OSError, EOFError)):
                        await stream.event("one that is never said", kind)

    asyncio.run(story())


async def _another_leads(client: Client, others: list[str]) -> None:
    async with asyncio.timeout(20):
        while True:
            for address in others:
                answer = await (await client.open(address)).ask("/redirect", method="GET")
                if answer.headers.get("Location", "").removeprefix("//") in others:
                    return
            await asyncio.sleep(0.1)


def test_16_calls_may_come_in_chunks(served: Served) -> None:
    async def story(client: Client) -> None:
        connection = await client.open(served.leader)
        body = as_json({"type": "GET_HEALTH"})
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        answer = await connection.ask(
            OPERATOR, chunks, Content_Type=JSON, Transfer_Encoding="chunked"
        )
        assert (answer.status, json.loads(answer.body)["type"]) == (200, "GET_HEALTH")

    served.tell(story)


def test_17_many_calls_share_one_connection(served: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, served.leader)
        for _ in range(20):
            assert (await framework.call("REVIVE")).status == 202
            wrong = await framework.calls.ask(SCHEDULER, b"{", Content_Type=JSON)
            assert wrong.status == 400
            version = await framework.calls.ask("/version", method="GET")
            assert version.status == 200
        await framework.call("TEARDOWN")

    served.tell(story)
