"""What is counted here, under the names that Mesos has for it.

All is taken from what `/metrics` shows, so the two never disagree. What Mesos counts and a master
here cannot have, such as a queue of events before it, is there as 0: dashboards ask for it.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from prometheus_client.core import Metric

_QUANTILES: Final = (
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
    ("p9999", 0.9999),
)
_ALIVE: Final = ("staging", "starting", "running", "killing", "unreachable")
_ENDED: Final = (
    "finished",
    "failed",
    "killed",
    "error",
    "lost",
    "dropped",
    "gone",
    "gone_by_operator",
)
_MESSAGES: Final = {
    "SUBSCRIBE": "register_framework",
    "TEARDOWN": "unregister_framework",
    "ACCEPT": "launch_tasks",
    "DECLINE": "decline_offers",
    "REVIVE": "revive_offers",
    "SUPPRESS": "suppress_offers",
    "KILL": "kill_task",
    "ACKNOWLEDGE": "status_update_acknowledgement",
    "RECONCILE": "reconcile_tasks",
    "REQUEST": "resource_request",
    "MESSAGE": "framework_to_executor",
    "ACKNOWLEDGE_OPERATION_STATUS": "operation_status_update_acknowledgement",
    "RECONCILE_OPERATIONS": "reconcile_operations",
}
_ALWAYS_0: Final = (
    "master/dropped_messages",
    "master/event_queue_dispatches",
    "master/event_queue_http_requests",
    "master/event_queue_messages",
    "master/messages_deactivate_framework",
    "master/messages_reregister_framework",
    "master/recovery_slave_removals",
    "master/slave_removals/reason_unregistered",
    "registrar/queued_operations",
    "allocator/event_queue_dispatches",
)


class Machine(NamedTuple):
    """What runs this master."""

    load_1min: float
    load_5min: float
    load_15min: float
    cpus: int
    mem_bytes: int
    mem_free_bytes: int


class Samples:
    """What `/metrics` shows at one moment."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for metric in metrics:
            for sample in metric.samples:
                self._values[sample.name, frozenset(sample.labels.items())] = sample.value

    def get(self, name: str, **labels: str) -> float:
        """0 if nothing of it was counted yet."""
        return self._values.get((name, frozenset(labels.items())), 0.0)

    def sum(self, name: str, **labels: str) -> float:
        """Over all other labels."""
        wanted = labels.items()
        return sum(
            value
            for (known, given), value in self._values.items()
            if known == name and wanted <= given
        )

    def buckets(self, name: str) -> list[tuple[float, float]]:
        """Of a histogram: the upper end of each, and how many were no more."""
        found = (
            (float(dict(labels)["le"]), value)
            for (known, labels), value in self._values.items()
            if known == f"{name}_bucket"
        )
        return sorted(found)


def mesos_metrics(samples: Samples, *, uptime_s: float, machine: Machine) -> dict[str, float]:
    numbers = dict.fromkeys(_ALWAYS_0, 0.0)
    numbers["master/elected"] = samples.get("trimast_master_leading")
    numbers["master/uptime_secs"] = uptime_s
    numbers.update(_agents(samples))
    numbers.update(_frameworks(samples))
    numbers.update(_tasks(samples))
    numbers.update(_resources(samples))
    numbers.update(_messages(samples))
    numbers.update(_registrar(samples))
    numbers.update(_system(machine))
    return {name: float(number) for name, number in sorted(numbers.items())}


def _agents(samples: Samples) -> Iterator[tuple[str, float]]:
    known = samples.get("trimast_master_agents", state="active")
    connected = min(known, samples.get("trimast_master_agents_connected"))
    yield "master/slaves_connected", connected
    yield "master/slaves_disconnected", known - connected
    yield "master/slaves_active", connected
    yield "master/slaves_inactive", known - connected
    yield "master/slaves_unreachable", samples.get("trimast_master_agents", state="unreachable")
    admitted = _decided(samples, "AdmitAgent")
    marked = _decided(samples, "MarkAgentUnreachable")
    yield "master/slave_registrations", admitted
    yield "master/slave_reregistrations", 0.0
    yield "master/slave_removals", marked
    yield "master/slave_removals/reason_unhealthy", marked
    yield "master/slave_unreachable_completed", marked


