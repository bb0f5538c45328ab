"""What every master knows. Changed only by `apply`, through the verbs below; read by anyone."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from master.registry.records import (
    AgentRecord,
    AgentState,
    ExecutorKey,
    FrameworkRecord,
    OperationRecord,
    TaskKey,
    TaskRecord,
    told_state,
)
from trimast.model.ids import AgentId, FrameworkId, MasterId, OperationId
from trimast.model.resource_kind import plain
from trimast.model.resources import NOTHING, Resources
from trimast.model.task_lifecycle import TaskState
from trimast.model.volume import VolumeRecord

COMPLETED_TASKS_MAX: Final = 10_000
COMPLETED_FRAMEWORKS_MAX: Final = 1_000
UNREACHABLE_AGENTS_MAX: Final = 10_000


@dataclass(slots=True)
class RegistryState:
    """
    Attributes:
        tasks: every task that still runs, or has a report that its framework has not
            acknowledged.
        completed_tasks, completed_frameworks: tombstones, oldest first, bounded.
        used: sum of what the tasks of an agent hold, and their executors.
        held: sum of the amounts that the tasks of a framework hold, and their executors. Of ports
            and the like each agent has its own under the same names: they cannot be summed.
        reserved: what is reserved of each agent, of which some is volumes.
        volumes: of each agent, those that it is to keep or to destroy, oldest first.
        operations: that were done and are not acknowledged, by framework, oldest first.
        tasks_of_executor: those that have not ended, of each that has some.
    """

    epoch: int = 0
    leader_id: MasterId | None = None
    agents: dict[AgentId, AgentRecord] = field(default_factory=dict)
    frameworks: dict[FrameworkId, FrameworkRecord] = field(default_factory=dict)
    tasks: dict[TaskKey, TaskRecord] = field(default_factory=dict)
    completed_tasks: dict[tuple[TaskKey, int], TaskRecord] = field(default_factory=dict)
    completed_frameworks: dict[FrameworkId, FrameworkRecord] = field(default_factory=dict)
    used: dict[AgentId, Resources] = field(default_factory=dict)
    held: dict[FrameworkId, Resources] = field(default_factory=dict)
    reserved: dict[AgentId, Resources] = field(default_factory=dict)
    volumes: dict[AgentId, tuple[VolumeRecord, ...]] = field(default_factory=dict)
    operations: dict[FrameworkId, dict[OperationId, OperationRecord]] = field(default_factory=dict)
    tasks_of_executor: dict[ExecutorKey, dict[TaskKey, None]] = field(default_factory=dict)
    _keys_of_agent: dict[AgentId, dict[TaskKey, None]] = field(default_factory=dict)
    _keys_of_framework: dict[FrameworkId, dict[TaskKey, None]] = field(default_factory=dict)
    _states_on: dict[AgentId, Counter[TaskState]] = field(default_factory=dict)
    _holding_of: Counter[FrameworkId] = field(default_factory=Counter)

    # Reading

    def tasks_of_agent(self, agent_id: AgentId) -> Iterator[TaskRecord]:
        return (self.tasks[key] for key in self._keys_of_agent.get(agent_id, ()))

    def tasks_of_framework(self, framework_id: FrameworkId) -> Iterator[TaskRecord]:
        return (self.tasks[key] for key in self._keys_of_framework.get(framework_id, ()))

    def used_on(self, agent_id: AgentId) -> Resources:
        return self.used.get(agent_id, NOTHING)

    def total_on(self, agent_id: AgentId) -> Resources:
        """What the agent has, as what it is reserved for."""
        total = self.agents[agent_id].info.resources
        reserved = self.reserved.get(agent_id)
        return total if reserved is None else total - plain(reserved) + reserved

    def state_of(self, task: TaskRecord) -> TaskState:
        return told_state(task.state, self.agents.get(task.agent_id))

    def tasks_by_state(self) -> Mapping[TaskState, int]:
        """How many are in which state, as the world is told. Looks at agents, not at tasks, of
        which there may be a million: nobody leads who looks at them all."""
        found: Counter[TaskState] = Counter()
        for agent_id, counts in self._states_on.items():
            for state, number in counts.items():
                found[told_state(state, self.agents.get(agent_id))] += number
        return found

    def number_holding_on(self, agent_id: AgentId) -> int:
        """How many tasks hold resources of this agent."""
        counts = self._states_on.get(agent_id, Counter[TaskState]())
        return sum(number for state, number in counts.items() if not state.is_terminal)

    def number_holding_of(self, framework_id: FrameworkId) -> int:
        """How many tasks of this framework hold resources."""
        return self._holding_of[framework_id]

    def held_by(self, framework_id: FrameworkId) -> Resources:
        return self.held.get(framework_id, NOTHING)

    def operation(
        self, framework_id: FrameworkId, operation_id: OperationId
    ) -> OperationRecord | None:
        return self.operations.get(framework_id, {}).get(operation_id)

    def operations_of(self, framework_id: FrameworkId) -> tuple[OperationRecord, ...]:
        return tuple(self.operations.get(framework_id, {}).values())

    # Changing

    def add_operation(self, record: OperationRecord) -> None:
        operation_id = record.operation.operation_id
        assert operation_id is not None
        self.operations.setdefault(record.framework_id, {})[operation_id] = record

    def add_task(self, task: TaskRecord) -> None:
        assert task.key not in self.tasks
        self.used[task.agent_id] = self.used_on(task.agent_id) + self._taken_by(task)
        self.put_back_task(task)

    def put_back_task(self, task: TaskRecord) -> None:
        """From a snapshot, which has the sums of agents as well."""
        self.tasks[task.key] = task
        self._count(task, 1)
        if task.holds_resources:
            held = self.held_by(task.framework_id)
            self.held[task.framework_id] = held + self._taken_by(task).amounts
            self._holding_of[task.framework_id] += 1
        self._keys_of_agent.setdefault(task.agent_id, {})[task.key] = None
        self._keys_of_framework.setdefault(task.framework_id, {})[task.key] = None
        executor = task.executor_key
        if executor is not None and task.holds_resources:
            self.tasks_of_executor.setdefault(executor, {})[task.key] = None

    def replace_task(self, task: TaskRecord) -> Resources:
        """Put in the changed record; one that has ended gives its resources back.

        Returns:
            Those, and its executor's if it was the last of its tasks.
        """
        before = self.tasks[task.key]
        self.tasks[task.key] = task
        if before.state is not task.state:
            self._count(before, -1)
            self._count(task, 1)
        if not before.holds_resources or task.holds_resources:
            return NOTHING
        if task.executor_key is not None:
            _drop_key(self.tasks_of_executor, task.executor_key, task.key)
        freed = self._taken_by(task)
        self.used[task.agent_id] = self.used_on(task.agent_id) - freed
        self._let_go(task.framework_id, freed.amounts)
        return freed

    def _let_go(self, framework_id: FrameworkId, amounts: Resources) -> None:
        self._holding_of[framework_id] -= 1
        if not self._holding_of[framework_id]:
            del self._holding_of[framework_id]
        left = self.held[framework_id] - amounts
        if left.is_empty:
            del self.held[framework_id]
        else:
            self.held[framework_id] = left

    def _count(self, task: TaskRecord, by: int) -> None:
        counts = self._states_on.setdefault(task.agent_id, Counter())
        counts[task.state] += by
        if not counts[task.state]:
            del counts[task.state]
            if not counts:
                del self._states_on[task.agent_id]

    def _taken_by(self, task: TaskRecord) -> Resources:
        """With its executor, if no other task has that already."""
        return task.info.resources + self._of_executor(task)

    def complete_task(self, task: TaskRecord) -> Resources:
        """Nothing is left to do for a task that has ended: keep a tombstone.

        Returns:
            What it gave back by this.
        """
        assert task.state.is_terminal
        freed = self.replace_task(task)
        del self.tasks[task.key]
        self._count(task, -1)
        _drop_key(self._keys_of_agent, task.agent_id, task.key)
        _drop_key(self._keys_of_framework, task.framework_id, task.key)
        self.completed_tasks[task.key, task.fence] = task
        _keep_newest(self.completed_tasks, COMPLETED_TASKS_MAX)
        return freed

    def complete_framework(self, framework: FrameworkRecord) -> None:
        del self.frameworks[framework.framework_id]
        self.completed_frameworks[framework.framework_id] = framework
        _keep_newest(self.completed_frameworks, COMPLETED_FRAMEWORKS_MAX)

    def forget_oldest_unreachable_agents(self) -> None:
        """Agents that never come back must not fill the registry; with tasks, or
        reservations, they stay."""
        if len(self.agents) <= UNREACHABLE_AGENTS_MAX:
            return  # Most of the time, and to look at all of them takes long.
        idle = [
            agent_id
            for agent_id, agent in self.agents.items()
            if agent.state is AgentState.UNREACHABLE
            and not self._keys_of_agent.get(agent_id)
            and agent_id not in self.reserved
            and agent_id not in self.volumes
        ]
        for agent_id in idle[: max(0, len(idle) - UNREACHABLE_AGENTS_MAX)]:
            del self.agents[agent_id]
            self.used.pop(agent_id, None)

    def _of_executor(self, task: TaskRecord) -> Resources:
        """What the task's executor needs, unless other tasks hold that."""
        if task.info.executor is None or task.executor_key in self.tasks_of_executor:
            return NOTHING
        return task.info.executor.resources


_Owner = TypeVar("_Owner")
_Key = TypeVar("_Key")
_Record = TypeVar("_Record")


def _drop_key(index: dict[_Owner, dict[TaskKey, None]], owner: _Owner, key: TaskKey) -> None:
    del index[owner][key]
    if not index[owner]:
        del index[owner]


def _keep_newest(records: dict[_Key, _Record], most: int) -> None:
    while len(records) > most:
        del records[next(iter(records))]
