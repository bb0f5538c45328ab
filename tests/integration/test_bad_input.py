"""Bad input: a clear answer, the process stays up, and nobody else notices."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import grpc.aio
import pytest

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from protos.trimast.v1 import agent_link_pb2, agent_link_pb2_grpc, scheduler_link_pb2_grpc
from tests.integration.conftest import StartCluster
from tests.integration.registry_client import subscription
from trimast.cli.local_cluster.cluster_file import ClusterFile
from trimast.cli.local_cluster.lifecycle import bring_down, cluster_in
from trimast.edge.grpc_channel import open_channel


def trimast(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "trimast.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def assert_serves(cluster: ClusterFile) -> None:
    """Every process is alive, and a task still runs through all of them."""
    assert len(cluster_in(cluster.folder).alive) == len(cluster.members)
    masters = ",".join(cluster.master_addresses)
    done = trimast("run", "--master", masters, "--", "true")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("process", ["master", "agent"])
def test_an_unknown_flag_is_named(process: str) -> None:
    done = trimast(process, "--no-such-flag", "1")
    assert done.returncode == 2
    assert "--no-such-flag" in done.stderr


def test_a_missing_setting_is_named() -> None:
    done = trimast("master")
    assert done.returncode == 2
    assert "--data-dir" in done.stderr


@pytest.mark.parametrize("flag", ["--http-port", "--grpc-port"])
def test_a_port_in_use_is_named_and_ends_the_start(tmp_path: Path, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ports = {"--http-port": "0", "--grpc-port": "0", flag: port}
        flags = [text for pair in ports.items() for text in pair]
        done = trimast("master", "--data-dir", str(tmp_path / "m1"), *flags)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "address already in use" in done.stderr


def test_a_data_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a directory")
    done = trimast("master", "--data-dir", str(in_the_way), "--http-port", "0", "--grpc-port", "0")
    assert done.returncode == 1
    assert str(in_the_way) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_directory_of_another_cluster_is_refused(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=0)
    bring_down(cluster.folder)
    own = ["--id", "m1", "--data-dir", str(cluster.folder / "m1"), "--http-port", "0"]
    done = trimast("master", *own, "--grpc-port", "0", "--cluster", "another")
    assert done.returncode == 1
    assert cluster.name in done.stderr
    assert "another" in done.stderr


def test_garbage_on_every_port_is_survived(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=3, agents=1)
    addresses = [address for m in cluster.masters for address in (m.http, m.grpc, m.raft)]
    addresses += [agent.http for agent in cluster.agents]
    garbage = [
        b"\x00" * 64,
        b"\xff" * 1024,
        os.urandom(4096),
        b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /%00%ff/../.. HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\xff\xff" + b"\x09" * 64,
        b"\x7f\xff\xff\xff" + b"a" * 100,
    ]
    for address in addresses:
        host, _, port = address.rpartition(":")
        for data in garbage:
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.settimeout(0.2)
                try:
                    connection.sendall(data)
                    connection.recv(65_536)
                except OSError:
                    pass  # However it takes it: hanging up is an answer too.
    assert_serves(cluster)


async def answer_to(cluster: ClusterFile, *calls: scheduler_pb2.Call) -> tuple[object, str]:
    """The status and text with which a stream of these calls ends."""
    async with open_channel(cluster.masters[0].grpc) as channel:
        stream = scheduler_link_pb2_grpc.SchedulerLinkStub(channel).Subscribe(timeout=10)
        try:
            for call in calls:
                await stream.write(call)
            async for _ in stream:
                pass
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass
        return await stream.code(), await stream.details() or ""


def test_calls_that_make_no_sense_are_answered_by_name(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    strangers_call = scheduler_pb2.Call(type=scheduler_pb2.Call.REVIVE)
    strangers_call.framework_id.value = "stranger"
    not_subscribed = scheduler_pb2.Call(type=scheduler_pb2.Call.REVIVE)
    no_body = scheduler_pb2.Call(type=scheduler_pb2.Call.SUBSCRIBE)
    bad_roles = subscription("roles")
    bad_roles.subscribe.framework_info.roles.append("a")
    bad_id = subscription("..")
    not_built = scheduler_pb2.Call(type=scheduler_pb2.Call.UNKNOWN)
    expected = {
        "Framework is not subscribed": (not_subscribed,),
        "Expecting 'type' to be present": (scheduler_pb2.Call(),),
        "Expecting 'subscribe' to be present": (no_body,),
        "must not be set without the MULTI_ROLE": (bad_roles,),
        "framework id: '..' cannot be an id": (bad_id,),
        "Framework cannot be found": (subscription("known"), strangers_call),
        "UNKNOWN calls are not supported yet": (subscription("other"), not_built),
        "subscribed already": (subscription("twice"), subscription("twice")),
    }
    for text, calls in expected.items():
        status, details = asyncio.run(answer_to(cluster, *calls))
        assert status == grpc.StatusCode.INVALID_ARGUMENT
        assert text in details
    assert_serves(cluster)


def test_an_oversized_message_ends_its_own_stream_only(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)
    huge = subscription("huge")
    huge.subscribe.framework_info.webui_url = "x" * (5 * 1024 * 1024)

    async def story() -> object:
        options = [("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(cluster.masters[0].grpc, options=options) as channel:
            stream = scheduler_link_pb2_grpc.SchedulerLinkStub(channel).Subscribe(timeout=10)
            try:
                await stream.write(huge)
                async for _ in stream:
                    pass
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass
            return await stream.code()

    assert asyncio.run(story()) == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert_serves(cluster)


def test_a_stranger_on_the_agents_door_is_told_why(start_cluster: StartCluster) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story(message: agent_link_pb2.AgentMessage) -> tuple[object, str]:
        async with open_channel(cluster.masters[0].grpc) as channel:
            stream = agent_link_pb2_grpc.AgentLinkStub(channel).Connect(timeout=10)
            try:
                await stream.write(message)
                async for _ in stream:
                    pass
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass
            return await stream.code(), await stream.details() or ""

    no_hello = agent_link_pb2.AgentMessage(pong=agent_link_pb2.Pong())
    status, details = asyncio.run(story(no_hello))
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert "the first message of an agent is its hello" in details
    greedy = agent_link_pb2.AgentMessage()
    greedy.hello.info.hostname = "x"
    greedy.hello.info.resources.add(
        name="cpus", type=mesos_pb2.Value.SCALAR, scalar=mesos_pb2.Value.Scalar(value=1e300)
    )
    status, details = asyncio.run(story(greedy))
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert "resource 'cpus' is at most" in details
    assert_serves(cluster)


def test_a_task_that_wants_more_than_offered_is_an_error_and_the_offer_is_free_again(
    start_cluster: StartCluster,
) -> None:
    cluster = start_cluster(masters=1, agents=1)

    async def story() -> mesos_pb2.TaskStatus:
        async with open_channel(cluster.masters[0].grpc) as channel:
            stream = scheduler_link_pb2_grpc.SchedulerLinkStub(channel).Subscribe(timeout=20)
            await stream.write(subscription("greedy"))
            async for event in stream:
                if event.type == scheduler_pb2.Event.OFFERS:
                    await stream.write(greedy_accept(event.offers.offers[0]))
                elif event.type == scheduler_pb2.Event.UPDATE:
                    return event.update.status
        raise AssertionError("the stream ended")

    status = asyncio.run(story())
    assert status.state == mesos_pb2.TASK_ERROR
    assert status.reason == mesos_pb2.TaskStatus.REASON_TASK_INVALID
    assert "is more than available cpus:4;disk:1024;mem:2048" in status.message
    assert_serves(cluster)


def greedy_accept(offer: mesos_pb2.Offer) -> scheduler_pb2.Call:
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.ACCEPT)
    call.accept.offer_ids.append(offer.id)
    task = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH).launch.task_infos.add()
    task.name, task.task_id.value = "greedy", "greedy"
    task.agent_id.CopyFrom(offer.agent_id)
    task.command.value = "true"
    task.resources.add(
        name="cpus", type=mesos_pb2.Value.SCALAR, scalar=mesos_pb2.Value.Scalar(value=99)
    )
    return call
