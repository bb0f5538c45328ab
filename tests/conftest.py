"""For every test: hypothesis searches the same examples on every machine, however busy that is.

And how two workers share the tests (`make test`): one begins with all that start clusters, which
mostly wait, and the other with what mostly computes.
"""

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "trimast", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("trimast")

_OF_PROCESSES = ("tests/conformance/", "tests/integration/")
"""Tests that start clusters of processes: one at a time, or they fight for the cores."""


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """What is in one file shares what it has found out; the tests of processes are like one."""

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if nodeid.startswith(_OF_PROCESSES) else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_OF_PROCESSES))
