"""Which network is asked for, in the fields that Mesos has for it."""

from collections.abc import Callable

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.container_codec import container_from_proto
from trimast.edge.wire.network_codec import network_from_proto
from trimast.model.container import Network

Container = mesos_pb2.ContainerInfo
Docker = mesos_pb2.ContainerInfo.DockerInfo
Info = mesos_pb2.NetworkInfo


@pytest.mark.parametrize(
    ("infos", "network"),
    [
        ([], Network.HOST),
        ([Info()], Network.HOST),
        ([Info(name="host")], Network.HOST),
        ([Info(name="none")], Network.NONE),
    ],
)
def test_the_machines_own_or_none(infos: list[Info], network: Network) -> None:
    assert network_from_proto(Container(network_infos=infos)) is network


@pytest.mark.parametrize(
    ("infos", "fault"),
    [
        ([Info(), Info()], "more than one network"),
        ([Info(name="bridge")], "must be 'host' or 'none', not 'bridge'"),
        ([Info(port_mappings=[Info.PortMapping(host_port=1, container_port=2)])], "port_mappings"),
    ],
)
def test_others_are_refused(infos: list[Info], fault: str) -> None:
    with pytest.raises(BadMessage, match=fault):
        network_from_proto(Container(network_infos=infos))


def of_docker(change: Callable[[Docker], None]) -> Container:
    docker = Docker(image="alpine")
    change(docker)
    return Container(type=Container.DOCKER, docker=docker, network_infos=[Info(name="none")])


def test_what_docker_leaves_out_is_said_there() -> None:
    image = container_from_proto(of_docker(lambda docker: None)).image
    assert image is not None
    assert image.network is Network.NONE


def test_docker_must_not_say_otherwise() -> None:
    with pytest.raises(BadMessage, match="name different networks"):
        container_from_proto(of_docker(lambda docker: setattr(docker, "network", Docker.HOST)))
