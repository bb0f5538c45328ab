"""The whole registry as bytes: what comes out is what went in, and goes on in the same way."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from master.edge.registry_codec import command_from_bytes, command_to_bytes
from master.edge.registry_log import RegistryLog
from master.edge.registry_snapshot_codec import RegistryReading
from master.registry.commands import (
    AcknowledgeOperation,
    AcknowledgeReport,
    AdmitAgent,
    AdmitFramework,
    BeginEpoch,
    Command,
    ConvertResources,
    Decision,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    MarkAgentUnreachable,
    NoteFrameworkAway,
    OrderKill,
    RemoveFramework,
    ReportTask,
)
from master.registry.records import OperationRecord
from master.registry.state import RegistryState
from replication.state_machine import SnapshotUnreadable
from tests.master.led_cluster import AGENT_INFO, FRAMEWORK_INFO, a_report, a_task
from trimast.edge.wire.bad_message import BadMessage
from trimast.framework.reserving import reserve, tracked
from trimast.model.executor import ExecutorInfo, ExecutorKind
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, MasterId, OperationId, TaskId
from trimast.model.resources import Resources
from trimast.model.task import NO_COMMAND, CommandInfo
from trimast.model.task_lifecycle import TaskState

AGENTS = [AgentId("a1"), AgentId("a2"), AgentId("a3")]
FRAMEWORKS = [FrameworkId("f1"), FrameworkId("f2")]
TASKS = [TaskId(f"t{number}") for number in range(5)]
LARGE = replace(
    AGENT_INFO,
    resources=Resources.of({"cpus": 9_000, "mem": 9_000_000}, {"ports": [(1, 99)]}, {"d": ["x"]}),
    version="1.2",
)

EXECUTOR = ExecutorInfo(
    ExecutorId("x"), ExecutorKind.DEFAULT, resources=Resources.of({"cpus": 100})
)

agents = st.sampled_from(AGENTS)
frameworks = st.sampled_from(FRAMEWORKS)
tasks = st.sampled_from(TASKS)
amounts = st.builds(
    lambda cpus, ports: Resources.of({"cpus": cpus}, {"ports": ports}),
    st.integers(1, 1_500),
    st.lists(st.integers(1, 99).map(lambda port: (port, port)), max_size=2),
)


@st.composite
def launches(draw: st.DrawFn) -> LaunchTask:
    task = a_task(draw(tasks), draw(amounts), draw(agents))
    command = CommandInfo("x", draw(st.booleans()), ("a", "b"), (("N", "v"),), "someone")
    task = replace(task, command=command, labels=(("k", "v"),), data=b"\0\xff", kill_grace_ms=5)
    if draw(st.booleans()):
        return LaunchTask(draw(frameworks), task)
    return LaunchTask(draw(frameworks), replace(task, executor=EXECUTOR), draw(st.booleans()))


@st.composite
def groups(draw: st.DrawFn) -> LaunchGroup:
    mine = replace(EXECUTOR, kind=ExecutorKind.CUSTOM, command=CommandInfo("serve"))
    agent_id, names = draw(agents), draw(st.lists(tasks, min_size=1, max_size=3, unique=True))
    together = [a_task(name, draw(amounts), agent_id) for name in names]
    together = [replace(task, executor=mine, command=NO_COMMAND) for task in together]
    return LaunchGroup(draw(frameworks), tuple(together), draw(st.booleans()))


@st.composite
def operations(draw: st.DrawFn) -> ConvertResources | AcknowledgeOperation:
    framework_id, name = draw(frameworks), draw(st.sampled_from(["op-1", "op-2"]))
    if draw(st.booleans()):
        operation = tracked(reserve("db", cpus=0.1), name)
        return ConvertResources(framework_id, draw(agents), operation)
    record = OperationRecord(
        framework_id, AGENTS[0], tracked(reserve("db", cpus=0.1), name), draw(st.integers(1, 30))
    )
    return AcknowledgeOperation(framework_id, OperationId(name), record.uuid)


@st.composite
def reports(draw: st.DrawFn) -> ReportTask:
    state = draw(st.sampled_from(list(TaskState)))
    report = a_report(state, draw(st.integers(1, 3)), fence=draw(st.integers(1, 30)))
    return ReportTask(
        replace(report, framework_id=draw(frameworks), task_id=draw(tasks), agent_id=draw(agents))
    )


decisions: st.SearchStrategy[Decision] = st.one_of(
    st.just(BeginEpoch(MasterId("m2"))),
    st.builds(AdmitAgent, agents, st.just(LARGE)),
    st.builds(MarkAgentUnreachable, agents),
    st.builds(AdmitFramework, frameworks, st.just(FRAMEWORK_INFO)),
    st.builds(NoteFrameworkAway, frameworks, st.integers(1, 2)),
    st.builds(RemoveFramework, frameworks, st.none()),
    launches(),
    launches(),
    groups(),
    operations(),
    reports(),
    reports(),
    st.builds(
        AcknowledgeReport, frameworks, tasks, st.just(a_report(TaskState.RUNNING, 1, fence=1).uuid)
    ),
    st.builds(OrderKill, frameworks, tasks, st.sampled_from([None, 0, 7])),
    st.builds(
        lambda framework_id, task_id, fence: GiveUpTask(
            fence,
            replace(
                a_report(TaskState.GONE, 0, fence=0), framework_id=framework_id, task_id=task_id
            ),
        ),
        frameworks,
        tasks,
        st.integers(1, 30),
    ),
)

BEGINNING: list[Decision] = [
    BeginEpoch(MasterId("m1")),
    *(AdmitAgent(agent_id, LARGE) for agent_id in AGENTS[:2]),
    *(AdmitFramework(framework_id, FRAMEWORK_INFO) for framework_id in FRAMEWORKS),
    *(
        LaunchTask(FRAMEWORKS[n % 2], a_task(task, agent_id=AGENTS[0]))
        for n, task in enumerate(TASKS)
    ),
]


def decide(log: RegistryLog, index: int, decision: Decision) -> object:
    return log.apply(index, command_to_bytes(Command(log.state.epoch, 1_000 + index, decision)))


def restored(log: RegistryLog, index: int = 1) -> RegistryLog:
    other = RegistryLog()
    held = other.state
    restoration = other.restore(index)
    for chunk in log.capture().chunks():
        restoration.take(chunk)
    assert held == RegistryState(), "nothing changes before all is read"
    restoration.put_in_place()
    assert held is other.state
    return other


def in_order(state: RegistryState) -> list[object]:
    """All of it, and the order of what is forgotten by age."""
    dicts = [getattr(state, each.name) for each in fields(RegistryState)][2:8]
    return [state, [list(each.items()) for each in dicts]]


@settings(max_examples=150, deadline=None)
@given(st.lists(decisions, max_size=25), st.lists(decisions, max_size=8))
def test_a_restored_registry_is_equal_and_stays_so(
    before: list[Decision], after: list[Decision]
) -> None:
    log = RegistryLog()
    for index, decision in enumerate([*BEGINNING, *before], 1):
        decide(log, index, decision)
    other = restored(log)
    assert in_order(other.state) == in_order(log.state)
    assert list(other.capture().chunks()) == list(log.capture().chunks())
    for index, decision in enumerate(after, 1_000):
        assert decide(other, index, decision) == decide(log, index, decision)
        # Else replicas that are alike would stop: they compare hashes of these bytes.
        assert list(other.capture().chunks()) == list(log.capture().chunks())
    assert in_order(other.state) == in_order(log.state)


def test_a_capture_does_not_follow_what_is_applied_later() -> None:
    log = RegistryLog()
    for index, decision in enumerate(BEGINNING, 1):
        decide(log, index, decision)
    capture, chunks = log.capture(), list(log.capture().chunks())
    decide(log, 99, RemoveFramework(FRAMEWORKS[0], None))
    assert list(capture.chunks()) == chunks


def test_what_is_no_snapshot_is_refused_and_changes_nothing() -> None:
    log = RegistryLog()
    decide(log, 1, BEGINNING[0])
    restoration = log.restore(5)
    with pytest.raises(SnapshotUnreadable, match="of entry 5"):
        restoration.take(b"\xff\xff")
    assert log.state.epoch == 1


def test_a_snapshot_that_goes_on_after_its_end_is_refused() -> None:
    reading = RegistryReading()
    (chunk,) = RegistryLog().capture().chunks()
    reading.take(chunk)
    with pytest.raises(BadMessage, match="after its end"):
        reading.take(chunk)


def test_commands_and_snapshots_agree_on_what_a_task_is() -> None:
    command = Command(1, 2, BEGINNING[-1])
    assert command_from_bytes(command_to_bytes(command)) == command
