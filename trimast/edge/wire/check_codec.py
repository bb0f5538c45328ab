"""Checks and what came of them <-> mesos.v1.CheckInfo, HealthCheck and CheckStatusInfo."""

import math
from typing import Final, assert_never

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.command_codec import command_from_proto, command_to_proto
from trimast.model.checks import Check, CheckResult, HealthCheck, Probe, ProbeKind

_PORT_MAX: Final = 65_535
_SECONDS_MAX: Final = 365 * 24 * 60 * 60
_TYPE_OF_CHECK: Final = {k: mesos_pb2.CheckInfo.Type.Value(k.name) for k in ProbeKind}
_TYPE_OF_HEALTH: Final = {k: mesos_pb2.HealthCheck.Type.Value(k.name) for k in ProbeKind}
_KIND_OF_CHECK: Final = {number: kind for kind, number in _TYPE_OF_CHECK.items()}
_KIND_OF_HEALTH: Final = {number: kind for kind, number in _TYPE_OF_HEALTH.items()}


def check_from_proto(message: mesos_pb2.CheckInfo) -> Check:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    kind = _KIND_OF_CHECK.get(message.type) if message.HasField("type") else None
    if kind is None:
        raise BadMessage("CheckInfo must specify 'type'")
    _require_only(kind, {field.name for field, _ in message.ListFields()}, "check")
    match kind:
        case ProbeKind.COMMAND:
            command = command_from_proto(message.command.command, "Check")
            probe = Probe(kind, command)
        case ProbeKind.HTTP:
            path = _path(message.http.path, "check")
            probe = Probe(kind, port=_port(message.http.port), path=path)
        case ProbeKind.TCP:
            probe = Probe(kind, port=_port(message.tcp.port))
        case _:
            assert_never(kind)
    return _timed(probe, message)


def health_check_from_proto(message: mesos_pb2.HealthCheck) -> HealthCheck:
    """
    Raises:
        BadMessage: with the texts that Mesos clients know, where Mesos has one.
    """
    kind = _kind_of_health_check(message)
    _require_only(kind, {field.name for field, _ in message.ListFields()}, "health check")
    match kind:
        case ProbeKind.COMMAND:
            probe = Probe(kind, command_from_proto(message.command, "Health check"))
        case ProbeKind.HTTP:
            scheme = message.http.scheme or "http"
            if scheme not in {"http", "https"}:
                raise BadMessage(f"Unsupported HTTP health check scheme: '{scheme}'")
            probe = Probe(
                kind,
                port=_port(message.http.port),
                scheme=scheme,
                path=_path(message.http.path, "health check"),
                statuses=tuple(message.http.statuses),
            )
        case ProbeKind.TCP:
            probe = Probe(kind, port=_port(message.tcp.port))
        case _:
            assert_never(kind)
    grace_ms = _ms("grace_period_seconds", message.grace_period_seconds)
    return HealthCheck(_timed(probe, message), max(1, message.consecutive_failures), grace_ms)


def check_to_proto(check: Check) -> mesos_pb2.CheckInfo:
    message = mesos_pb2.CheckInfo(type=_TYPE_OF_CHECK[check.probe.kind])
    probe = check.probe
    if probe.command is not None:
        message.command.command.CopyFrom(command_to_proto(probe.command))
    elif probe.kind is ProbeKind.HTTP:
        message.http.port = probe.port
        if probe.path:
            message.http.path = probe.path
    else:
        message.tcp.port = probe.port
    _put_times(message, check)
    return message


def health_check_to_proto(health: HealthCheck) -> mesos_pb2.HealthCheck:
    probe = health.check.probe
    message = mesos_pb2.HealthCheck(
        type=_TYPE_OF_HEALTH[probe.kind],
        consecutive_failures=health.failures_max,
        grace_period_seconds=health.grace_ms / 1000,
    )
    if probe.command is not None:
        message.command.CopyFrom(command_to_proto(probe.command))
    elif probe.kind is ProbeKind.HTTP:
        message.http.port = probe.port
        message.http.scheme = probe.scheme
        message.http.statuses.extend(probe.statuses)
        if probe.path:
            message.http.path = probe.path
    else:
        message.tcp.port = probe.port
    _put_times(message, health.check)
    return message


def check_result_to_proto(result: CheckResult) -> mesos_pb2.CheckStatusInfo:
    message = mesos_pb2.CheckStatusInfo(type=_TYPE_OF_CHECK[result.kind])
    match result.kind:
        case ProbeKind.COMMAND:
            message.command.SetInParent()
            if result.exit_code is not None:
                message.command.exit_code = result.exit_code
        case ProbeKind.HTTP:
            message.http.SetInParent()
            if result.status_code is not None:
                message.http.status_code = result.status_code
        case ProbeKind.TCP:
            message.tcp.SetInParent()
            if result.succeeded is not None:
                message.tcp.succeeded = result.succeeded
    return message


def check_result_from_proto(message: mesos_pb2.CheckStatusInfo) -> CheckResult | None:
    kind = _KIND_OF_CHECK.get(message.type) if message.HasField("type") else None
    if kind is None:
        return None
    has_exit, has_status = (
        message.command.HasField("exit_code"),
        message.http.HasField("status_code"),
    )
    return CheckResult(
        kind,
        message.command.exit_code if has_exit else None,
        message.http.status_code if has_status else None,
        message.tcp.succeeded if message.tcp.HasField("succeeded") else None,
    )


def _kind_of_health_check(message: mesos_pb2.HealthCheck) -> ProbeKind:
    """Old clients name no type."""
    if message.HasField("type"):
        kind = _KIND_OF_HEALTH.get(message.type)
        if kind is not None:
            return kind
    elif message.HasField("command"):
        return ProbeKind.COMMAND
    elif message.HasField("http"):
        return ProbeKind.HTTP
    raise BadMessage("HealthCheck must specify 'type'")


def _require_only(kind: ProbeKind, present: set[str], what: str) -> None:
    if kind.value not in present:
        raise BadMessage(f"Expecting '{kind.value}' to be set for {kind.name} {what}")
    for other in ProbeKind:
        if other is not kind and other.value in present:
            raise BadMessage(f"Expecting '{other.value}' to be unset for {kind.name} {what}")


def _timed(probe: Probe, message: mesos_pb2.CheckInfo | mesos_pb2.HealthCheck) -> Check:
    return Check(
        probe,
        _ms("delay_seconds", message.delay_seconds),
        _ms("interval_seconds", message.interval_seconds),
        _ms("timeout_seconds", message.timeout_seconds),
    )


def _put_times(message: mesos_pb2.CheckInfo | mesos_pb2.HealthCheck, check: Check) -> None:
    message.delay_seconds = check.delay_ms / 1000
    message.interval_seconds = check.interval_ms / 1000
    message.timeout_seconds = check.timeout_ms / 1000


def _ms(name: str, seconds: float) -> int:
    if not math.isfinite(seconds) or not 0 <= seconds <= _SECONDS_MAX:
        raise BadMessage(f"Expecting '{name}' to be non-negative, and at most {_SECONDS_MAX}")
    return round(seconds * 1000)


def _port(port: int) -> int:
    if not 0 < port <= _PORT_MAX:
        raise BadMessage(f"Expecting 'port' to be from 1 to {_PORT_MAX}, not {port}")
    return port


def _path(path: str, what: str) -> str:
    if path and not path.startswith("/"):
        raise BadMessage(f"The path '{path}' of HTTP {what} must start with '/'")
    return path
