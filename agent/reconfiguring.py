"""The agent begins with other settings than its last life had: is that fine, with tasks running?"""

from enum import StrEnum

from agent.checkpoints.records import AgentDescribed
from agent.effects import AgentEffect
from agent.journaling import write
from agent.state import AgentState
from trimast.model.resources_text import resources_from_text


class Reconfiguration(StrEnum):
    """What may change while there are tasks. Without any, everything may."""

    EQUAL = "equal"
    ADDITIVE = "additive"
    ANY = "any"


def why_not(state: AgentState, allowed: Reconfiguration) -> str:
    """What has changed that may not; "" if nothing has."""
    before, now = state.described, _description(state)
    has_tasks = any(task.is_live for task in state.tasks.values())
    if before is None or before == now or not has_tasks or allowed is Reconfiguration.ANY:
        return ""
    faults: list[str] = []
    had, has = resources_from_text(before.resources), state.info.resources
    is_less = not has.covers(had)
    if is_less or (allowed is Reconfiguration.EQUAL and has != had):
        faults.append(f"resources were {before.resources}, and are {now.resources}")
    old, new = set(before.attributes), set(now.attributes)
    gone, added = sorted(old - new), sorted(new - old)
    faults += [f"attribute {name}:{text} is gone" for name, text in gone]
    if allowed is Reconfiguration.EQUAL:
        faults += [f"attribute {name}:{text} is new" for name, text in added]
    return "; ".join(faults)


def describe(state: AgentState) -> list[AgentEffect]:
    """Write down what the next life will be compared with."""
    now = _description(state)
    if now == state.described:
        return []
    state.described = now
    return [write(state, [now])]


def _description(state: AgentState) -> AgentDescribed:
    attributes = tuple(sorted((a.name, a.text) for a in state.info.attributes))
    return AgentDescribed(str(state.info.resources), attributes)
