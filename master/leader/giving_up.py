"""A task that its agent does not have any more: the masters report its end themselves."""

import hashlib

from master.leader.answering import known_to
from master.leader.effects import Propose
from master.leader.proposing import propose
from master.leader.state import LeaderState
from master.registry.commands import GiveUpTask
from master.registry.records import TaskRecord
from trimast.model.status_update import StatusReason, StatusSource, StatusUpdate
from trimast.model.task_lifecycle import TaskState


def give_up_missing_task(state: LeaderState, task: TaskRecord, now_ms: int) -> Propose:
    name = f"{task.framework_id}\n{task.info.task_id}\n{task.fence}"
    update = StatusUpdate(
        framework_id=task.framework_id,
        task_id=task.info.task_id,
        agent_id=task.agent_id,
        state=known_to(state, task.framework_id, TaskState.GONE),
        source=StatusSource.MASTER,
        timestamp_ms=state.wall_ms(now_ms),
        # Committed, so acknowledged like an agent's report. The same on every try: given up once.
        uuid=hashlib.sha256(name.encode()).digest()[:16],
        reason=StatusReason.TASK_UNKNOWN,
        message="Task is unknown to the agent",
    )
    return propose(state, GiveUpTask(task.fence, update), now_ms)