def _frameworks(samples: Samples) -> Iterator[tuple[str, float]]:
    known = sum(samples.get("trimast_master_frameworks", state=s) for s in ("active", "away"))
    connected = min(known, samples.get("trimast_master_frameworks_connected"))
    yield "master/frameworks_connected", connected
    yield "master/frameworks_disconnected", known - connected
    yield "master/frameworks_active", connected
    yield "master/frameworks_inactive", known - connected
    yield "master/outstanding_offers", samples.get("trimast_master_offers_outstanding")
    yield "master/operator_event_stream_subscribers", samples.get("trimast_master_watchers")


def _tasks(samples: Samples) -> Iterator[tuple[str, float]]:
    for state in _ALIVE:
        yield f"master/tasks_{state}", samples.get("trimast_master_tasks", state=state)
    for state in _ENDED:
        yield f"master/tasks_{state}", samples.get("trimast_master_tasks_ended_total", state=state)


def _resources(samples: Samples) -> Iterator[tuple[str, float]]:
    for name in ("cpus", "gpus", "mem", "disk"):
        total, used, offered = (
            samples.get("trimast_master_resources", resource=name, of=of)
            for of in ("total", "used", "offered")
        )
        yield f"master/{name}_total", total
        yield f"master/{name}_used", used
        yield f"master/{name}_percent", used / total if total else 0.0
        yield f"master/{name}_revocable_total", 0.0
        yield f"master/{name}_revocable_used", 0.0
        yield f"master/{name}_revocable_percent", 0.0
        yield f"allocator/mesos/resources/{name}/total", total
        yield f"allocator/mesos/resources/{name}/offered_or_allocated", used + offered


def _messages(samples: Samples) -> Iterator[tuple[str, float]]:
    for call, name in _MESSAGES.items():
        calls = samples.get("trimast_master_calls_total", api="scheduler", call=call)
        yield f"master/messages_{name}", calls
    reports = samples.sum("trimast_master_commands_decided_total", command="ReportTask")
    valid = _decided(samples, "ReportTask")
    yield "master/messages_status_update", reports
    yield "master/valid_status_updates", valid
    yield "master/invalid_status_updates", reports - valid
    acknowledged = samples.sum("trimast_master_commands_decided_total", command="AcknowledgeReport")
    valid = _decided(samples, "AcknowledgeReport")
    yield "master/valid_status_update_acknowledgements", valid
    yield "master/invalid_status_update_acknowledgements", acknowledged - valid
    yield "master/messages_register_slave", _decided(samples, "AdmitAgent")


def _registrar(samples: Samples) -> Iterator[tuple[str, float]]:
    """The log of the masters is what the registrar is to Mesos."""
    name = "trimast_log_commit_latency_seconds"
    count = samples.get(f"{name}_count")
    mean_ms = 1000 * samples.get(f"{name}_sum") / count if count else 0.0
    yield "registrar/state_store_ms", mean_ms
    yield "registrar/state_store_ms/count", count
    buckets = samples.buckets(name)
    for quantile, part in _QUANTILES:
        yield f"registrar/state_store_ms/{quantile}", 1000 * _quantile(buckets, part)
    yield "registrar/state_fetch_ms", 0.0
    yield "registrar/registry_size_bytes", samples.get("trimast_log_snapshot_bytes")
    yield "registrar/log/recovered", 1.0
    yield "registrar/log/ensemble_size", samples.get("trimast_log_members")


def _system(machine: Machine) -> Iterator[tuple[str, float]]:
    yield "system/load_1min", machine.load_1min
    yield "system/load_5min", machine.load_5min
    yield "system/load_15min", machine.load_15min
    yield "system/cpus_total", float(machine.cpus)
    yield "system/mem_total_bytes", float(machine.mem_bytes)
    yield "system/mem_free_bytes", float(machine.mem_free_bytes)


def _decided(samples: Samples, command: str) -> float:
    return samples.get("trimast_master_commands_decided_total", command=command, outcome="applied")


def _quantile(buckets: list[tuple[float, float]], part: float) -> float:
    """The upper end of the bucket in which it lies; of the last, which has none, the lower."""
    wanted = part * buckets[-1][1] if buckets else 0.0
    below = 0.0
    for end, count in buckets:
        if count >= wanted and count:
            return below if end == float("inf") else end
        below = end
    return 0.0
