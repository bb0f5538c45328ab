"""A framework that speaks protobuf over HTTP: every event is of the fields that Mesos has."""

import asyncio
from collections.abc import Awaitable, Callable

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.conformance.strict_client import Answer, Client, Connection
from tests.conformance.told import leader_and_follower
from tests.integration.conftest import StartCluster

PATH = "/api/v1/scheduler"
PROTOBUF = "application/x-protobuf"
Event = scheduler_pb2.Event
Call = scheduler_pb2.Call


def check_fields(message: Message) -> None:
    """Nothing that Mesos does not know, and nothing missing."""
    assert message.IsInitialized()
    assert len(UnknownFieldSet(message)) == 0
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for each in value if field.is_repeated else (value,):
                check_fields(each)


class Framework:
    def __init__(self, stream: Connection, calls: Connection, stream_id: str) -> None:
        self._stream = stream
        self._calls = calls
        self._stream_id = stream_id
        self.framework_id = ""

    @classmethod
    async def subscribe(cls, client: Client, address: str) -> "Framework":
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.user = "root"
        call.subscribe.framework_info.name = "protobuf"
        call.subscribe.framework_info.checkpoint = True
        call.subscribe.framework_info.failover_timeout = 60.0
        stream = await client.open(address)
        status, headers = await stream.begin(
            PATH, call.SerializeToString(), Content_Type=PROTOBUF, Accept=PROTOBUF
        )
        assert (status, headers["Content-Type"]) == (200, PROTOBUF)
        assert "Content-Length" not in headers
        framework = cls(stream, await client.open(address), headers["Mesos-Stream-Id"])
        subscribed = await framework.event(Event.SUBSCRIBED)
        framework.framework_id = subscribed.subscribed.framework_id.value
        return framework

    async def event(self, kind: "Event.Type.ValueType") -> scheduler_pb2.Event:
        """The next of this kind; all are looked at."""
        while True:
            event = Event.FromString(await self._stream.record())
            check_fields(event)
            if event.type == kind:
                return event

    async def say(
        self, kind: "Call.Type.ValueType", fill: Callable[[scheduler_pb2.Call], None]
    ) -> Answer:
        call = Call(type=kind)
        call.framework_id.value = self.framework_id
        fill(call)
        return await self.say_bytes(call.SerializeToString())

    async def say_bytes(self, data: bytes) -> Answer:
        return await self._calls.ask(
            PATH, data, Content_Type=PROTOBUF, Mesos_Stream_Id=self._stream_id
        )


def launching(offer: mesos_pb2.Offer, name: str, command: str) -> Callable[[Call], None]:
    def fill(call: scheduler_pb2.Call) -> None:
        call.accept.offer_ids.add().CopyFrom(offer.id)
        operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
        task = operation.launch.task_infos.add(name=name)
        task.task_id.value = name
        task.agent_id.CopyFrom(offer.agent_id)
        cpus = task.resources.add(name="cpus", type=mesos_pb2.Value.SCALAR)
        cpus.scalar.value = 0.1
        task.command.value = command

    return fill


def acknowledging(status: mesos_pb2.TaskStatus) -> Callable[[Call], None]:
    def fill(call: scheduler_pb2.Call) -> None:
        call.acknowledge.agent_id.CopyFrom(status.agent_id)
        call.acknowledge.task_id.CopyFrom(status.task_id)
        call.acknowledge.uuid = status.uuid

    return fill


def killing(call: scheduler_pb2.Call) -> None:
    call.kill.task_id.value = "runs"


def asking_how_it_is(call: scheduler_pb2.Call) -> None:
    call.reconcile.tasks.add().task_id.value = "runs"


def test_the_life_of_a_task_in_protobuf(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=1)

    async def story(client: Client) -> None:
        leader, _ = await leader_and_follower(client, cluster)
        framework = await Framework.subscribe(client, leader)
        offer = (await framework.event(Event.OFFERS)).offers.offers[0]
        launched = await framework.say(Call.ACCEPT, launching(offer, "runs", "sleep 60"))
        assert (launched.status, launched.body) == (202, b"")
        status = (await framework.event(Event.UPDATE)).update.status
        while status.state != mesos_pb2.TASK_RUNNING:
            assert len(status.uuid) == 16
            await framework.say(Call.ACKNOWLEDGE, acknowledging(status))
            status = (await framework.event(Event.UPDATE)).update.status
        assert (await framework.say(Call.ACKNOWLEDGE, acknowledging(status))).status == 202
        await framework.say(Call.RECONCILE, asking_how_it_is)
        known = (await framework.event(Event.UPDATE)).update.status
        assert known.reason == mesos_pb2.TaskStatus.REASON_RECONCILIATION
        assert (known.state, known.uuid) == (mesos_pb2.TASK_RUNNING, b"")
        await framework.say(Call.KILL, killing)
        killed = (await framework.event(Event.UPDATE)).update.status
        assert (killed.state, killed.agent_id) == (mesos_pb2.TASK_KILLED, offer.agent_id)
        await framework.say(Call.ACKNOWLEDGE, acknowledging(killed))
        assert (await framework.say(Call.TEARDOWN, lambda call: None)).status == 202

    asyncio.run(_with_client(story))


def test_a_string_that_is_no_text_is_refused(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story(client: Client) -> None:
        framework = await Framework.subscribe(client, cluster.masters[0].http)
        offer = (await framework.event(Event.OFFERS)).offers.offers[0]
        call = Call(type=Call.ACCEPT)
        call.framework_id.value = framework.framework_id
        launching(offer, "spoil", "true")(call)
        answer = await framework.say_bytes(
            call.SerializeToString().replace(b"spoil", b"sp\xff\xfel")
        )
        assert answer.status == 400
        assert b"accept.operations.launch.task_infos.name' is not valid UTF-8" in answer.body
        # Nothing came of it: the offer stands.
        assert (await framework.say(Call.ACCEPT, launching(offer, "good", "true"))).status == 202
        assert (await framework.event(Event.UPDATE)).update.status.task_id.value == "good"

    asyncio.run(_with_client(story))


async def _with_client(story: Callable[[Client], Awaitable[None]]) -> None:
    async with Client() as client:
        await story(client)
