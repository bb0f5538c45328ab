"""Frameworks on the wire."""

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.framework_codec import framework_info_from_proto, framework_info_to_proto
from trimast.model.framework import FrameworkInfo

ONE_ROLE = FrameworkInfo(
    name="n",
    user="u",
    failover_timeout_ms=1_500,
    checkpoint=True,
    roles=("eng/web",),
    capabilities=frozenset({"PARTITION_AWARE"}),
    principal="p",
    hostname="h",
    webui_url="http://x",
    labels=(("k", "v"),),
)
MANY_ROLES = FrameworkInfo(
    name="n", roles=("a", "b"), capabilities=frozenset({"MULTI_ROLE", "GPU_RESOURCES"})
)


@pytest.mark.parametrize("info", [ONE_ROLE, MANY_ROLES, FrameworkInfo(name="plain")])
def test_a_framework_comes_back_as_it_went(info: FrameworkInfo) -> None:
    assert framework_info_from_proto(framework_info_to_proto(info)) == info


@pytest.mark.parametrize("role", ["", "a b", "/a", "a/", "a//b", ".", "a/..", "-x", "a/*", "a\tb"])
def test_a_role_that_cannot_be_is_refused(role: str) -> None:
    message = framework_info_to_proto(MANY_ROLES)
    message.roles.append(role)
    with pytest.raises(BadMessage, match="role"):
        framework_info_from_proto(message)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_failover_timeout_out_of_bounds_is_refused(seconds: float) -> None:
    message = mesos_pb2.FrameworkInfo(user="u", name="n", failover_timeout=seconds)
    with pytest.raises(BadMessage, match="failover_timeout is between 0 and"):
        framework_info_from_proto(message)


def test_a_role_named_twice_is_refused() -> None:
    message = framework_info_to_proto(MANY_ROLES)
    message.roles.append("a")
    with pytest.raises(BadMessage, match="names a role twice"):
        framework_info_from_proto(message)
