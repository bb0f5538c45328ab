"""The command line of `podman run` for a task, from what the task asks for and may have."""

import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.edge.containerizer.command_line import CannotStart, User, user_of
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.effects import StartProcess
from agent.launcher.cgroups.contract import PERIOD_US, Bounds
from trimast.model.command import CommandInfo
from trimast.model.container import ContainerInfo, ImageInfo, Rlimit, Volume
from trimast.model.resource_kind import volumes_in

SANDBOX: Final = "/mnt/mesos/sandbox"
"""Where a container finds its sandbox; the place that Mesos gives it."""
LABEL_OWNER: Final = "trimast.work_dir"
LABEL_LAUNCH: Final = "trimast.launch"
USUAL_MAX: Final = 32_768
_OWN_LIMITS: Final = (("NOFILE", resource.RLIMIT_NOFILE), ("NPROC", resource.RLIMIT_NPROC))


@dataclass(frozen=True, slots=True)
class ContainerPlace:
    """Where a container is to be, and how it is found again.

    Attributes:
        name: of the container.
        owner: the digest of the agent's work directory.
        pid_file: podman writes the number of the first process into it, once that runs.
        group: its cgroup's folder below each mount, "/trimast/…"; "" for podman's own choice.
        is_split: the container is put below the cgroup that podman is started in.
    """

    name: str
    launch: str
    owner: str
    pid_file: str
    group: str = ""
    is_split: bool = False


def run_arguments(
    order: StartProcess,
    place: ContainerPlace,
    *,
    sandbox: Path,
    shared: Path | None,
    bounds: Bounds,
    rules: PodmanRules,
    new_privileges: bool,
) -> list[str]:
    """What follows the program's name.

    Args:
        shared: of the task's group; its link in the sandbox is to lead there in the container, too.

    Raises CannotStart, OSError.
    """
    container = order.task.container
    assert container is not None
    assert container.image is not None
    image = container.image
    return [
        *_global(place, rules),
        "run",
        f"--name={place.name}",
        f"--label={LABEL_OWNER}={place.owner}",
        f"--label={LABEL_LAUNCH}={place.launch}",
        f"--label=trimast.agent={order.agent_id}",
        f"--pidfile={place.pid_file}",
        "--pull=never",  # It is there by now.
        "--log-driver=none",
        "--http-proxy=false",
        f"--network={image.network}",
        *_grouping(place),
        *_bounding(bounds),
        *_boxing(container, new_privileges=new_privileges),
        *_user(order),
        *_mounts(order, image, sandbox, shared, rules),
        *(f"--device={_allowed_device(device, rules)}" for device in image.devices),
        *(f"--env={name}={value}" for name, value in _environment(order).items()),
        f"--workdir={SANDBOX}",
        *rules.run_args,
        *_program(order.task.command, image),
    ]


def _global(place: ContainerPlace, rules: PodmanRules) -> list[str]:
    # systemd's way of making cgroups has no room for them within those of the agent.
    manager = ["--cgroup-manager=cgroupfs"] if place.group or place.is_split else []
    return [*rules.args, *manager]


def _grouping(place: ContainerPlace) -> list[str]:
    if place.is_split:
        return ["--cgroups=split"]
    return [f"--cgroup-parent={place.group}"] if place.group else []


def _bounding(bounds: Bounds) -> Iterator[str]:
    yield f"--cpu-shares={bounds.cpu_shares}"
    if bounds.cpu_quota_us is not None:
        yield f"--cpu-period={PERIOD_US}"
        yield f"--cpu-quota={bounds.cpu_quota_us}"
    if bounds.mem_bytes is not None:
        yield f"--memory={bounds.mem_bytes}b"
        # Of both together; else podman allows as much again in swap.
        yield f"--memory-swap={bounds.mem_bytes}b"
    if bounds.mem_soft_bytes is not None and bounds.mem_soft_bytes != bounds.mem_bytes:
        yield f"--memory-reservation={bounds.mem_soft_bytes}b"
    yield f"--pids-limit={-1 if bounds.pids_max is None else bounds.pids_max}"


def _boxing(container: ContainerInfo, *, new_privileges: bool) -> Iterator[str]:
    if not new_privileges:
        yield "--security-opt=no-new-privileges"
    if container.capabilities is not None:
        yield "--cap-drop=all"
        yield from (f"--cap-add={name}" for name in container.capabilities)
    named = {rlimit.name for rlimit in container.rlimits}
    yield from (f"--ulimit={_ulimit(rlimit)}" for rlimit in container.rlimits)
    # Else podman sets what it thinks usual, which the machine need not allow.
    for name, number in _OWN_LIMITS:
        if name not in named:
            soft, hard = (_at_most(bound) for bound in resource.getrlimit(number))
            yield f"--ulimit={name.lower()}={soft}:{hard}"


