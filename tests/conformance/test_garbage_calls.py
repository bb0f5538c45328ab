"""Calls that make no sense although they can be read: a named answer, and nobody else notices.

The numbers are those of the list of bad inputs that every part is tried with.
"""

import asyncio
from typing import Any

import pytest

from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.hostile import unharmed
from tests.conformance.strict_client import JSON, Client, StreamEnded, as_json
from tests.conformance.told import (
    FRAMEWORK,
    PROTOBUF,
    SCHEDULER,
    Framework,
    Served,
    a_task,
    subscribe,
)

AWARE = {"capabilities": [{"type": "PARTITION_AWARE"}]}


def scalar(name: str, value: object) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}


def ranges(*spans: tuple[int, int]) -> dict[str, Any]:
    found = [{"begin": first, "end": last} for first, last in spans]
    return {"name": "ports", "type": "RANGES", "ranges": {"range": found}}


async def launched(framework: Framework, **changes: object) -> dict[str, Any]:
    """The first status of a task that differs so from a good one."""
    offer = await framework.offer()
    task = {**a_task(offer, "sleep 60"), **changes}
    await framework.launch(task, offer)
    while True:
        status = await framework.next_status()
        if status["task_id"] == task["task_id"]:
            return status


async def calm(framework: Framework) -> None:
    """What is good still works."""
    assert (await framework.call("REVIVE")).status == 202
    assert (await launched(framework))["state"] in {"TASK_STARTING", "TASK_RUNNING"}
    assert (await framework.call("TEARDOWN")).status == 202


@pytest.mark.parametrize(
    "resources",
    [
        [scalar("cpus", -1)],
        [scalar("cpus", 0)],
        [scalar("cpus", 1e308)],
        [scalar("cpus", "NaN")],
        [scalar("cpus", "Infinity")],
        [scalar("cpus", 0.0001)],
        [scalar("gpus", 0.5), scalar("cpus", 0.1)],
        [scalar("mem", 1e18)],
        [ranges((5, 3))],
        [ranges((31_000, 2**64 - 1))],
        [scalar("cpus)(", 0.1)],
        [scalar("", 0.1)],
        [],
    ],
    ids=lambda resources: str(resources)[:60],
)
def test_24_amounts_that_are_none(lone: Served, resources: list[dict[str, Any]]) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        status = await launched(framework, resources=resources)
        assert status["state"] == "TASK_ERROR"
        assert status["reason"] == "REASON_TASK_INVALID"
        assert status["message"]
        assert (await framework.call("REVIVE")).status == 202
        await calm(framework)

    with unharmed(lone):
        lone.tell(story)


