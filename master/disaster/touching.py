"""Which tasks a row of commands is about: what may change with entries that are only possible."""

from collections.abc import Iterable

from master.registry.commands import (
    AcknowledgeReport,
    Decision,
    GiveUpTask,
    LaunchGroup,
    LaunchTask,
    OrderKill,
    ReportTask,
)


def tasks_touched(decisions: Iterable[tuple[int, Decision]]) -> list[str]:
    """One line a decision, in the log's order."""
    return [f"entry {index}: {text}" for index, each in decisions if (text := _told(each))]


def _told(decision: Decision) -> str:
    match decision:
        case LaunchTask():
            return f"launch {decision.task.task_id} of {decision.framework_id}"
        case LaunchGroup():
            names = ", ".join(task.task_id for task in decision.tasks)
            return f"launch {names} of {decision.framework_id}, as a group"
        case ReportTask():
            update = decision.update
            return f"{update.task_id} of {update.framework_id} is {update.state}"
        case AcknowledgeReport():
            return f"a report of {decision.task_id} of {decision.framework_id} is acknowledged"
        case OrderKill():
            return f"kill {decision.task_id} of {decision.framework_id}"
        case GiveUpTask():
            update = decision.update
            return f"give up {update.task_id} of {update.framework_id}"
        case _:
            return ""
