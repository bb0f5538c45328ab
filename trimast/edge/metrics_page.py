"""`GET /metrics`: what one process counts, in the text format of Prometheus."""

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4


def new_registry() -> CollectorRegistry:
    """A registry of its own for a process, with the process's CPU, memory and open files in it."""
    disable_created_metrics()  # When a counter was made is not worth a series each.
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    return registry


def add_metrics_page(app: web.Application, registry: CollectorRegistry) -> None:
    async def metrics(_request: web.Request) -> web.Response:
        # The version every Prometheus reads.
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    app.router.add_get("/metrics", metrics)
