"""ImageInfo <-> what mesos.v1.ContainerInfo says of images and volumes."""

import re
from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.network_codec import network_from_proto, network_to_proto
from trimast.model.container import ImageInfo, Network, Volume

_Container = mesos_pb2.ContainerInfo
_Docker = mesos_pb2.ContainerInfo.DockerInfo
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,511}")
_DEVICE: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._/=-]{0,255}")
_NETWORKS: Final = {_Docker.HOST: Network.HOST, _Docker.NONE: Network.NONE}
_KNOWN_OF_DOCKER: Final = {"image", "network", "parameters", "force_pull_image", "privileged"}
_KNOWN_OF_VOLUME: Final = {"container_path", "host_path", "mode"}
_DEVICE_KEY: Final = "device"


def image_from_proto(message: mesos_pb2.ContainerInfo) -> ImageInfo | None:
    """Raises BadMessage."""
    if message.type == _Container.DOCKER:
        return _of_docker(message)
    if message.HasField("docker"):
        raise BadMessage("Task's container has docker, and so must be of type DOCKER")
    if message.mesos.HasField("image"):
        return _of_mesos(message)
    if message.volumes:
        raise BadMessage("Task's container has volumes, and so must name an image")
    return None


def image_to_proto(image: ImageInfo, message: mesos_pb2.ContainerInfo) -> None:
    if image.is_docker:
        message.type = _Container.DOCKER
        docker = message.docker
        docker.image = image.name
        docker.network = _Docker.NONE if image.network is Network.NONE else _Docker.HOST
        docker.force_pull_image = image.always_pull
        for device in image.devices:
            docker.parameters.add(key=_DEVICE_KEY, value=device)
    else:
        asked = message.mesos.image
        asked.type = mesos_pb2.Image.DOCKER
        asked.docker.name = image.name
        asked.cached = not image.always_pull
        network_to_proto(image.network, message)
    for volume in image.volumes:
        message.volumes.add(
            container_path=volume.container_path,
            host_path=volume.host_path,
            mode=mesos_pb2.Volume.RO if volume.read_only else mesos_pb2.Volume.RW,
        )


def _of_docker(message: mesos_pb2.ContainerInfo) -> ImageInfo:
    if not message.HasField("docker"):
        raise BadMessage("Task's container is of type DOCKER, and so must have docker")
    docker = message.docker
    for field, _ in docker.ListFields():
        if field.name not in _KNOWN_OF_DOCKER:
            raise BadMessage(f"Task's docker uses {field.name}, which is not supported yet")
    if docker.privileged:
        raise BadMessage("Task's docker must not be privileged")
    return ImageInfo(
        _name(docker.image),
        is_docker=True,
        network=_network(message),
        always_pull=docker.force_pull_image,
        devices=tuple(_device(parameter) for parameter in docker.parameters),
        volumes=_volumes(message),
    )


def _of_mesos(message: mesos_pb2.ContainerInfo) -> ImageInfo:
    image = message.mesos.image
    if image.type != mesos_pb2.Image.DOCKER or not image.HasField("docker"):
        raise BadMessage("Task's image must be of type DOCKER")
    for field, _ in image.docker.ListFields():
        if field.name != "name":
            raise BadMessage(f"Task's image uses {field.name}, which is not supported yet")
    return ImageInfo(
        _name(image.docker.name),
        network=network_from_proto(message),
        always_pull=not image.cached,
        volumes=_volumes(message),
    )


def _network(message: mesos_pb2.ContainerInfo) -> Network:
    """What docker says counts; without a word of it, what all containers may say."""
    if not message.docker.HasField("network"):
        return network_from_proto(message)
    network = _NETWORKS.get(message.docker.network)
    if network is None:
        raise BadMessage("Task's docker must have the network HOST or NONE")
    if message.network_infos and network_from_proto(message) is not network:
        raise BadMessage("Task's docker and network_infos name different networks")
    return network


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadMessage(f"Task's image must be a name like docker.io/library/alpine:3: {name!r}")
    return name


def _device(parameter: mesos_pb2.Parameter) -> str:
    if parameter.key != _DEVICE_KEY:
        raise BadMessage(f"Task's docker has parameter {parameter.key!r}; there is only 'device'")
    if not _DEVICE.fullmatch(parameter.value):
        raise BadMessage(
            f"Task's device must be a name like /dev/nvidia0 or nvidia.com/gpu=0:"
            f" {parameter.value!r}"
        )
    return parameter.value


def _volumes(message: mesos_pb2.ContainerInfo) -> tuple[Volume, ...]:
    volumes = tuple(_volume(volume) for volume in message.volumes)
    places = {volume.container_path.rstrip("/") for volume in volumes}
    if len(places) < len(volumes):
        raise BadMessage("Task's volumes have the same container_path twice")
    return volumes


def _volume(message: mesos_pb2.Volume) -> Volume:
    for field, _ in message.ListFields():
        if field.name not in _KNOWN_OF_VOLUME:
            raise BadMessage(f"Task's volume uses {field.name}, which is not supported yet")
    for what, path in (
        ("container_path", message.container_path),
        ("host_path", message.host_path),
    ):
        if not path or not path.isprintable() or set(path) & set(",:\"'"):
            raise BadMessage(f"Task's volume must have a {what} without any of , : \" ': {path!r}")
        if ".." in path.split("/") or not path.strip("/."):
            raise BadMessage(f"Task's volume must have a {what} that leads somewhere: {path!r}")
    return Volume(message.container_path, message.host_path, message.mode == mesos_pb2.Volume.RO)
