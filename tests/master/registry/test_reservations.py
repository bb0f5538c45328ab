from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from master.edge.registry_codec import command_from_bytes, command_to_bytes
from master.edge.registry_snapshot_codec import RegistryReading, snapshot_chunks
from master.registry.apply import apply
from master.registry.commands import (
    AdmitAgent,
    AdmitFramework,
    Command,
    ConvertResources,
    Decision,
    ForgetVolumes,
    LaunchTask,
    MarkAgentUnreachable,
)
from master.registry.outcome import Outcome
from master.registry.snapshot import capture
from master.registry.state import RegistryState
from tests.master.led_cluster import AGENT, AGENT_INFO, FRAMEWORK, FRAMEWORK_INFO, a_task
from trimast.framework.reserving import create_volume, destroy_volumes, reserve, unreserve
from trimast.model.agent import AgentInfo
from trimast.model.ids import TaskId
from trimast.model.operation import Operation
from trimast.model.refusal import RefusalReason, Refused
from trimast.model.resource_kind import plain
from trimast.model.resources import Resources
from trimast.model.volume import HeldVolume, VolumeRecord

HAS = Resources.of({"cpus": 4000, "disk": 100_000, "mem": 1_000_000})


class Registry:
    def __init__(self) -> None:
        self.state = RegistryState()
        self.index = 0
        info = info_with(HAS)
        self.do(AdmitAgent(AGENT, info))
        self.do(AdmitFramework(FRAMEWORK, FRAMEWORK_INFO))

    def do(self, decision: Decision) -> Outcome:
        self.index += 1
        command = command_from_bytes(command_to_bytes(Command(0, 0, decision)))
        assert command.decision == decision
        outcome = apply(self.state, self.index, command)
        assert plain(self.state.total_on(AGENT)) == self.state.agents[AGENT].info.resources
        assert self.state.total_on(AGENT).covers(self.state.used_on(AGENT))
        return outcome

    def convert(self, operation: Operation) -> Outcome:
        return self.do(ConvertResources(FRAMEWORK, AGENT, operation))


def info_with(resources: Resources) -> AgentInfo:
    return replace(AGENT_INFO, resources=resources)


VOLUME = create_volume("db", "files", "data", disk_mib=64)
DESTROY = destroy_volumes(VOLUME.resources)


def registry_with_volume() -> Registry:
    """Made by command 4."""
    registry = Registry()
    registry.convert(reserve("db", disk_mib=64))
    registry.convert(VOLUME)
    return registry


def reason(outcome: Outcome) -> RefusalReason | None:
    return outcome.reason if isinstance(outcome, Refused) else None


def test_what_is_reserved_and_made_is_part_of_the_agent() -> None:
    registry = registry_with_volume()
    assert str(registry.state.total_on(AGENT)) == (
        "cpus:4;disk:36;disk(db)[files,data]:64;mem:1000"
    )
    record = VolumeRecord(HeldVolume("db", "files", 4))
    assert registry.state.volumes == {AGENT: (record,)}


def test_a_destroyed_volume_is_doomed_until_its_agent_says_it_is_gone() -> None:
    registry = registry_with_volume()
    registry.convert(DESTROY)
    doomed = VolumeRecord(HeldVolume("db", "files", 4), is_doomed=True)
    assert registry.state.volumes == {AGENT: (doomed,)}
    registry.convert(VOLUME)
    again = VolumeRecord(HeldVolume("db", "files", 6))
    assert registry.state.volumes == {AGENT: (doomed, again)}
    wrong = ForgetVolumes(AGENT, (again.volume,))
    assert reason(registry.do(wrong)) is RefusalReason.NOTHING_TO_DO
    registry.do(ForgetVolumes(AGENT, (doomed.volume,)))
    assert registry.state.volumes == {AGENT: (again,)}


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    registry = registry_with_volume()
    before = registry.state.total_on(AGENT)
    refused = {
        "more than there is": (reserve("db", disk_mib=37), RefusalReason.NOT_ENOUGH_RESOURCES),
        "not reserved": (
            create_volume("db", "other", "data", disk_mib=1),
            RefusalReason.NOT_ENOUGH_RESOURCES,
        ),
        "a part of a volume": (
            destroy_volumes(create_volume("db", "files", "data", disk_mib=1).resources),
            RefusalReason.INVALID,
        ),
    }
    for name, (operation, why) in refused.items():
        assert reason(registry.convert(operation)) is why, name
    registry.convert(reserve("db", disk_mib=2))
    same = create_volume("db", "files", "elsewhere", disk_mib=1)
    assert reason(registry.convert(same)) is RefusalReason.INVALID
    registry.convert(unreserve(reserve("db", disk_mib=2).resources))
    assert registry.state.total_on(AGENT) == before


