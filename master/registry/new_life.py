"""The registry of a cluster that was lost and begins again from what was kept of it.

What was decided after that, nobody knows here; but agents and frameworks have seen it. The new life
must not take itself for the lost one, nor be taken for it.
"""

from dataclasses import replace
from typing import Final

from master.registry.records import TaskRecord
from master.registry.snapshot import RegistrySnapshot
from trimast.model.task_lifecycle import TaskState

EPOCHS_SKIPPED: Final = 1_000_000
"""Agents refuse whoever leads an epoch lower than they have seen. A failover a second takes eleven
days to come so far."""


def begin_new_life(kept: RegistrySnapshot) -> RegistrySnapshot:
    """The same agents, frameworks and tasks, in an epoch that nobody has seen yet."""
    return replace(
        kept,
        epoch=kept.epoch + EPOCHS_SKIPPED,
        leader_id=None,
        tasks=[_of_a_lost_life(task) for task in kept.tasks],
    )


def _of_a_lost_life(task: TaskRecord) -> TaskRecord:
    if task.state.is_terminal:
        return task
    # Its launch may have reached the agent, or not; the task may be over and forgotten there.
    # While STAGING, it would be launched again and again at an agent that refuses it in silence.
    # Past that, an agent that does not hold it makes an end of it, which its framework is told.
    state = TaskState.STARTING if task.state is TaskState.STAGING else task.state
    return replace(task, state=state, may_lack_reports=True)
