"""The units: what must stand in them, and that systemd understands them."""

import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from agent.config import AgentConfig
from master.config import MasterConfig

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "systemd"
UNITS = ("trimast-master.service", "trimast-agent.service")


def settings(name: str) -> dict[str, str]:
    """Of all sections; none is there twice."""
    found: dict[str, str] = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "[")):
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{name}: {line}"
        assert key not in found, f"{name}: {key} is there twice"
        found[key] = value
    return found


def variables(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    given = [line.removeprefix("# ") for line in lines if re.match(r"(# )?TRIMAST_", line)]
    return dict(line.split("=", 1) for line in given)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_started_again_and_watched(name: str) -> None:
    unit = settings(name)
    assert unit["Type"] == "notify"
    assert unit["NotifyAccess"] == "main"
    assert unit["Restart"] == "always"
    assert unit["StartLimitIntervalSec"] == "0"
    assert int(unit["WatchdogSec"]) >= 10
    assert unit["TasksMax"] == "infinity"
    assert int(unit["OOMScoreAdjust"]) < 0


def test_tasks_outlive_the_unit_of_their_agent() -> None:
    unit = settings("trimast-agent.service")
    assert unit["KillMode"] == "process"
    assert unit["Delegate"] == "yes"
    assert unit["OOMPolicy"] == "continue"


def test_what_would_hold_for_tasks_is_not_in_the_unit_of_their_agent() -> None:
    hindrances = ("Protect", "Private", "NoNewPrivileges", "SystemCall", "Restrict", "Capability")
    assert [key for key in settings("trimast-agent.service") if key.startswith(hindrances)] == []


def test_a_master_has_its_data_directory_and_no_more() -> None:
    unit = settings("trimast-master.service")
    assert unit["ProtectSystem"] == "strict"
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["User"] == "trimast"
    data_dir = variables("master.env.example")["TRIMAST_DATA_DIR"]
    assert data_dir == f"/var/lib/{unit['StateDirectory']}"


@pytest.mark.parametrize(
    ("name", "config"), [("master.env.example", MasterConfig), ("agent.env.example", AgentConfig)]
)
def test_the_examples_name_settings_that_there_are(name: str, config: type) -> None:
    known = {f"TRIMAST_{field.name.upper()}" for field in fields(config)}
    assert set(variables(name)) <= known


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_a_unit(name: str, tmp_path: Path) -> None:
    # It looks for the program as well, which is not where it is to be installed.
    text = re.sub(
        r"^ExecStart=\S+", "ExecStart=/bin/true", (FOLDER / name).read_text("utf-8"), flags=re.M
    )
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning"},
    )
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert complaints == []
    assert done.returncode == 0, done.stderr