def test_a_volume_that_is_used_is_not_destroyed_and_not_used_twice() -> None:
    registry = registry_with_volume()
    wants = Resources.of({"cpus": 100}) + VOLUME.resources
    registry.do(LaunchTask(FRAMEWORK, a_task(resources=wants)))
    assert reason(registry.convert(DESTROY)) is RefusalReason.NOT_ENOUGH_RESOURCES
    twice = LaunchTask(FRAMEWORK, a_task(TaskId("t2"), resources=wants))
    assert reason(registry.do(twice)) is RefusalReason.NOT_ENOUGH_RESOURCES


def test_a_part_of_a_volume_is_not_launched_on() -> None:
    registry = registry_with_volume()
    part = create_volume("db", "files", "data", disk_mib=1).resources
    launch = LaunchTask(FRAMEWORK, a_task(resources=part))
    assert reason(registry.do(launch)) is RefusalReason.INVALID


def test_an_agent_with_less_than_is_reserved_is_not_admitted() -> None:
    registry = registry_with_volume()
    less = AdmitAgent(AGENT, info_with(Resources.of({"cpus": 4000, "disk": 63_000})))
    assert reason(registry.do(less)) is RefusalReason.NOT_ENOUGH_RESOURCES
    more = AdmitAgent(AGENT, info_with(Resources.of({"cpus": 1000, "disk": 64_000})))
    assert reason(registry.do(more)) is None


def test_nothing_is_made_where_the_agent_is_away() -> None:
    registry = Registry()
    registry.do(MarkAgentUnreachable(AGENT))
    assert reason(registry.convert(reserve("db", cpus=1))) is RefusalReason.AGENT_GONE


def test_a_snapshot_keeps_them() -> None:
    registry = registry_with_volume()
    registry.convert(DESTROY)
    registry.convert(reserve("db", cpus=1, principal="me"))
    reading = RegistryReading()
    for chunk in snapshot_chunks(capture(registry.state)):
        reading.take(chunk)
    assert reading.state == registry.state


operations = st.sampled_from(
    [
        *(reserve(role, cpus=1, disk_mib=size) for role in ("db", "web") for size in (8, 40)),
        *(
            create_volume(role, name, "data", disk_mib=size)
            for role in ("db", "web")
            for name in ("a", "b")
            for size in (8, 40)
        ),
    ]
)
undone = operations.map(
    lambda each: (
        destroy_volumes(each.resources) if "[" in str(each.resources) else unreserve(each.resources)
    )
)


@given(st.lists(operations | undone, max_size=30))
def test_whatever_is_done_the_agent_has_as_much_as_it_has(steps: list[Operation]) -> None:
    registry = Registry()  # Which looks at the sums after each step.
    for step in steps:
        registry.convert(step)
    kept = [r.volume for r in registry.state.volumes.get(AGENT, ()) if not r.is_doomed]
    assert len({(v.role, v.persistence_id) for v in kept}) == len(kept)
    assert len(kept) == str(registry.state.total_on(AGENT)).count("[")
