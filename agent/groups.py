"""Tasks that were launched as a group: if one ends otherwise than well, so do the others.

Those of a framework's own executor are its business once it has heard of them. Before that they go
together, too.
"""

from agent.effects import AgentEffect
from agent.killing import end_task, grace_of
from agent.state import AgentState, Stamps


def end_broken_groups(state: AgentState, stamps: Stamps, now_ms: int) -> list[AgentEffect]:
    """Look after every event which have to end."""
    effects: list[AgentEffect] = []
    while state.broken_groups:
        name = state.broken_groups.pop()
        rest = [
            task
            for task in state.tasks.values()
            if task.group == name or (task.launched_with == name and not task.is_handed_over)
        ]
        for task in rest:
            if task.is_live and task.kill is None:
                grace_ms = grace_of(state, task)
                effects += end_task(state, task, grace_ms, stamps, now_ms, by_order=True)
    return effects
