"""What an agent counts for Prometheus. No label ever holds a task's or a framework's name."""

from collections import Counter as Tally
from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.edge.containerizer.launcher_link import LauncherLink
from agent.effects import RefusalOfOrder
from agent.state import AgentState
from agent.tasks import ProbeOf
from trimast.model.checks import ProbeKind
from trimast.model.task_lifecycle import TERMINAL_STATES, TaskState

_PROBED = ("kind", "of", "result")
_FSYNC_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class AgentMetrics:
    """
    Args:
        state: what the gauges are read from when somebody looks.
    """

    def __init__(self, registry: CollectorRegistry, state: AgentState) -> None:
        def counter(name: str, about: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"trimast_agent_{name}", about, labels, registry=registry)

        self._registry = registry
        self.launches = counter("launches_total", "Tasks whose process was ordered.")
        self.found = counter("tasks_found_total", "Tasks of an earlier life that ran on.")
        self.ends = counter("task_ends_total", "Tasks that have ended, by how.", ["state"])
        self.memory_exceeded = counter(
            "tasks_ended_for_memory_total", "Tasks that failed because they had too much memory."
        )
        self.reconnects = counter("link_reconnects_total", "Links opened after an earlier one.")
        self.sent = counter("reports_sent_total", "Reports sent, the first time.")
        self.resent = counter("reports_resent_total", "Reports sent again.")
        self.taken = counter("reports_taken_total", "Reports that masters have taken.")
        self.refused = counter(
            "orders_refused_total", "Orders of masters that were not followed.", ["reason"]
        )
        self.executors = counter(
            "executors_total", "What executors did and what became of them.", ["what"]
        )
        self.probes = counter("probes_total", "Tries of checks, by what came of them.", _PROBED)
        self.commands = counter(
            "commands_total", "Commands beside tasks that somebody asked for.", ["result"]
        )
        self.fsync = Histogram(
            "trimast_agent_journal_fsync_seconds",
            "How long a write of the journal took, fsync included.",
            buckets=_FSYNC_BUCKETS_S,
            registry=registry,
        )
        # So that each is there from the start, as 0.
        for state_name in sorted(TERMINAL_STATES):
            self.ends.labels(state_name)
        for reason in RefusalOfOrder:
            self.refused.labels(reason)
        for what in ("started", "subscribed", "left", "ended"):
            self.executors.labels(what)
        for kind, of, result in product(ProbeKind, ProbeOf, ("healthy", "unhealthy")):
            self.probes.labels(kind.name.lower(), of, result)
        for outcome in ("ran", "not_run"):
            self.commands.labels(outcome)
        registry.register(_Gauges(state))

    def ended(self, state: TaskState) -> float:
        """How many tasks have ended so."""
        return (
            self._registry.get_sample_value("trimast_agent_task_ends_total", {"state": state.value})
            or 0.0
        )

    def count_probe(self, kind: str, of: str, result: str) -> None:
        self.probes.labels(kind, of, result).inc()

    def count_command(self, result: str) -> None:
        self.commands.labels(result).inc()


class _Gauges(Collector):
    def __init__(self, state: AgentState) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        state = self._state
        tally = Tally(task.state for task in state.tasks.values())
        tasks = GaugeMetricFamily(
            "trimast_agent_tasks", "Tasks that the agent holds, by state.", labels=["state"]
        )
        for task_state in TaskState:
            tasks.add_metric([task_state], tally[task_state])
        yield tasks
        yield GaugeMetricFamily(
            "trimast_agent_executors_held",
            "Executors that the agent holds.",
            value=len(state.executors),
        )
        yield GaugeMetricFamily(
            "trimast_agent_link_up",
            "1 while a leader has welcomed the agent.",
            value=float(state.is_welcome),
        )
        yield GaugeMetricFamily(
            "trimast_agent_reports_unacknowledged",
            "Reports that no master has taken yet.",
            value=len(state.by_uuid),
        )
        yield GaugeMetricFamily(
            "trimast_agent_epoch_seen",
            "The highest epoch the agent has heard of.",
            value=state.epoch_seen,
        )


class LauncherMetrics(Collector):
    def __init__(self, link: LauncherLink) -> None:
        self._link = link

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "trimast_agent_launcher_up",
            "1 while the agent is connected to its launcher.",
            value=float(self._link.pid != 0),
        )
        yield CounterMetricFamily(
            "trimast_agent_launcher_starts",
            "Launchers that this life of the agent has started.",
            value=self._link.starts,
        )
