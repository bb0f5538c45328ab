"""For every test: hypothesis searches the same examples on every machine, however busy that is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "trimast", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("trimast")

_OF_PROCESSES = ("conformance", "integration")
"""Folders of tests that start clusters of processes: one at a time, or they fight for the cores."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Two workers share the tests by file (`make test`): one begins with all that start clusters,
    which mostly wait, and the other with what mostly computes. Done before xdist looks."""
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        group = "processes" if folder in _OF_PROCESSES else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in _OF_PROCESSES)
    yield
