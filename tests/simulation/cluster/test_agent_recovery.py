"""What Mesos tests of agents that come back, by its own names: a cluster, two agents, a framework.

The number is the scenario's. What is about executors is told in `tests/agent/executors/`, and with
real processes in `tests/integration/`.
"""

from collections.abc import Callable

from tests.simulation.cluster.agent_actor import AgentActor
from tests.simulation.cluster.story import Story
from trimast.model.ids import TaskId
from trimast.model.task_lifecycle import TaskState

Condition = Callable[[], bool]


class Stage(Story):
    """Nothing goes wrong here but what a test does."""

    def __init__(self, tasks: int = 1) -> None:
        super().__init__(seed=0)
        self.begin()
        self.framework.wanted = tasks
        self.framework.has_whims = False
        for agent in self.agents:
            agent.processes.last_for_ever = True

    def until(self, condition: Condition, within_ms: int = 20_000) -> None:
        end_ms = self.world.now_ms + within_ms
        while not condition():
            assert self.world.now_ms < end_ms, f"not within {within_ms} ms"
            self.wait(10)

    def wait(self, for_ms: int) -> None:
        self.world.run_until(self.world.now_ms + for_ms)

    def until_all(self, state: TaskState, within_ms: int = 20_000) -> None:
        states = self.framework.states
        wanted = self.framework.wanted
        self.until(lambda: list(states.values()).count(state) >= wanted, within_ms)

    @property
    def starts(self) -> int:
        return sum(sum(agent.processes.starts.values()) for agent in self.agents)

    def depose(self) -> None:
        newest = self.masters.newest
        assert newest is not None
        self.masters.end(newest)
        self.masters.elect()


def staged(tasks: int = 1) -> tuple[Stage, AgentActor, TaskId]:
    """All tasks run; an agent that runs some, and the first task, which is one of those."""
    stage = Stage(tasks)
    stage.until_all(TaskState.RUNNING)
    task = TaskId("t1")
    [agent] = [a for a in stage.agents if task in {key.task_id for key, _ in a.processes.running}]
    return stage, agent, task


def end_all(agent: AgentActor) -> None:
    for launch in list(agent.processes.running):
        agent.processes.end(launch, exit_code=0)


def test_33_recover_task_status_update_manager() -> None:
    """A status that no master has heard is sent again by the agent's next life."""
    stage, agent, task = staged()
    stage.cut_off.append(agent)
    stage.cut_links_of(agent)
    end_all(agent)
    stage.wait(1_000)
    stage.crash(agent)
    stage.cut_off.clear()
    agent.begin()
    stage.until_all(TaskState.FINISHED)
    assert stage.framework.ends[task] == [TaskState.FINISHED]


def test_36_ping_timeout_during_recovery() -> None:
    """An agent that has not found its tasks yet is there all the same."""
    stage, agent, task = staged()
    stage.crash(agent)
    agent.processes.unanswered = []
    agent.begin()
    stage.wait(15_000)
    assert stage.framework.states[task] is TaskState.RUNNING
    assert agent.processes.unanswered
    agent.processes.answer()
    stage.wait(1_000)
    end_all(agent)
    stage.until_all(TaskState.FINISHED)


def test_43_kill_task_after_a_restart() -> None:
    stage, agent, task = staged()
    stage.crash(agent)
    agent.begin()
    stage.wait(1_000)
    stage.framework.kill(task)
    stage.until_all(TaskState.KILLED)
    assert agent.processes.running == {}


def test_44_reboot() -> None:
    """What a machine took with it is lost, and the agent goes on under its name."""
    stage, agent, _ = staged()
    stage.crash(agent)
    agent.processes.reboot()
    agent.boot_id = "another boot"
    agent.begin()
    stage.until_all(TaskState.LOST)
    assert len(stage.masters.registry_log.state.agents) == 2, "there is no third one"


def test_48_register_disconnected_slave() -> None:
    """Whose records are gone comes as a new agent. Nobody knows what became of the old one's."""
    stage, agent, task = staged()
    stage.crash(agent)
    agent.processes.reboot()
    agent.lose_disk()
    agent.begin()
    registry = stage.masters.registry_log.state
    stage.until(lambda: len(registry.agents) == 3)
    stage.until(lambda: stage.framework.states[task] is TaskState.UNREACHABLE)


def test_49_reconcile_kill_task() -> None:
    """A kill that came while the agent was down waits for it."""
    stage, agent, task = staged()
    stage.crash(agent)
    stage.framework.kill(task)
    stage.wait(1_000)
    assert agent.processes.running
    agent.begin()
    stage.until_all(TaskState.KILLED)


def test_50_reconcile_shutdown_framework() -> None:
    """A framework that was removed meanwhile has nothing left to run."""
    stage, agent, _ = staged(tasks=3)
    stage.crash(agent)
    stage.framework.tear_down()
    stage.wait(1_000)
    assert agent.processes.running
    agent.begin()
    stage.until(lambda: agent.processes.running == {})


def test_51_reconcile_tasks_missing_from_slave() -> None:
    """What the masters believe to run and the agent does not know is over, and its share free."""
    stage, agent, task = staged()
    stage.crash(agent)
    agent.processes.reboot()
    agent.lose_all_but_its_name()
    agent.begin()
    stage.until(lambda: stage.framework.states[task].is_terminal)
    registry = stage.masters.registry_log.state
    stage.until(lambda: all(used.is_empty for used in registry.used.values()))


def test_52_master_failover_while_the_agent_is_down() -> None:
    stage, agent, task = staged()
    stage.crash(agent)
    stage.depose()
    stage.wait(1_000)
    agent.begin()
    stage.wait(2_000)
    stage.framework.kill(task)
    stage.until_all(TaskState.KILLED)
    assert stage.starts == 1


def test_53_multiple_slaves() -> None:
    """What happens to one is nothing to the other."""
    stage, agent, _ = staged(tasks=6)
    [other] = [each for each in stage.agents if each is not agent]
    untouched = set(other.processes.running)
    assert untouched
    stage.crash(agent)
    agent.processes.reboot()
    agent.boot_id = "another boot"
    agent.begin()
    stage.until(lambda: TaskState.LOST in stage.framework.states.values())
    stage.wait(5_000)
    assert untouched <= set(other.processes.running)


def test_54_restart_before_containerizer_launch() -> None:
    """Taken and never started: it is over, and never starts late."""
    stage = Stage()
    for agent in stage.agents:
        agent.processes.loses_orders = True
    stage.until(lambda: TaskState.STARTING in stage.framework.states.values())
    stage.framework.wanted = 0
    for agent in stage.agents:
        stage.crash(agent)
        agent.begin()
    stage.until(lambda: TaskState.DROPPED in stage.framework.states.values())
    for agent in stage.agents:
        agent.processes.loses_orders = False
    stage.wait(20_000)
    assert stage.starts == 0


def test_56_agent_restart_no_reregister() -> None:
    """Who is up and does not come is unreachable, and so are its tasks, until it does."""
    stage, agent, task = staged()
    stage.cut_off.append(agent)
    stage.crash(agent)
    agent.begin()
    stage.until_all(TaskState.UNREACHABLE)
    stage.cut_off.clear()
    stage.until(lambda: stage.framework.states[task] is TaskState.RUNNING)
    assert stage.starts == 1
