"""The rules for frameworks: subscribed, away, removed."""

from dataclasses import replace

from master.registry.commands import AdmitFramework, NoteFrameworkAway, RemoveFramework
from master.registry.outcome import APPLIED, Outcome, refused
from master.registry.records import FrameworkRecord, FrameworkState, KillOrder
from master.registry.state import RegistryState
from trimast.model.refusal import RefusalReason


def admit_framework(state: RegistryState, decision: AdmitFramework, at_ms: int) -> Outcome:
    framework_id, info = decision.framework_id, decision.info
    if framework_id in state.completed_frameworks:
        return refused(RefusalReason.FRAMEWORK_REMOVED, "Framework has been removed")
    known = state.frameworks.get(framework_id)
    if known is None:
        state.frameworks[framework_id] = FrameworkRecord(
            framework_id, info, FrameworkState.ACTIVE, 1, at_ms, at_ms
        )
        return APPLIED
    if known.info.principal != info.principal:
        return refused(RefusalReason.INVALID, "Changing framework's principal is not allowed.")
    # Tasks that run were started for this user, and recorded as that framework asked: both stay.
    kept = replace(info, user=known.info.user, checkpoint=known.info.checkpoint)
    state.frameworks[framework_id] = replace(
        known,
        info=kept,
        state=FrameworkState.ACTIVE,
        subscription=known.subscription + 1,
        changed_at_ms=at_ms,
    )
    return APPLIED


def note_framework_away(state: RegistryState, decision: NoteFrameworkAway, at_ms: int) -> Outcome:
    known = state.frameworks.get(decision.framework_id)
    if known is None or known.subscription != decision.subscription:
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.framework_id} is not away")
    state.frameworks[decision.framework_id] = replace(
        known, state=FrameworkState.AWAY, changed_at_ms=at_ms
    )
    return APPLIED


def remove_framework(state: RegistryState, decision: RemoveFramework, at_ms: int) -> Outcome:
    """Its tasks keep their resources until their agents say that they have ended."""
    known = state.frameworks.get(decision.framework_id)
    if known is None:
        return refused(RefusalReason.FRAMEWORK_UNKNOWN, decision.framework_id)
    if decision.subscription not in (None, known.subscription):
        return refused(RefusalReason.NOTHING_TO_DO, f"{decision.framework_id} is back")
    for task in list(state.tasks_of_framework(decision.framework_id)):
        if task.state.is_terminal:
            state.complete_task(replace(task, reports=()))
        else:
            state.replace_task(replace(task, reports=(), kill=task.kill or KillOrder(None)))
    state.operations.pop(decision.framework_id, None)  # Nobody is there to hear of them.
    state.complete_framework(replace(known, state=FrameworkState.REMOVED, changed_at_ms=at_ms))
    return APPLIED