def _at_most(bound: int) -> int:
    """podman gives itself no more than this of anything, and then cannot give more."""
    return USUAL_MAX if bound == resource.RLIM_INFINITY else min(bound, USUAL_MAX)


def _ulimit(rlimit: Rlimit) -> str:
    if rlimit.name == "LOCKS":
        raise CannotStart("the kernel knows no rlimit of LOCKS any more")
    soft, hard = (-1 if bound is None else bound for bound in (rlimit.soft, rlimit.hard))
    return f"{rlimit.name.lower()}={soft}:{hard}"


def _user(order: StartProcess) -> list[str]:
    """The image's own, if nobody wants another than the agent's."""
    user: User | None = user_of(order)
    if user is not None:
        return [f"--user={user.uid}:{user.gid}"]
    if order.task.command.user:
        return [f"--user={os.geteuid()}:{os.getegid()}"]
    return []


def _kept(order: StartProcess, sandbox: Path) -> Iterator[Path]:
    """Persistent volumes: the sandbox has links to them, which lead there in the container, too."""
    for _, volume in volumes_in(order.task.resources):
        yield Path(os.readlink(sandbox / volume.container_path))


def _mounts(
    order: StartProcess,
    image: ImageInfo,
    sandbox: Path,
    shared: Path | None,
    rules: PodmanRules,
) -> Iterator[str]:
    yield _mount(str(sandbox), SANDBOX)
    for place in (*([shared] if shared is not None else []), *_kept(order, sandbox)):
        yield _mount(str(place), str(place))
    for volume in image.volumes:
        source = _source_of(volume, sandbox, rules)
        target = os.path.join(SANDBOX, volume.container_path)
        yield _mount(source, target, read_only=volume.read_only)


def _mount(source: str, target: str, *, read_only: bool = False) -> str:
    for path in (source, target):
        if set(path) & set(",:\"'") or not path.isprintable():
            raise CannotStart(f"podman cannot mount a path such as {path!r}")
    return f"--mount=type=bind,src={source},dst={target}{',ro' if read_only else ''}"


def _source_of(volume: Volume, sandbox: Path, rules: PodmanRules) -> str:
    if not volume.host_path.startswith("/"):
        place = sandbox / volume.host_path
        place.mkdir(parents=True, exist_ok=True)
        _take_after(place, sandbox)
        return str(place)
    # Where links lead counts, and not what they are called.
    source = Path(os.path.realpath(volume.host_path))
    roots = [Path(os.path.realpath(root)) for root in rules.volume_roots]
    if not any(source.is_relative_to(root) for root in roots):
        where = ", ".join(rules.volume_roots) or "nowhere"
        raise CannotStart(
            f"its volume {volume.host_path} is not where volumes may be: {where};"
            " see the agent's --volume-host-roots"
        )
    if not source.exists():
        raise CannotStart(f"its volume {volume.host_path} is not on this machine")
    return str(source)


def _take_after(place: Path, sandbox: Path) -> None:
    """What was made within a sandbox belongs to whom the sandbox does."""
    owner = sandbox.stat()
    while place != sandbox:
        os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)
        place = place.parent


def _allowed_device(device: str, rules: PodmanRules) -> str:
    if device not in rules.devices:
        there = ", ".join(rules.devices) or "none"
        raise CannotStart(
            f"device {device} is not among those of this agent: {there}; see its --podman-devices"
        )
    return device


def _environment(order: StartProcess) -> dict[str, str]:
    """Beside what the image has; what the task names wins."""
    return {
        "MESOS_SANDBOX": SANDBOX,
        "MESOS_DIRECTORY": SANDBOX,
        "MESOS_AGENT_ID": order.agent_id,
        "MESOS_SLAVE_ID": order.agent_id,
        "MESOS_FRAMEWORK_ID": order.key.framework_id,
        "MESOS_EXECUTOR_ID": order.key.task_id,
        "MESOS_TASK_ID": order.key.task_id,
        "TRIMAST_TASK_ID": order.key.task_id,
        "TRIMAST_FENCE": str(order.fence),
        **dict(order.task.command.environment),
    }


def _program(command: CommandInfo, image: ImageInfo) -> list[str]:
    """The entry point, the image, and what the entry point is given; see `ImageInfo.is_docker`."""
    if command.shell:
        return ["--entrypoint=/bin/sh", image.name, "-c", command.value]
    if image.is_docker or not command.value:
        given = [command.value] if command.value else []
        return [image.name, *given, *command.arguments]
    return [f"--entrypoint={command.value}", image.name, *command.arguments[1:]]
