"""FrameworkInfo <-> mesos.v1.FrameworkInfo."""

import math

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.labels_codec import labels_from_proto, labels_to_proto
from trimast.model.framework import DEFAULT_ROLE, FrameworkInfo

_FAILOVER_TIMEOUT_S_MAX = 366 * 24 * 60 * 60
_CAPABILITY = mesos_pb2.FrameworkInfo.Capability.Type


def framework_info_from_proto(message: mesos_pb2.FrameworkInfo) -> FrameworkInfo:
    """
    Raises:
        BadMessage: roles do not fit the capabilities, or a value is out of bounds.
    """
    capabilities = frozenset(_CAPABILITY.Name(c.type) for c in message.capabilities)
    timeout_s = message.failover_timeout
    if not math.isfinite(timeout_s) or not 0 <= timeout_s <= _FAILOVER_TIMEOUT_S_MAX:
        raise BadMessage(
            f"failover_timeout is between 0 and {_FAILOVER_TIMEOUT_S_MAX} seconds, not {timeout_s}"
        )
    return FrameworkInfo(
        name=message.name,
        user=message.user,
        failover_timeout_ms=round(timeout_s * 1000),
        checkpoint=message.checkpoint,
        roles=_roles(message, "MULTI_ROLE" in capabilities),
        capabilities=capabilities,
        principal=message.principal,
        hostname=message.hostname,
        webui_url=message.webui_url,
        labels=labels_from_proto(message.labels),
    )


def framework_info_to_proto(info: FrameworkInfo) -> mesos_pb2.FrameworkInfo:
    message = mesos_pb2.FrameworkInfo(
        user=info.user,
        name=info.name,
        failover_timeout=info.failover_timeout_ms / 1000,
        checkpoint=info.checkpoint,
        capabilities=[
            mesos_pb2.FrameworkInfo.Capability(type=_CAPABILITY.Value(name))
            for name in sorted(info.capabilities)
        ],
        principal=info.principal,
        hostname=info.hostname,
        webui_url=info.webui_url,
        labels=labels_to_proto(info.labels),
    )
    if "MULTI_ROLE" in info.capabilities:
        message.roles.extend(info.roles)
    else:
        message.role = info.roles[0]
    return message


def _roles(message: mesos_pb2.FrameworkInfo, is_multi_role: bool) -> tuple[str, ...]:
    if not is_multi_role and message.roles:
        raise BadMessage("'FrameworkInfo.roles' must not be set without the MULTI_ROLE capability")
    if is_multi_role and message.HasField("role"):
        raise BadMessage("'FrameworkInfo.role' must not be set with the MULTI_ROLE capability")
    roles = tuple(message.roles) if is_multi_role else (message.role or DEFAULT_ROLE,)
    if len(set(roles)) != len(roles):
        raise BadMessage("'FrameworkInfo.roles' names a role twice")
    for role in roles:
        fault = _fault_of_role(role)
        if fault is not None:
            raise BadMessage(f"role {role!r} {fault}")
    return roles


def _fault_of_role(role: str) -> str | None:
    if role == DEFAULT_ROLE:
        return None
    if not role or any(char.isspace() or char == "\b" for char in role):
        return "must not be empty and has no white space"
    for part in role.split("/"):
        if part in {"", ".", "..", "*"} or part.startswith("-"):
            return "has a part that is empty, '.', '..', '*' or begins with '-'"
    return None
