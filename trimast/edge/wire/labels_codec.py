"""Labels <-> mesos.v1.Labels."""

from collections.abc import Iterable

from protos.mesos.v1 import mesos_pb2


def labels_from_proto(message: mesos_pb2.Labels) -> tuple[tuple[str, str], ...]:
    return tuple((label.key, label.value) for label in message.labels)


def labels_to_proto(labels: Iterable[tuple[str, str]]) -> mesos_pb2.Labels:
    return mesos_pb2.Labels(labels=[mesos_pb2.Label(key=key, value=value) for key, value in labels])
