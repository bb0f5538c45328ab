from dataclasses import replace

import pytest

from agent.checkpoints.record_codec import (
    UnreadableRecordError,
    records_from_bytes,
    records_to_bytes,
)
from agent.checkpoints.records import (
    AgentAdmitted,
    AgentDescribed,
    EpochSeen,
    ExecutorAccepted,
    ExecutorEnded,
    ProcessBegun,
    Record,
    ReportMade,
    ReportsTaken,
    StatusesAcknowledged,
    TaskAccepted,
    TasksEnded,
)
from agent.tasks import TaskKey, TaskNotes, WatchNotes
from tests.agent.executors.one_executor import EXECUTOR, NAME, NOTES
from tests.agent.one_agent import AGENT, FINISHED, KEY, OTHER, report, uuid
from trimast.model.checks import Check, CheckResult, Probe, ProbeKind
from trimast.model.command import CommandInfo
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource
from trimast.model.task_lifecycle import TaskState

CHECK = Check(Probe(ProbeKind.COMMAND, CommandInfo("true")))
STRANGE = TaskKey(FrameworkId('a "quoted" one, [1]'), TaskId("ünïcødé…"))
RECORDS: list[Record] = [
    AgentAdmitted(AGENT),
    EpochSeen(2**63),
    AgentDescribed("cpus:1", (("räck", "r:1"), ("a", ""))),
    TaskAccepted(STRANGE, 7, 3),
    TaskAccepted(STRANGE, 8, 0, TaskNotes("boot", 100, "näme", "cpus:1", True)),
    ProcessBegun(KEY, 7, 42, 99, "boot-1"),
    ReportMade(FINISHED),
    ReportMade(
        report(
            9,
            TaskState.LOST,
            source=StatusSource.AGENT,
            reason=StatusReason.AGENT_RESTARTED,
            message="line\nbreak \0 and \x1b[31m",
            signal=9,
        )
    ),
    ReportsTaken((uuid(1), uuid(2))),
    TasksEnded(((KEY, 7), (OTHER, 8))),
    ExecutorAccepted(EXECUTOR, 7, NOTES),
    ExecutorEnded(EXECUTOR, 7),
    StatusesAcknowledged(KEY, 7, (uuid(1), uuid(2))),
    TaskAccepted(KEY, 7, 0, TaskNotes(executor_id=NAME)),
    TaskAccepted(KEY, 7, 0, TaskNotes(watch=WatchNotes(check=CHECK, max_completion_ms=5))),
    TaskAccepted(KEY, 7, 0, TaskNotes(limits=(("cpus", 5), ("mem", None)))),
    TaskAccepted(KEY, 7, 0, TaskNotes(limits=(("cpus", 5),), has_own_network=True)),
    TaskAccepted(KEY, 7, 0, TaskNotes(has_own_network=True)),
    TaskAccepted(KEY, 7, 0, TaskNotes(executor_id=NAME, group_size=2)),
    ReportMade(replace(FINISHED, limitation=Resources.of({"mem": 7}))),
    ReportMade(replace(FINISHED, is_paused=True)),
    ReportMade(replace(FINISHED, container=ContainerStatus("7-abc", 42, "10.0.0.1"))),
    ReportMade(
        replace(
            FINISHED,
            executor_id=NAME,
            healthy=False,
            data=b"\0",
            labels=(("k", "v"),),
            check=CheckResult(ProbeKind.TCP, succeeded=True),
        )
    ),
]


def test_what_is_written_is_read_again() -> None:
    assert records_from_bytes(records_to_bytes(RECORDS)) == RECORDS


def test_there_is_no_zero_byte_whatever_a_text_holds() -> None:
    assert b"\0" not in records_to_bytes(RECORDS)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"5",
        b'["no such kind"]',
        b'["epoch"]',
        b'["epoch",1,2]',
        b'["taken","zz"]',
        b'["ended",[1]]',
        b"\xff",
        b'[["admitted"]]',
        b'["report",1,2,3,4,5,"00","no state","agent",1,null,"",null,null]',
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(line: bytes) -> None:
    with pytest.raises(UnreadableRecordError):
        records_from_bytes(line)
