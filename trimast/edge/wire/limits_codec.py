"""A task's limits <-> the map of scalars in mesos.v1.TaskInfo, with Infinity for no limit."""

import math
from collections.abc import Mapping, MutableMapping
from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.resources import SCALAR_MILLI_MAX, Resources, milli_text
from trimast.model.task import Limits

LIMITED: Final = ("cpus", "mem")


def limits_from_proto(limits: Mapping[str, mesos_pb2.Value.Scalar], resources: Resources) -> Limits:
    """
    Raises:
        BadMessage: of something that cannot be limited, or below what the task asks for.
    """
    return tuple((name, _milli(name, limits[name].value, resources)) for name in sorted(limits))


def limits_to_proto(limits: Limits, messages: MutableMapping[str, mesos_pb2.Value.Scalar]) -> None:
    for name, milli in limits:
        messages[name].value = math.inf if milli is None else milli / 1000


def _milli(name: str, value: float, resources: Resources) -> int | None:
    if name not in LIMITED:
        raise BadMessage(f"Task has a limit of {name!r}; only cpus and mem can have one")
    asked_milli = resources.amounts.scalar_milli(name)
    if not asked_milli:
        raise BadMessage(f"Task has a limit of {name!r}, of which it uses none")
    if value == math.inf:
        return None
    if math.isnan(value) or value * 1000 > SCALAR_MILLI_MAX:
        raise BadMessage(
            f"Task's limit of {name!r} is at most {SCALAR_MILLI_MAX // 1000}, or Infinity,"
            f" not {value}"
        )
    milli = round(max(value, 0.0) * 1000)
    if milli < asked_milli:
        raise BadMessage(
            f"Task's limit of {name!r}, {value}, is below what it uses, {milli_text(asked_milli)}"
        )
    return milli
