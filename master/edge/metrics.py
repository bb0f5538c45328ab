"""What a master counts and measures, under the names that Prometheus scrapes."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from master.leader.effects import (
    CountOffers,
    LeaderEffect,
    RunTask,
    SendOffers,
    SendOperationUpdate,
    SendUpdate,
)
from master.leader.state import LeaderState
from master.registry.commands import Decision, GiveUpTask, ReportTask
from master.registry.outcome import Applied, Outcome
from master.registry.records import AgentState, FrameworkState, TaskRecord
from master.registry.state import RegistryState
from replication.replicated_log import LogStatus
from trimast.edge.clock import monotonic_ms
from trimast.model.refusal import Refused
from trimast.model.resources import Resources
from trimast.model.task_lifecycle import TERMINAL_STATES, TaskState

_LATENCY_BUCKETS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
_FAILOVER_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SNAPSHOT_BUCKETS_S: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


SHOWN_RESOURCES: Final = ("cpus", "gpus", "mem", "disk")
"""By name. Others are the agents' own, and might be any."""


class MasterMetrics:
    """Also a `replication.observer.LogObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._began_ms: int | None = None
        self.entries = Counter(
            "trimast_log_entries_committed", "Log entries applied here.", registry=registry
        )
        self.commands = Counter(
            "trimast_log_commands_committed", "Commands in those entries.", registry=registry
        )
        self.commit_latency = Histogram(
            "trimast_log_commit_latency_seconds",
            "From proposing a command to its being applied here.",
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.sync_duration = Histogram(
            "trimast_log_sync_duration_seconds",
            "One write of the log to stable storage.",
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.synced_bytes = Counter(
            "trimast_log_synced_bytes", "Bytes of the log written.", registry=registry
        )
        self.snapshot_duration = Histogram(
            "trimast_log_snapshot_duration_seconds",
            "From capturing the state to having it on stable storage.",
            buckets=_SNAPSHOT_BUCKETS_S,
            registry=registry,
        )
        self.snapshot_index = Gauge(
            "trimast_log_snapshot_index",
            "Last entry in the newest snapshot that this process wrote or installed.",
            registry=registry,
        )
        self.snapshot_bytes = Gauge(
            "trimast_log_snapshot_bytes", "Size of that snapshot.", registry=registry
        )
        self.snapshots_failed = Counter(
            "trimast_log_snapshots_failed",
            "Snapshots that could not be written or installed.",
            registry=registry,
        )
        self.snapshots_installed = Counter(
            "trimast_log_snapshots_installed",
            "Snapshots taken over from a leader.",
            registry=registry,
        )
        self.digests_compared = Counter(
            "trimast_log_state_digests_compared",
            "Hashes of the state that another replica's were compared with.",
            registry=registry,
        )
        self.digests_mismatched = Counter(
            "trimast_log_state_digests_mismatched",
            "Those that differ. Anything but 0: one of the replicas has gone astray.",
            registry=registry,
        )
        self.leader_changes = Counter(
            "trimast_log_leader_changes",
            "How often this replica saw another leader than before.",
            registry=registry,
        )
        self.disk_free = Gauge(
            "trimast_log_disk_free_bytes",
            "Free where the data directory is; below the reserve nothing is added to the log.",
            registry=registry,
        )
        self.configuration = Gauge(
            "trimast_log_configuration",
            "Number of the configuration that this master goes by; 0: it belongs to none yet.",
            registry=registry,
        )
        self.members = Gauge(
            "trimast_log_members", "Masters in that configuration.", registry=registry
        )
        self.frames_rejected = Counter(
            "trimast_raft_link_frames_rejected",
            "Frames and handshakes on the Raft link that could not be right.",
            ["cause"],
            registry=registry,
        )
        self.commands_decided = Counter(
            "trimast_master_commands_decided",
            "Commands this master proposed as leader, by what became of them.",
            ["command", "outcome"],
            registry=registry,
        )
        self.offers = Counter(
            "trimast_master_offers",
            "Offers by fate; `sent` counts every one.",
            ["fate"],
            registry=registry,
        )
        self.tasks_ordered = Counter(
            "trimast_master_run_orders",
            "Orders to run a task sent to agents, repeated ones included.",
            registry=registry,
        )
        self.updates = Counter(
            "trimast_master_status_updates",
            "Status updates sent to frameworks.",
            ["kind"],
            registry=registry,
        )
        self.operation_updates = Counter(
            "trimast_master_operation_updates",
            "Statuses of operations sent to frameworks.",
            ["kind"],
            registry=registry,
        )
        self.reigns = Counter(
            "trimast_master_reigns", "How often this master took over.", registry=registry
        )
        self.failover = Histogram(
            "trimast_master_failover_phase_seconds",
            "Parts of a failover, each from the moment this master was elected.",
            ["phase"],
            buckets=_FAILOVER_BUCKETS_S,
            registry=registry,
        )
        self.tasks_ended = Counter(
            "trimast_master_tasks_ended",
            "Ends of tasks that this master has seen committed as leader.",
            ["state"],
            registry=registry,
        )
        self.calls = Counter(
            "trimast_master_calls",
            "Calls of frameworks, and of operators over the API of Mesos, that were understood.",
            ["api", "call"],
            registry=registry,
        )
        # To be found by their labels costs more than to be counted.
        self._calls: dict[tuple[str, str], Counter] = {}
        for state in sorted(TERMINAL_STATES):
            self.tasks_ended.labels(state.value)
        self._offers_by_fate = {
            fate: self.offers.labels(fate) for fate in ("sent", "accepted", "declined", "rescinded")
        }
        for phase in ("leading", "first_offer"):
            self.failover.labels(phase)
        self._updates = (self.updates.labels("first"), self.updates.labels("repeat"))
        for kind in ("first", "repeat"):
            self.operation_updates.labels(kind)
        self._decided: dict[tuple[type[Decision], str], Counter] = {}
        self._waits_for_offer = False

    # As the leader works

    def reign_began(self, *, elected_ms: int) -> None:
        self._began_ms = elected_ms
        self._waits_for_offer = True
        self.reigns.inc()
        self.failover.labels("leading").observe(self._since_election_s())

    def reign_ended(self) -> None:
        self._began_ms = None

    def performed(self, effect: LeaderEffect) -> None:
        match effect:
            case RunTask():
                self.tasks_ordered.inc()
            case SendUpdate():
                self._updates[effect.is_repeat].inc()
            case SendOperationUpdate():
                self.operation_updates.labels("repeat" if effect.is_repeat else "first").inc()
            case SendOffers():
                self._offers_by_fate["sent"].inc(len(effect.offers))
                if self._waits_for_offer:
                    self._waits_for_offer = False
                    self.failover.labels("first_offer").observe(self._since_election_s())
            case CountOffers():
                self._offers_by_fate[effect.fate].inc(effect.offers)
            case _:
                pass

    def command_decided(self, decision: Decision, outcome: Outcome) -> None:
        verdict = outcome.reason.value if isinstance(outcome, Refused) else "applied"
        kind = type(decision)
        counter = self._decided.get((kind, verdict))
        if counter is None:
            counter = self.commands_decided.labels(kind.__name__, verdict)
            self._decided[kind, verdict] = counter
        counter.inc()
        if isinstance(decision, ReportTask | GiveUpTask) and isinstance(outcome, Applied):
            self._count_end(outcome.task)

    def _count_end(self, task: TaskRecord | None) -> None:
        if task is not None and task.state.is_terminal:
            self.tasks_ended.labels(task.state.value).inc()

    def called(self, api: str, call: str) -> None:
        counter = self._calls.get((api, call))
        if counter is None:
            counter = self._calls[api, call] = self.calls.labels(api, call)
        counter.inc()

    # As the log works

    def commands_committed(self, count: int) -> None:
        self.entries.inc()
        self.commands.inc(count)

    def proposal_committed(self, latency_s: float) -> None:
        self.commit_latency.observe(latency_s)

    def log_synced(self, duration_s: float, size_bytes: int) -> None:
        self.sync_duration.observe(duration_s)
        self.synced_bytes.inc(size_bytes)

    def leader_changed(self, leader_id: str | None) -> None:
        if leader_id is not None:
            self.leader_changes.inc()

    def frame_rejected(self, cause: str) -> None:
        self.frames_rejected.labels(cause).inc()

    def snapshot_written(self, index: int, size_bytes: int, duration_s: float) -> None:
        self.snapshot_duration.observe(duration_s)
        self.snapshot_index.set(index)
        self.snapshot_bytes.set(size_bytes)

    def disk_space_seen(self, free_bytes: int) -> None:
        self.disk_free.set(free_bytes)

    def configuration_begun(self, number: int, members: int) -> None:
        self.configuration.set(number)
        self.members.set(members)

    def snapshot_failed(self) -> None:
        self.snapshots_failed.inc()

    def snapshot_installed(self, index: int, size_bytes: int) -> None:
        self.snapshots_installed.inc()
        self.snapshot_index.set(index)
        self.snapshot_bytes.set(size_bytes)

    def digest_compared(self) -> None:
        self.digests_compared.inc()

    def digest_mismatched(self) -> None:
        self.digests_mismatched.inc()

    def _since_election_s(self) -> float:
        return (monotonic_ms() - (self._began_ms or monotonic_ms())) / 1000


class StateCollector:
    """Read when Prometheus asks: where the log stands, and what the registry holds."""

    def __init__(
        self,
        *,
        log_status: Callable[[], LogStatus],
        certificate_expires_in_s: Callable[[], float | None],
        registry: RegistryState,
        leader: Callable[[], LeaderState | None],
    ) -> None:
        self._log_status = log_status
        self._certificate_expires_in_s = certificate_expires_in_s
        self._registry = registry
        self._leader = leader

    def collect(self) -> Iterator[Metric]:
        status, leader = self._log_status(), self._leader()
        yield _gauge("trimast_master_leading", "1 on the master that leads.", leader is not None)
        yield _gauge("trimast_master_epoch", "The registry's epoch.", self._registry.epoch)
        yield _gauge("trimast_log_term", "Raft term of this replica.", status.term)
        yield _gauge("trimast_log_commit_index", "Last committed entry.", status.commit_index)
        yield _gauge("trimast_log_applied_index", "Last applied entry.", status.applied_index)
        yield _gauge("trimast_log_last_index", "Last entry in the log.", status.last_index)
        expires_in_s = self._certificate_expires_in_s()
        if expires_in_s is not None:
            yield _gauge(
                "trimast_raft_link_certificate_expires_in_seconds",
                "Until this master's certificate expires; without TLS there is none.",
                expires_in_s,
            )
        yield from self._registry_metrics()
        yield self._resources(leader)
        outstanding = len(leader.ledger.open_offers) if leader else 0
        yield _gauge("trimast_master_offers_outstanding", "Offers unanswered now.", outstanding)
        connected = len(leader.agents.link_of) if leader else 0
        yield _gauge("trimast_master_agents_connected", "Agents with a link here.", connected)
        streams = len(leader.frameworks.stream_of) if leader else 0
        yield _gauge("trimast_master_frameworks_connected", "Subscribed frameworks.", streams)

    def _resources(self, leader: LeaderState | None) -> Metric:
        """Of agents that are not given up, in cores, MiB and pieces."""
        registry = self._registry
        known = [a for a, agent in registry.agents.items() if agent.state is AgentState.ACTIVE]
        accounts = leader.ledger.accounts if leader is not None else {}
        sums = {
            "total": _scalars(registry.total_on(agent_id) for agent_id in known),
            "used": _scalars(registry.used_on(agent_id) for agent_id in known),
            "offered": _scalars(accounts[a].offered for a in known if a in accounts),
        }
        family = GaugeMetricFamily(
            "trimast_master_resources",
            "What agents have, what tasks use of it, and what is offered.",
            labels=["resource", "of"],
        )
        for of, tally in sums.items():
            for name in SHOWN_RESOURCES:
                family.add_metric([name, of], tally[name] / 1000)
        return family

    def _registry_metrics(self) -> Iterator[Metric]:
        registry = self._registry
        agents: Tally[AgentState] = Tally(agent.state for agent in registry.agents.values())
        yield _by_state("trimast_master_agents", "Agents in the registry.", AgentState, agents)
        frameworks: Tally[FrameworkState] = Tally(f.state for f in registry.frameworks.values())
        frameworks[FrameworkState.REMOVED] = len(registry.completed_frameworks)
        yield _by_state(
            "trimast_master_frameworks", "Frameworks in the registry.", FrameworkState, frameworks
        )
        yield _by_state(
            "trimast_master_tasks",
            "Tasks alive or not acknowledged.",
            TaskState,
            registry.tasks_by_state(),
        )
        yield _gauge(
            "trimast_master_tasks_completed",
            "Tombstones of ended tasks kept.",
            len(registry.completed_tasks),
        )


def _scalars(amounts: Iterable[Resources]) -> Tally[str]:
    tally: Tally[str] = Tally()
    for amount in amounts:
        for name, milli in amount.amounts.scalars:
            tally[name] += milli
    return tally


_StateT = TypeVar("_StateT", bound=StrEnum)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))


def _by_state(
    name: str, about: str, states: Iterable[_StateT], tally: Mapping[_StateT, int]
) -> Metric:
    family = GaugeMetricFamily(name, about, labels=["state"])
    for state in states:
        family.add_metric([state.value], tally.get(state, 0))
    return family
