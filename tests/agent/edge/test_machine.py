from pathlib import Path

from agent.edge import machine
from agent.launcher.processes import boot_id


def test_there_is_something_for_tasks(tmp_path: Path) -> None:
    found = machine.resources_found(tmp_path)
    for name in ("cpus", "mem", "disk"):
        assert found.scalar_milli(name) > 0
    assert found.ranges == (("ports", ((31_000, 32_000),)),)


def test_the_machine_has_a_name_and_a_boot() -> None:
    assert machine.hostname()
    assert len(boot_id()) == 36
