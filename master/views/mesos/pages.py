"""What the older endpoints of Mesos answer, in pieces of JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from master.views.grouping import STEP, group
from master.views.mesos.agents import agent_documents
from master.views.mesos.frameworks import framework_list, is_connected, is_recovered
from master.views.mesos.json_pieces import Pieces, list_of, object_of
from master.views.mesos.roles import role_documents
from master.views.mesos.tasks import TaskQuery, selected_tasks, state_text, task_documents
from master.views.picture import Picture
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.task_lifecycle import TaskState

EMPTY: Final = "[]"
_COUNTED: Final = tuple(state for state in TaskState if state is not TaskState.UNKNOWN)


def state_page(picture: Picture, about: Mapping[str, object]) -> Pieces:
    """
    Args:
        about: of the master itself.
    """
    groups = yield from group(picture)
    known = picture.known_agents
    active = sum(agent.agent_id in picture.linked for agent in known)
    counts = {
        "activated_slaves": float(active),
        "deactivated_slaves": float(len(known) - active),
        "unreachable_slaves": float(len(picture.agents) - len(known)),
    }
    completed = picture.completed_frameworks.values()
    yield from object_of(
        {**about, **counts},
        (
            ("slaves", list_of(agent_documents(picture, full=False))),
            ("recovered_slaves", iter((EMPTY,))),
            ("frameworks", framework_list(picture, groups, picture.frameworks.values())),
            ("completed_frameworks", framework_list(picture, groups, completed)),
            ("orphan_tasks", iter((EMPTY,))),
            ("unregistered_frameworks", iter((EMPTY,))),
        ),
    )


def summary_page(picture: Picture, about: Mapping[str, object]) -> Pieces:
    """How many tasks are in which state, by agent and by framework, and who is on whom."""
    by_agent: dict[AgentId, Counter[TaskState]] = {}
    by_framework: dict[FrameworkId, Counter[TaskState]] = {}
    together: dict[tuple[AgentId, FrameworkId], None] = {}
    for number, task in enumerate((*picture.tasks, *picture.completed_tasks), 1):
        state = picture.state_of(task)
        by_agent.setdefault(task.agent_id, Counter())[state] += 1
        by_framework.setdefault(task.framework_id, Counter())[state] += 1
        together[task.agent_id, task.framework_id] = None
        if number % STEP == 0:
            yield ""
    on_agent: dict[AgentId, list[FrameworkId]] = {}
    of_framework: dict[FrameworkId, list[AgentId]] = {}
    for agent_id, framework_id in together:
        on_agent.setdefault(agent_id, []).append(framework_id)
        of_framework.setdefault(framework_id, []).append(agent_id)
    agents = (
        {
            **document,
            **_counts(by_agent.get(document["id"])),
            "framework_ids": on_agent.get(document["id"], []),
        }
        for document in agent_documents(picture, full=False)
    )
    frameworks = (
        {
            "id": framework.framework_id,
            "name": framework.info.name,
            "active": is_connected(picture, framework),
            "connected": is_connected(picture, framework),
            "recovered": is_recovered(picture, framework),
            "hostname": framework.info.hostname,
            "webui_url": framework.info.webui_url,
            "capabilities": sorted(framework.info.capabilities),
            **_counts(by_framework.get(framework.framework_id)),
            "slave_ids": of_framework.get(framework.framework_id, []),
        }
        for framework in picture.frameworks.values()
    )
    shown = {name: about[name] for name in ("hostname", "cluster") if name in about}
    yield from object_of(shown, (("slaves", list_of(agents)), ("frameworks", list_of(frameworks))))


def agents_page(picture: Picture, agent_id: AgentId | None) -> Pieces:
    agents = (
        document
        for document in agent_documents(picture, full=True)
        if agent_id is None or document["id"] == agent_id
    )
    return object_of({}, (("slaves", list_of(agents)), ("recovered_slaves", iter((EMPTY,)))))


def frameworks_page(picture: Picture, framework_id: FrameworkId | None) -> Pieces:
    groups = yield from group(picture)

    def shown(records: Mapping[FrameworkId, Any]) -> list[Any]:
        return [r for key, r in records.items() if framework_id is None or key == framework_id]

    completed = shown(picture.completed_frameworks)
    yield from object_of(
        {},
        (
            ("frameworks", framework_list(picture, groups, shown(picture.frameworks))),
            ("completed_frameworks", framework_list(picture, groups, completed)),
            ("unregistered_frameworks", iter((EMPTY,))),
        ),
    )


def tasks_page(picture: Picture, query: TaskQuery) -> Pieces:
    documents = task_documents(picture, selected_tasks(picture, query))
    return object_of({}, (("tasks", list_of(documents)),))


def roles_page(picture: Picture) -> Pieces:
    return object_of({}, (("roles", list_of(role_documents(picture))),))


def _counts(tally: Counter[TaskState] | None) -> dict[str, int]:
    return {state_text(state): tally[state] if tally else 0 for state in _COUNTED}
