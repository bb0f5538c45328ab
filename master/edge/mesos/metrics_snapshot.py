"""`GET /metrics/snapshot` of every master: one flat object, by the names of Mesos; and what its
machine is doing, `GET /system/stats`."""

import os

import psutil
from aiohttp import web
from prometheus_client import CollectorRegistry

from master.edge.mesos.answering import json_answer, refusals_answered
from master.edge.mesos.metrics_names import Machine, Samples, mesos_metrics
from master.edge.mesos.paths import add_endpoint
from trimast.edge.clock import wall_ms


class MetricsSnapshot:
    """
    Args:
        started_s: since 1970.
    """

    def __init__(self, registry: CollectorRegistry, started_s: float) -> None:
        self._registry = registry
        self._started_s = started_s

    def take(self) -> dict[str, float]:
        return mesos_metrics(
            Samples(self._registry.collect()),
            uptime_s=wall_ms() / 1000 - self._started_s,
            machine=_machine(),
        )

    def mount(self, app: web.Application) -> None:
        async def show(request: web.Request) -> web.StreamResponse:
            # A `timeout` is asked for sometimes; nothing here has to be waited for.
            return await json_answer(request, self.take())

        async def show_system(request: web.Request) -> web.StreamResponse:
            machine = _machine()
            document = {
                "avg_load_1min": machine.load_1min,
                "avg_load_5min": machine.load_5min,
                "avg_load_15min": machine.load_15min,
                "cpus_total": machine.cpus,
                "mem_total_bytes": machine.mem_bytes,
                "mem_free_bytes": machine.mem_free_bytes,
            }
            return await json_answer(request, document)

        add_endpoint(app, "/metrics/snapshot", refusals_answered(show))
        add_endpoint(app, "/system/stats", refusals_answered(show_system))


def _machine() -> Machine:
    memory = psutil.virtual_memory()
    return Machine(*os.getloadavg(), os.cpu_count() or 1, memory.total, memory.free)
