"""What is counted of fetching."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class FetchResult(StrEnum):
    FETCHED = "fetched"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class FetchMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str) -> Counter:
            return Counter(f"trimast_agent_{name}", about, registry=registry)

        self.results = Counter(
            "trimast_agent_fetches_total",
            "Tasks whose uris were fetched, could not be, or were not wanted any more.",
            ["result"],
            registry=registry,
        )
        for result in FetchResult:
            self.results.labels(result)
        self.seconds = Histogram(
            "trimast_agent_fetch_seconds",
            "How long it took to fetch all uris of a task.",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900),
            registry=registry,
        )
        self.bytes = counter("fetch_bytes_total", "Bytes fetched, from the network or a file.")
        self.cache_hits = counter("fetch_cache_hits_total", "Uris found in the cache.")
        self.cache_misses = counter("fetch_cache_misses_total", "Uris not found in the cache.")
        self.cache_evictions = counter("fetch_cache_evictions_total", "Uris dropped from it.")
        self.cache_bytes = Gauge(
            "trimast_agent_fetch_cache_bytes", "What is in the cache.", registry=registry
        )
        self.under_way = Gauge(
            "trimast_agent_fetches_under_way",
            "Tasks whose uris are being fetched, or wait for that.",
            registry=registry,
        )
