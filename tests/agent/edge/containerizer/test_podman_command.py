"""The words that podman is given, and what is refused before it is asked."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.edge.containerizer.command_line import CannotStart
from agent.edge.containerizer.podman_command import ContainerPlace, run_arguments
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.effects import StartProcess
from agent.launcher.cgroups.contract import Bounds
from tests.agent.one_agent import AGENT, KEY, task_info
from trimast.framework.reserving import create_volume
from trimast.model.container import ContainerInfo, ImageInfo, Network, Rlimit, Volume
from trimast.model.resources import Resources
from trimast.model.task import CommandInfo

PLACE = ContainerPlace("trimast-1", "[]", "owner", "/run/x.pid", "/trimast/a/task-b")
SHELL = CommandInfo("echo hi", environment=(("A", "1 2"),))


def words(
    tmp_path: Path,
    image: ImageInfo | None = None,
    command: CommandInfo = SHELL,
    *,
    place: ContainerPlace = PLACE,
    rules: PodmanRules | None = None,
    bounds: Bounds | None = None,
    shared: Path | None = None,
    resources: Resources | None = None,
    **container: Any,
) -> list[str]:
    asked = ContainerInfo(image=image or ImageInfo("alpine"), **container)
    task = replace(task_info(KEY), command=command, container=asked)
    task = replace(task, resources=resources or task.resources)
    return run_arguments(
        StartProcess(AGENT, KEY, 7, task, ""),
        place,
        sandbox=tmp_path,
        shared=shared,
        bounds=bounds or Bounds(102),
        rules=rules or PodmanRules(),
        new_privileges=False,
    )


def test_a_container_is_named_labelled_bounded_and_within_its_cgroup(tmp_path: Path) -> None:
    rules = PodmanRules(args=("--runtime", "runc"), run_args=("--ipc=private",))
    bounds = Bounds(102, 50_000, 64, 32, 10)
    found = words(tmp_path, rules=rules, bounds=bounds)
    assert found[:4] == ["--runtime", "runc", "--cgroup-manager=cgroupfs", "run"]
    assert {
        "--name=trimast-1",
        "--label=trimast.work_dir=owner",
        "--label=trimast.agent=agent-1",
        "--pidfile=/run/x.pid",
        "--cgroup-parent=/trimast/a/task-b",
        "--cpu-shares=102",
        "--cpu-quota=50000",
        "--memory=64b",
        "--memory-swap=64b",
        "--memory-reservation=32b",
        "--pids-limit=10",
        "--security-opt=no-new-privileges",
        "--network=host",
        f"--mount=type=bind,src={tmp_path},dst=/mnt/mesos/sandbox",
        "--env=MESOS_SANDBOX=/mnt/mesos/sandbox",
        "--env=A=1 2",
        "--ipc=private",
    } <= set(found)
    assert not [word for word in found if word.startswith("--user")]


def test_where_cgroups_are_one_tree_the_container_is_below_what_starts_it(tmp_path: Path) -> None:
    place = ContainerPlace("n", "[]", "o", "/run/x.pid", is_split=True)
    found = words(tmp_path, place=place)
    assert "--cgroups=split" in found
    assert not [word for word in found if word.startswith("--cgroup-parent")]


@pytest.mark.parametrize(
    ("command", "is_docker", "end"),
    [
        (CommandInfo("a b"), False, ["--entrypoint=/bin/sh", "alpine", "-c", "a b"]),
        (CommandInfo("p", False, ("p", "x")), False, ["--entrypoint=p", "alpine", "x"]),
        (CommandInfo("p", False, ("x", "y")), True, ["alpine", "p", "x", "y"]),
        (CommandInfo("", False), False, ["alpine"]),
        (CommandInfo("", False, ("x",)), True, ["alpine", "x"]),
    ],
)
def test_what_is_run_is_the_shells_or_the_tasks_or_the_images(
    tmp_path: Path, command: CommandInfo, is_docker: bool, end: list[str]
) -> None:
    found = words(tmp_path, ImageInfo("alpine", is_docker=is_docker), command)
    assert found[-len(end) :] == end


def test_limits_and_capabilities_are_those_it_asks_for(tmp_path: Path) -> None:
    found = words(
        tmp_path, rlimits=(Rlimit("NOFILE", 5, 6), Rlimit("CORE")), capabilities=("CHOWN",)
    )
    assert {"--ulimit=nofile=5:6", "--ulimit=core=-1:-1", "--cap-drop=all", "--cap-add=CHOWN"} <= {
        *found
    }
    assert len([word for word in found if word.startswith("--ulimit=nofile")]) == 1
    with pytest.raises(CannotStart, match="no rlimit of LOCKS"):
        words(tmp_path, rlimits=(Rlimit("LOCKS"),))


def test_a_group_finds_what_it_shares_where_its_link_leads(tmp_path: Path) -> None:
    found = words(tmp_path, shared=Path("/srv/shared"))
    assert "--mount=type=bind,src=/srv/shared,dst=/srv/shared" in found


def test_persistent_volumes_are_where_the_links_in_the_sandbox_lead(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/data").symlink_to("/srv/volumes/roles/db/files")
    volume = create_volume("db", "files", "in/data", disk_mib=64)
    found = words(tmp_path, resources=task_info(KEY).resources + volume.resources)
    place = "/srv/volumes/roles/db/files"
    assert f"--mount=type=bind,src={place},dst={place}" in found


def test_volumes_are_of_the_sandbox_or_below_what_is_allowed(tmp_path: Path) -> None:
    sandbox, allowed = tmp_path / "box", tmp_path / "allowed"
    for folder in (sandbox, allowed / "data"):
        folder.mkdir(parents=True)
    (allowed / "out").symlink_to("/etc")
    rules = PodmanRules(volume_roots=(str(allowed),))
    image = ImageInfo(
        "alpine",
        network=Network.NONE,
        volumes=(Volume("/data", str(allowed / "data"), read_only=True), Volume("c", "in/here")),
    )
    found = words(sandbox, image, rules=rules)
    assert "--network=none" in found
    assert f"--mount=type=bind,src={allowed}/data,dst=/data,ro" in found
    assert f"--mount=type=bind,src={sandbox}/in/here,dst=/mnt/mesos/sandbox/c" in found
    assert (sandbox / "in/here").is_dir()
    for path, fault in (
        ("/etc", "not where volumes may be"),
        (str(allowed / "out"), "not where volumes may be"),
        (f"{allowed}-too", "not where volumes may be"),
        (str(allowed / "nothing"), "is not on this machine"),
    ):
        with pytest.raises(CannotStart, match=fault):
            words(sandbox, ImageInfo("alpine", volumes=(Volume("/v", path),)), rules=rules)
    with pytest.raises(CannotStart, match="nowhere; see the agent's --volume-host-roots"):
        words(sandbox, image)


def test_devices_are_those_that_the_agent_names(tmp_path: Path) -> None:
    image = ImageInfo("alpine", devices=("/dev/nvidia0",))
    assert "--device=/dev/nvidia0" in words(
        tmp_path, image, rules=PodmanRules(devices=("/dev/nvidia0",))
    )
    with pytest.raises(CannotStart, match="not among those of this agent: none"):
        words(tmp_path, image)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run tasks as others")
def test_the_user_is_one_of_the_machine(tmp_path: Path) -> None:
    assert "--user=0:0" in words(tmp_path, command=replace(SHELL, user="root"))
    assert any(
        w.startswith("--user=") for w in words(tmp_path, command=replace(SHELL, user="nobody"))
    )
    with pytest.raises(CannotStart, match="unknown on this machine"):
        words(tmp_path, command=replace(SHELL, user="no-such-user"))
