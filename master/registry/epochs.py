"""Epochs: every leader begins one, and what an earlier leader decided is refused from then on."""

from master.registry.commands import BeginEpoch
from master.registry.outcome import APPLIED, Outcome, refused
from master.registry.state import RegistryState
from trimast.model.refusal import RefusalReason


def begin_epoch(state: RegistryState, decision: BeginEpoch) -> Outcome:
    state.epoch += 1
    state.leader_id = decision.leader_id
    return APPLIED


def stale_epoch(state: RegistryState, epoch: int) -> Outcome:
    return refused(
        RefusalReason.STALE_EPOCH, f"decided in epoch {epoch}, it is now epoch {state.epoch}"
    )
