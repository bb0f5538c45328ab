"""Images and volumes, there and back; and what is refused of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.container_codec import container_from_proto, container_to_proto
from trimast.model.container import ContainerInfo, ImageInfo, Network, Volume

Container = mesos_pb2.ContainerInfo
Docker = mesos_pb2.ContainerInfo.DockerInfo

VOLUMES = (Volume("/data", "/srv/data", read_only=True), Volume("cache", "cache"))
OF_DOCKER = ImageInfo(
    "localhost/tiny:1",
    is_docker=True,
    network=Network.NONE,
    always_pull=True,
    devices=("/dev/nvidia0", "nvidia.com/gpu=all"),
    volumes=VOLUMES,
)
OF_MESOS = ImageInfo("alpine@sha256:00", always_pull=True, volumes=VOLUMES)


@pytest.mark.parametrize(
    "image",
    [
        OF_DOCKER,
        OF_MESOS,
        ImageInfo("alpine"),
        ImageInfo("alpine", network=Network.NONE),
        replace(OF_DOCKER, network=Network.HOST, always_pull=False, devices=()),
    ],
)
def test_there_and_back(image: ImageInfo) -> None:
    container = ContainerInfo(image=image)
    assert container_from_proto(container_to_proto(container)) == container


def test_the_network_is_the_machines_if_nothing_else_is_said() -> None:
    message = Container(type=Container.DOCKER, docker=Docker(image="alpine"))
    assert container_from_proto(message).image == ImageInfo("alpine", is_docker=True)


def first_volume(**more: str) -> Callable[[Container], None]:
    def change(message: Container) -> None:
        for name, value in more.items():
            setattr(message.volumes[0], name, value)

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m.ClearField("docker"), "so must have docker"),
        (lambda m: setattr(m, "type", Container.MESOS), "so must be of type DOCKER"),
        (lambda m: setattr(m.docker, "privileged", True), "must not be privileged"),
        (lambda m: setattr(m.docker, "network", Docker.BRIDGE), "network HOST or NONE"),
        (lambda m: setattr(m.docker, "image", "--privileged"), "must be a name like"),
        (lambda m: setattr(m.docker, "image", "a b"), "must be a name like"),
        (lambda m: m.docker.port_mappings.add(host_port=1, container_port=1), "port_mappings"),
        (lambda m: m.docker.parameters.add(key="cap-add", value="ALL"), "there is only 'device'"),
        (lambda m: m.docker.parameters.add(key="device", value="-v"), "must be a name like"),
        (lambda m: m.volumes[0].source.SetInParent(), "volume uses source"),
        (lambda m: m.volumes[0].ClearField("host_path"), "have a host_path"),
        (first_volume(host_path="a:b"), "have a host_path without"),
        (first_volume(host_path="/srv/../etc"), "host_path that leads somewhere"),
        (first_volume(container_path="/"), "container_path that leads somewhere"),
        (first_volume(container_path="cache/"), "same container_path twice"),
    ],
)
def test_what_cannot_be_is_refused(change: Callable[[Container], None], fault: str) -> None:
    message = container_to_proto(ContainerInfo(image=OF_DOCKER))
    change(message)
    with pytest.raises(BadMessage, match=fault):
        container_from_proto(message)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: setattr(m.mesos.image, "type", mesos_pb2.Image.APPC), "of type DOCKER"),
        (lambda m: m.mesos.image.docker.config.SetInParent(), "image uses config"),
        (lambda m: m.mesos.ClearField("image"), "so must name an image"),
    ],
)
def test_what_cannot_be_as_with_mesos_is_refused(
    change: Callable[[Container], None], fault: str
) -> None:
    message = container_to_proto(ContainerInfo(image=OF_MESOS))
    change(message)
    with pytest.raises(BadMessage, match=fault):
        container_from_proto(message)