def test_24_amounts_that_are_odd_are_rounded_or_joined(lone: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        odd = [
            scalar("cpus", 0.1),
            scalar("mem", "32.00000000000000000001"),
            ranges((31_000, 31_005), (31_003, 31_009)),
        ]
        assert (await launched(framework, resources=odd))["state"] == "TASK_STARTING"
        await framework.call("TEARDOWN")

    lone.tell(story)


@pytest.mark.parametrize(
    "task_id",
    ["", ".", "..", "a/b", "..\\..", "nul\0", "line\nbreak", "esc\x1b[0m", "x" * 4096, "\u202ertl"],
    ids=repr,
)
def test_25_ids_that_would_be_paths_or_worse(lone: Served, task_id: str) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        status = await launched(framework, task_id={"value": task_id})
        assert status["state"] == "TASK_ERROR"
        assert "invalid ID" in status["message"]
        assert (await framework.call("REVIVE")).status == 202
        await calm(framework)
        if task_id:
            stream = await client.open(lone.leader)
            info = {**FRAMEWORK, "id": {"value": task_id}}
            call = {
                "type": "SUBSCRIBE",
                "framework_id": info["id"],
                "subscribe": {"framework_info": info},
            }
            status_code, _ = await stream.begin(SCHEDULER, as_json(call), Content_Type=JSON)
            assert status_code == 200
            assert "framework id" in (await stream.event("ERROR"))["error"]["message"]
            with pytest.raises(StreamEnded):
                await stream.record()

    lone.tell(story)


def test_25_ids_that_only_look_odd_are_just_ids(lone: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        for name in ("%2e%2e", "Same", "same", "a b", "...", "-x", "<script>"):
            status = await launched(framework, task_id={"value": name})
            assert (status["task_id"]["value"], status["state"]) == (name, "TASK_STARTING")
        await framework.call("TEARDOWN")

    lone.tell(story)


def test_26_offers_of_others_and_offers_that_are_gone(lone: Served) -> None:
    async def story(client: Client) -> None:
        owner = await subscribe(client, lone.leader, **AWARE)
        offer = await owner.offer()
        thief = await subscribe(client, lone.leader, **AWARE)
        for offers in ([offer["id"]], [{"value": "never made"}], [], [offer["id"]] * 2):
            task = a_task(offer)
            launch = {"type": "LAUNCH", "launch": {"task_infos": [task]}}
            accept = {"offer_ids": offers, "operations": [launch]}
            assert (await thief.call("ACCEPT", accept=accept)).status == 202
            status = await thief.next_status()
            assert (status["state"], status["reason"]) == ("TASK_DROPPED", "REASON_INVALID_OFFERS")
            assert "uuid" not in status
        await thief.call("DECLINE", decline={"offer_ids": [offer["id"]]})
        # It is still the owner's: once.
        task = a_task(offer, "sleep 60")
        await owner.launch(task, offer)
        assert (await owner.next_status())["state"] == "TASK_STARTING"
        await owner.launch(a_task(offer), offer)
        while (status := await owner.next_status())["task_id"] == task["task_id"]:
            pass
        assert status["state"] == "TASK_DROPPED"
        for framework in (owner, thief):
            await framework.call("TEARDOWN")

    with unharmed(lone):
        lone.tell(story)


def test_27_what_is_anothers_is_left_alone(lone: Served) -> None:
    async def story(client: Client) -> None:
        owner = await subscribe(client, lone.leader, **AWARE)
        offer = await owner.offer()
        await owner.launch(a_task(offer, "sleep 60"), offer)
        own = (await owner.stream.event("UPDATE"))["update"]["status"]
        stranger = await subscribe(client, lone.leader, **AWARE)
        ids = {key: own[key] for key in ("agent_id", "task_id")}
        executor = {"agent_id": own["agent_id"], "executor_id": own["executor_id"]}
        for kind, body in (
            ("KILL", ids),
            ("ACKNOWLEDGE", {**ids, "uuid": own["uuid"]}),
            ("MESSAGE", {**executor, "data": "eA=="}),
            ("SHUTDOWN", executor),
        ):
            answer = await stranger.call(kind, **{kind.lower(): body})
            assert answer.status == 202
        told = (await stranger.stream.event("UPDATE"))["update"]["status"]
        assert (told["state"], told["task_id"]) == ("TASK_GONE", own["task_id"])
        # In its name, over a stream of one's own: refused.
        forged = {"framework_id": {"value": owner.framework_id}, "type": "KILL", "kill": ids}
        answer = await stranger.calls.ask(
            SCHEDULER, as_json(forged), Content_Type=JSON, Mesos_Stream_Id=stranger.stream_id
        )
        assert answer.status == 400
        acknowledged = {key: own[key] for key in ("agent_id", "task_id", "uuid")}
        await owner.call("ACKNOWLEDGE", acknowledge=acknowledged)
        assert (await owner.status_of("TASK_RUNNING"))["task_id"] == own["task_id"]
        await owner.call("KILL", kill=ids)
        assert (await owner.status_of("TASK_KILLED"))["task_id"] == own["task_id"]
        for framework in (owner, stranger):
            await framework.call("TEARDOWN")

    with unharmed(lone):
        lone.tell(story)


async def say(framework: Framework, call: scheduler_pb2.Call) -> tuple[int, bytes]:
    call.framework_id.value = framework.framework_id
    answer = await framework.calls.ask(
        SCHEDULER,
        call.SerializeToString(),
        Content_Type=PROTOBUF,
        Mesos_Stream_Id=framework.stream_id,
    )
    return answer.status, answer.body


def test_28_too_many_of_anything(lone: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        accept = scheduler_pb2.Call(type=scheduler_pb2.Call.ACCEPT)
        launch = accept.accept.operations.add(type="LAUNCH").launch
        for count, why in ((20_000, b"at most 10000"), (80_000, b"more than 150000 messages")):
            for _ in range(count):
                task = launch.task_infos.add(name="x")
                task.task_id.value = task.agent_id.value = "x"
            status, text = await say(framework, accept)
            assert (status, why in text) == (400, True)
        reconcile = scheduler_pb2.Call(type=scheduler_pb2.Call.RECONCILE)
        for _ in range(50_001):
            reconcile.reconcile.tasks.add().task_id.value = "x"
        status, text = await say(framework, reconcile)
        assert (status, b"at most 50000" in text) == (400, True)
        del reconcile.reconcile.tasks[20_000:]
        told = asyncio.create_task(_answers(framework, 20_000))
        assert (await say(framework, reconcile))[0] == 202
        await told
        message = scheduler_pb2.Call(type=scheduler_pb2.Call.MESSAGE)
        message.message.agent_id.value = message.message.executor_id.value = "x"
        message.message.data = b"x" * (10 * 1024 * 1024)
        assert (await say(framework, message))[0] == 413
        await framework.call("TEARDOWN")

    lone.tell(story)
    with unharmed(lone):
        lone.tell(story)


async def _answers(framework: Framework, count: int) -> None:
    for _ in range(count):
        await framework.stream.event("UPDATE")


@pytest.mark.parametrize(
    "info",
    [
        {"role": "../x"},
        {"role": "-x"},
        {"role": "a//b"},
        {"role": "a/*"},
        {"role": "a b"},
        {"roles": ["a"]},
        {"capabilities": [{"type": "MULTI_ROLE"}], "roles": ["a", "a"]},
        {"capabilities": [{"type": "MULTI_ROLE"}], "role": "a"},
        {"failover_timeout": -1},
        {"failover_timeout": 1e300},
    ],
    ids=str,
)
def test_29_frameworks_that_are_not_taken(lone: Served, info: dict[str, object]) -> None:
    async def story(client: Client) -> None:
        stream = await client.open(lone.leader)
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {**FRAMEWORK, **info}}}
        status, _ = await stream.begin(SCHEDULER, as_json(call), Content_Type=JSON)
        assert status == 200
        assert (await stream.event("ERROR"))["error"]["message"]
        with pytest.raises(StreamEnded):
            await stream.record()

    lone.tell(story)


def test_29_a_principal_does_not_change(lone: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, principal="one")
        stream = await client.open(lone.leader)
        info = {**FRAMEWORK, "principal": "two", "id": {"value": framework.framework_id}}
        call = {
            "type": "SUBSCRIBE",
            "framework_id": info["id"],
            "subscribe": {"framework_info": info},
        }
        await stream.begin(SCHEDULER, as_json(call), Content_Type=JSON)
        assert "principal" in (await stream.event("ERROR"))["error"]["message"]
        assert (await framework.call("TEARDOWN")).status == 202

    lone.tell(story)


def test_29_a_user_whom_the_agent_does_not_know(lone: Served) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, user="nobody-knows-me")
        status = await launched(framework)
        while status["state"] != "TASK_FAILED":
            status = await framework.next_status()
        assert "nobody-knows-me" in status["message"]
        await framework.call("TEARDOWN")

    lone.tell(story)


@pytest.mark.parametrize("seconds", [-1, 1e300, "NaN", "Infinity", "-Infinity", 1e-300])
def test_30_filters_that_make_no_sense(lone: Served, seconds: object) -> None:
    async def story(client: Client) -> None:
        framework = await subscribe(client, lone.leader, **AWARE)
        offer = await framework.offer()
        decline = {"offer_ids": [offer["id"]], "filters": {"refuse_seconds": seconds}}
        assert (await framework.call("DECLINE", decline=decline)).status == 202
        assert (await framework.call("REVIVE")).status == 202
        await framework.offer()
        await framework.call("TEARDOWN")

    with unharmed(lone):
        lone.tell(story)
