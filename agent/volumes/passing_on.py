"""Volumes between the master and the disk: what to have goes one way, what is gone the other."""

from agent.effects import AgentEffect, SendVolumesDestroyed, SettleVolumes
from agent.events import KeepVolumes, VolumesGone
from agent.state import AgentState


def on_keep_volumes(order: KeepVolumes) -> list[AgentEffect]:
    return [SettleVolumes(order.volumes)]


def on_volumes_gone(state: AgentState, event: VolumesGone) -> list[AgentEffect]:
    """Without a link nobody is told: whoever leads next asks for it again."""
    if state.link is None or not state.is_welcome:
        return []
    return [SendVolumesDestroyed(state.link.link_id, event.volumes)]
