"""Checks there and back, and what is wrong with one."""

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.check_codec import (
    check_from_proto,
    check_result_from_proto,
    check_result_to_proto,
    check_to_proto,
    health_check_from_proto,
    health_check_to_proto,
)
from trimast.model.checks import Check, CheckResult, HealthCheck, Probe, ProbeKind
from trimast.model.command import CommandInfo

PROBES = [
    Probe(ProbeKind.COMMAND, CommandInfo("true")),
    Probe(ProbeKind.HTTP, port=80, path="/health"),
    Probe(ProbeKind.TCP, port=5432),
]


@pytest.mark.parametrize("probe", PROBES)
def test_there_and_back(probe: Probe) -> None:
    check = Check(probe, delay_ms=1_500, interval_ms=1, timeout_ms=0)
    assert check_from_proto(check_to_proto(check)) == check
    health = HealthCheck(check, failures_max=5, grace_ms=7)
    assert health_check_from_proto(health_check_to_proto(health)) == health


def test_the_scheme_and_the_statuses_of_a_health_check() -> None:
    probe = Probe(ProbeKind.HTTP, port=443, scheme="https", statuses=(200, 204))
    health = HealthCheck(Check(probe))
    assert health_check_from_proto(health_check_to_proto(health)) == health


def test_what_is_not_said_is_as_mesos_has_it() -> None:
    message = mesos_pb2.HealthCheck()
    message.http.port = 80
    found = health_check_from_proto(message)
    assert found == HealthCheck(Check(Probe(ProbeKind.HTTP, port=80)))
    assert (found.check.delay_ms, found.check.interval_ms) == (15_000, 10_000)
    assert (found.check.timeout_ms, found.failures_max, found.grace_ms) == (20_000, 3, 10_000)


@pytest.mark.parametrize(
    "result",
    [
        CheckResult(ProbeKind.COMMAND),
        CheckResult(ProbeKind.COMMAND, exit_code=0),
        CheckResult(ProbeKind.HTTP, status_code=404),
        CheckResult(ProbeKind.TCP, succeeded=False),
    ],
)
def test_results_there_and_back(result: CheckResult) -> None:
    assert check_result_from_proto(check_result_to_proto(result)) == result


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "HealthCheck must specify 'type'"),
        ({"type": 3}, "Expecting 'tcp' to be set for TCP health check"),
        ({"type": 3, "tcp": {"port": 1}, "http": {"port": 1}}, "'http' to be unset for TCP"),
        ({"type": 3, "tcp": {"port": 70_000}}, "'port' to be from 1 to 65535, not 70000"),
        ({"http": {"port": 1, "scheme": "ftp"}}, "Unsupported HTTP health check scheme: 'ftp'"),
        ({"http": {"port": 1, "path": "x"}}, "The path 'x' of HTTP health check must start"),
        ({"http": {"port": 1}, "delay_seconds": -1}, "'delay_seconds' to be non-negative"),
        ({"http": {"port": 1}, "timeout_seconds": float("nan")}, "'timeout_seconds' to be non"),
        ({"command": {}}, "Health check's command has no value"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(BadMessage, match=fault):
        health_check_from_proto(mesos_pb2.HealthCheck(**fields))  # type: ignore[arg-type]
    with pytest.raises(BadMessage, match="CheckInfo must specify 'type'"):
        check_from_proto(mesos_pb2.CheckInfo())
