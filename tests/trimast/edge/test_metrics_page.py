import asyncio

import aiohttp
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.metrics_page import add_metrics_page, new_registry


def test_prometheus_can_read_what_is_counted() -> None:
    async def main() -> None:
        registry = new_registry()
        Counter("trimast_toys_total", "Toys.", registry=registry).inc(3)
        app = new_application()
        add_metrics_page(app, registry)
        server = HttpServer(app, host="127.0.0.1", port=0)
        await server.start()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{server.address}/metrics") as answer,
        ):
            content_type, text = answer.headers["Content-Type"], await answer.text()
        await server.stop()
        assert content_type == "text/plain; version=0.0.4; charset=utf-8"
        found = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert found["trimast_toys_total"] == 3
        assert found["process_open_fds"] > 0

    asyncio.run(main())


def test_two_registries_know_nothing_of_each_other() -> None:
    for _ in range(2):
        Counter("trimast_toys_total", "Toys.", registry=new_registry())
