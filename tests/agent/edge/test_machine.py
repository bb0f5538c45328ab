from pathlib import Path

import pytest

from agent.edge import machine
from agent.launcher.processes import boot_id


def test_there_is_something_for_tasks(tmp_path: Path) -> None:
    found = machine.resources_found(tmp_path)
    for name in ("cpus", "mem", "disk"):
        assert found.scalar_milli(name) > 0
    assert found.ranges == (("ports", ((31_000, 32_000),)),)


@pytest.mark.parametrize(
    ("host", "address"),
    [("10.1.2.3", "10.1.2.3"), ("localhost", "127.0.0.1"), ("no.such.name.invalid", "")],
)
def test_others_reach_it_where_it_listens(host: str, address: str) -> None:
    assert machine.address(host) == address


def test_who_listens_everywhere_is_reached_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "hostname", lambda: "localhost")
    assert machine.address("0.0.0.0") == machine.address("") == "127.0.0.1"


def test_the_machine_has_a_name_and_a_boot() -> None:
    assert machine.hostname()
    assert len(boot_id()) == 36
