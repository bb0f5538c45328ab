"""The older endpoints' JSON, member by member: what must be there, and what may be."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Shape(NamedTuple):
    must: frozenset[str]
    may: frozenset[str] = frozenset()
    parts: Mapping[str, "Shape"] = {}
    """Members that are lists, by what is in them."""


def shape(must: str, may: str = "", **parts: Shape) -> Shape:
    return Shape(frozenset(must.split()), frozenset(may.split()), parts)


def faults_of(value: Any, expected: Shape, path: str = "") -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    for name in expected.must - value.keys():
        yield f"{path} lacks {name}"
    for name in value.keys() - expected.must - expected.may:
        yield f"{path} has {name}, which is not known"
    for name, part in expected.parts.items():
        for number, one in enumerate(value.get(name, [])):
            yield from faults_of(one, part, f"{path}.{name}[{number}]")


STATUS = shape("state timestamp", "labels container_status healthy")
TASK = shape(
    "id name framework_id executor_id slave_id state resources role statuses",
    "limits user labels discovery container health_check",
    statuses=STATUS,
)
_AGENT_MUST = (
    "id hostname port attributes pid registered_time resources used_resources offered_resources"
    " reserved_resources unreserved_resources active deactivated version capabilities"
)
_FULL = (
    " reserved_resources_full unreserved_resources_full used_resources_full offered_resources_full"
)
AGENT = shape(_AGENT_MUST, "domain reregistered_time drain_info")
AGENT_IN_FULL = shape(_AGENT_MUST + _FULL, "domain reregistered_time drain_info")
OFFER = shape("id framework_id slave_id resources", "allocation_info")
EXECUTOR = shape("executor_id name framework_id command resources", "slave_id role type labels")
FRAMEWORK = shape(
    "id name used_resources offered_resources resources capabilities hostname webui_url active"
    " connected recovered user failover_timeout checkpoint registered_time unregistered_time tasks"
    " unreachable_tasks completed_tasks offers executors",
    "role roles reregistered_time principal labels offer_constraints",
    tasks=TASK,
    unreachable_tasks=TASK,
    completed_tasks=TASK,
    offers=OFFER,
    executors=EXECUTOR,
)
STATE = shape(
    "version build_date build_time build_user start_time elected_time id pid hostname capabilities"
    " activated_slaves deactivated_slaves unreachable_slaves leader leader_info flags slaves"
    " recovered_slaves frameworks completed_frameworks orphan_tasks unregistered_frameworks",
    "cluster git_sha git_branch git_tag domain",
    slaves=AGENT,
    frameworks=FRAMEWORK,
    completed_frameworks=FRAMEWORK,
)
SLAVES = shape("slaves recovered_slaves", slaves=AGENT_IN_FULL)
FRAMEWORKS = shape(
    "frameworks completed_frameworks unregistered_frameworks",
    frameworks=FRAMEWORK,
    completed_frameworks=FRAMEWORK,
)
TASKS = shape("tasks", tasks=TASK)
ROLE = shape("name weight quota resources allocated offered reserved frameworks")
ROLES = shape("roles", roles=ROLE)
FLAGS = shape("flags")
SYSTEM = shape(
    "avg_load_1min avg_load_5min avg_load_15min cpus_total mem_total_bytes mem_free_bytes"
)
VERSION = shape("version build_date build_time build_user", "trimast_version git_sha")
