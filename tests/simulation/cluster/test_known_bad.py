"""The simulation proves itself: variants known to be wrong are caught within some seeds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.effects import FindProcess, WriteRecords
from agent.events import ProcessMissing, RecordsWritten
from master.edge import registry_log
from master.leader import delivering, registering, subscribing
from master.registry import tasks as task_rules
from master.registry.apply import apply
from master.registry.commands import BeginEpoch, Command, ReportTask
from master.registry.outcome import Outcome
from master.registry.records import TaskRecord
from master.registry.state import RegistryState
from tests.simulation.cluster.agent_actor import AgentActor
from tests.simulation.cluster.processes import Processes
from tests.simulation.cluster.test_cluster_stories import (
    test_every_launch_ends_once_and_nothing_leaks as story_holds,
)
from tests.simulation.cluster.test_cluster_stories import told
from trimast.model.task_lifecycle import TaskState

SEEDS = 25
Patch = Callable[[pytest.MonkeyPatch], None]


def commands_of_any_epoch(patch: pytest.MonkeyPatch) -> None:
    """A deposed leader's launches and ends are applied."""

    def careless(state: RegistryState, index: int, command: Command) -> Outcome:
        if not isinstance(command.decision, BeginEpoch):
            command = replace(command, epoch=state.epoch)
        return apply(state, index, command)

    patch.setattr(registry_log, "apply", careless)


def launches_are_not_repeated(patch: pytest.MonkeyPatch) -> None:
    """A launch that the agent did not hear of is believed to run."""
    patch.setattr(registering, "run_task", lambda *_: None)


def reports_are_sent_once(patch: pytest.MonkeyPatch) -> None:
    """Neither a new subscription nor time makes a leader repeat itself."""
    patch.setattr(subscribing, "deliver_all", lambda *_: [])
    patch.setattr(delivering, "_waiting_report", lambda *_: None)


def resources_are_kept(patch: pytest.MonkeyPatch) -> None:
    """An end does not free what the task used."""
    patch.setattr(TaskRecord, "holds_resources", property(lambda _: True))


def reports_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    """A repeated report is taken again."""
    take = task_rules.report_task

    def careless(state: RegistryState, decision: ReportTask) -> Outcome:
        task = state.tasks.get((decision.update.framework_id, decision.update.task_id))
        if task is not None:
            before = decision.update.sequence - 1
            state.tasks[task.key] = replace(task, sequence=before, state=TaskState.STAGING)
        return take(state, decision)

    patch.setattr("master.registry.apply.report_task", careless)


def records_are_promised_before_they_are_written(patch: pytest.MonkeyPatch) -> None:
    """An agent goes on at once; a crash takes what it has already acted upon."""
    write = AgentActor._write

    def careless(actor: AgentActor, order: WriteRecords) -> None:
        write(actor, WriteRecords(order.batch_id, order.records))
        actor._feed_later(RecordsWritten(order.batch_id))

    patch.setattr(AgentActor, "_write", careless)


def what_ran_is_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """An agent that comes back takes its tasks for never started."""

    def careless(processes: Processes, order: FindProcess) -> None:
        processes._tell_soon(ProcessMissing(order.key, order.fence))

    patch.setattr(Processes, "find", careless)


VARIANTS: list[Patch] = [
    commands_of_any_epoch,
    launches_are_not_repeated,
    reports_are_sent_once,
    resources_are_kept,
    reports_are_not_counted,
    records_are_promised_before_they_are_written,
    what_ran_is_not_looked_for,
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.__name__)
def test_a_wrong_variant_is_caught(variant: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    told.cache_clear()
    variant(monkeypatch)
    try:
        for seed in range(SEEDS):
            try:
                story_holds(seed)
            except Exception:
                return  # Caught: by a check, or because something could not go on.
    finally:
        told.cache_clear()
    pytest.fail(f"{variant.__name__} went unnoticed through {SEEDS} stories")
