"""Records <-> bytes: one JSON array a line, the kind of record first."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, assert_never

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
from agent.checkpoints.value_codec import from_plain, to_plain
from agent.executors.executor import ExecutorNotes, executor_key
from agent.tasks import TaskKey, TaskNotes, WatchNotes
from trimast.model.checks import CheckResult
from trimast.model.container_status import ContainerStatus
from trimast.model.ids import AgentId, ExecutorId, FrameworkId, TaskId
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState


class UnreadableRecordError(ValueError):
    """Whole, but not of a kind and shape that this version knows."""


_PLAIN_NOTES: Final = 6
"""How many of a task's notes are JSON as they are; what is to be watched follows them."""

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def records_to_bytes(records: Iterable[Record]) -> bytes:
    return "\n".join(_to_json(_to_list(record)) for record in records).encode("ascii")


def records_from_bytes(data: bytes) -> list[Record]:
    """Raises UnreadableRecordError."""
    return [_from_line(line) for line in data.split(b"\n")]


def _to_list(record: Record) -> list[Any]:
    match record:
        case AgentAdmitted():
            return ["admitted", record.agent_id]
        case AgentDescribed():
            return ["described", record.resources, *record.attributes]
        case EpochSeen():
            return ["epoch", record.epoch]
        case TaskAccepted():
            place = (*record.key, record.fence, record.settled)
            return ["accepted", *place, *_notes_to_list(record.notes)]
        case ProcessBegun():
            process = (record.pid, record.start_ticks, record.boot_id)
            return ["begun", *record.key, record.fence, *process]
        case ReportMade():
            return ["report", *_update_to_list(record.update)]
        case ReportsTaken():
            return ["taken", *(uuid.hex() for uuid in record.uuids)]
        case TasksEnded():
            return ["ended", *([*key, fence] for key, fence in record.ended)]
        case ExecutorAccepted():
            return ["executor", *record.key, record.fence, to_plain(record.notes)]
        case ExecutorEnded():
            return ["executor_ended", *record.key, record.fence]
        case StatusesAcknowledged():
            uuids = (uuid.hex() for uuid in record.uuids)
            return ["acknowledged", *record.key, record.fence, *uuids]
        case _:
            assert_never(record)


def _from_line(line: bytes) -> Record:
    try:
        kind, *rest = json.loads(line)
        return _READERS[kind](*rest)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        text = f"{line[:200]!r}: {type(error).__name__}: {error}"
        raise UnreadableRecordError(text) from error


def _described(resources: str, *attributes: list[str]) -> AgentDescribed:
    return AgentDescribed(resources, tuple((name, text) for name, text in attributes))


def _accepted(
    framework_id: str, task_id: str, fence: int, settled: int, *notes: Any
) -> TaskAccepted:
    """An earlier version wrote no notes."""
    read = TaskNotes(*notes[:_PLAIN_NOTES])
    if len(notes) > _PLAIN_NOTES and notes[_PLAIN_NOTES] is not None:
        read = replace(read, watch=from_plain(WatchNotes, notes[_PLAIN_NOTES]))
    if len(notes) > _PLAIN_NOTES + 1 and notes[_PLAIN_NOTES + 1] is not None:
        read = replace(read, group=ExecutorId(notes[_PLAIN_NOTES + 1]))
    if len(notes) > _PLAIN_NOTES + 2:
        limits = tuple((name, milli) for name, milli in notes[_PLAIN_NOTES + 2])
        read = replace(read, limits=limits)
    if len(notes) > _PLAIN_NOTES + 3:
        read = replace(read, has_own_network=bool(notes[_PLAIN_NOTES + 3]))
    if len(notes) > _PLAIN_NOTES + 4:
        read = replace(read, group_size=int(notes[_PLAIN_NOTES + 4]))
    return TaskAccepted(_key(framework_id, task_id), fence, settled, read)


def _notes_to_list(notes: TaskNotes) -> list[Any]:
    return [
        notes.boot_id,
        notes.kill_grace_ms,
        notes.name,
        notes.resources,
        notes.ends_with_agent,
        notes.executor_id,
        None if notes.watch is None else to_plain(notes.watch),
        notes.group,
        *_rarely_there(notes),
    ]


def _rarely_there(notes: TaskNotes) -> list[Any]:
    """Up to the last that is."""
    if notes.group_size:
        return [notes.limits, notes.has_own_network, notes.group_size]
    if notes.has_own_network:
        return [notes.limits, True]
    return [notes.limits] if notes.limits else []


def _executor(framework_id: str, executor_id: str, fence: int, notes: Any) -> ExecutorAccepted:
    key = executor_key(FrameworkId(framework_id), ExecutorId(executor_id))
    return ExecutorAccepted(key, fence, from_plain(ExecutorNotes, notes))


def _executor_ended(framework_id: str, executor_id: str, fence: int) -> ExecutorEnded:
    return ExecutorEnded(executor_key(FrameworkId(framework_id), ExecutorId(executor_id)), fence)


def _acknowledged(framework_id: str, task_id: str, fence: int, *uuids: str) -> StatusesAcknowledged:
    read = tuple(bytes.fromhex(uuid) for uuid in uuids)
    return StatusesAcknowledged(_key(framework_id, task_id), fence, read)


def _begun(
    framework_id: str, task_id: str, fence: int, pid: int, start_ticks: int, boot_id: str
) -> ProcessBegun:
    return ProcessBegun(_key(framework_id, task_id), fence, pid, start_ticks, boot_id)


def _taken(*uuids: str) -> ReportsTaken:
    return ReportsTaken(tuple(bytes.fromhex(uuid) for uuid in uuids))


def _ended(*ended: list[Any]) -> TasksEnded:
    return TasksEnded(
        tuple((_key(framework_id, task_id), fence) for framework_id, task_id, fence in ended)
    )


def _key(framework_id: str, task_id: str) -> TaskKey:
    return TaskKey(FrameworkId(framework_id), TaskId(task_id))


def _update_to_list(update: StatusUpdate) -> list[Any]:
    return [
        update.framework_id,
        update.task_id,
        update.agent_id,
        update.fence,
        update.sequence,
        update.uuid.hex(),
        update.state,
        update.source,
        update.timestamp_ms,
        update.reason,
        update.message,
        update.exit_code,
        update.signal,
        *_of_executor(update),
    ]


def _of_executor(update: StatusUpdate) -> list[Any]:
    """Only if there is any of it: most reports have none."""
    check = None if update.check is None else to_plain(update.check)
    limitation = None if update.limitation is None else to_plain(update.limitation)
    paused = update.is_paused or None
    of_executor = (update.executor_id, update.healthy, update.data.hex(), update.labels)
    container = None if update.container is None else to_plain(update.container)
    more = (*of_executor, check, limitation, paused, container)
    return list(more) if any(part not in (None, "", ()) for part in more) else []


def _report(
    framework_id: str,
    task_id: str,
    agent_id: str,
    fence: int,
    sequence: int,
    uuid: str,
    state: str,
    source: str,
    timestamp_ms: int,
    reason: str | None,
    message: str,
    exit_code: int | None,
    signal: int | None,
    executor_id: str | None = None,
    healthy: bool | None = None,
    data: str = "",
    labels: Iterable[list[str]] = (),
    check: Any = None,
    limitation: Any = None,
    paused: bool | None = None,
    container: Any = None,
) -> ReportMade:
    return ReportMade(
        StatusUpdate(
            framework_id=FrameworkId(framework_id),
            task_id=TaskId(task_id),
            agent_id=AgentId(agent_id),
            fence=fence,
            sequence=sequence,
            uuid=bytes.fromhex(uuid),
            state=TaskState(state),
            source=StatusSource(source),
            timestamp_ms=timestamp_ms,
            reason=None if reason is None else StatusReason(reason),
            message=message,
            exit_code=exit_code,
            signal=signal,
            executor_id=None if executor_id is None else ExecutorId(executor_id),
            healthy=healthy,
            data=bytes.fromhex(data),
            labels=tuple((name, text) for name, text in labels),
            check=None if check is None else from_plain(CheckResult, check),
            limitation=None if limitation is None else from_plain(Resources, limitation),
            is_paused=paused is True,
            container=None if container is None else from_plain(ContainerStatus, container),
        )
    )


_READERS: Final[Mapping[str, Callable[..., Record]]] = {
    "admitted": AgentAdmitted,
    "described": _described,
    "epoch": EpochSeen,
    "accepted": _accepted,
    "begun": _begun,
    "report": _report,
    "taken": _taken,
    "ended": _ended,
    "executor": _executor,
    "executor_ended": _executor_ended,
    "acknowledged": _acknowledged,
}
