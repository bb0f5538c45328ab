"""What can be set about an agent."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from agent.isolation.image_pull import ImagePull
from agent.isolation.modes import Isolation
from agent.reconfiguring import Reconfiguration
from trimast.model.attributes import attributes_from_text
from trimast.model.resources_text import resources_from_text

RECONNECT = "reconnect"
CLEANUP = "cleanup"
ALWAYS = "always"
NEVER = "never"
ONLY_ON_LOOPBACK = "loopback"
MIB = 1024 * 1024
EXECUTOR_RETURN_MS_MAX = 15_000
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    masters: tuple[str, ...]
    """gRPC addresses of masters, any of them: host:port,host:port. Asking them finds the leader."""
    work_dir: Path
    """Where the agent keeps its checkpoints and the sandboxes of its tasks. One agent each."""
    http_host: str = "127.0.0.1"
    """The address on which to serve /health, /metrics, /state and /sandbox."""
    http_port: int = 5051
    """Its port; 0 picks a free one."""
    hostname: str = ""
    """How others reach this machine; empty: what the machine calls itself."""
    resources: str = ""
    """What there is for tasks, like cpus:4;mem:8192;disk:10240;ports:[31000-32000]; empty: what
    is found on the machine, less 1 GiB of memory and 5 GiB of disk."""
    attributes: str = ""
    """What frameworks may want to know of the machine, like rack:r1;generation:3."""
    recover: str = RECONNECT
    """What becomes of the tasks that an earlier life of the agent has left: reconnect goes on with
    them; cleanup ends them, reports that, and ends the agent."""
    reconfiguration: str = Reconfiguration.ADDITIVE.value
    """What may differ from before while tasks run: equal, nothing; additive, resources may grow
    and attributes be added; any, everything."""
    kill_grace_ms: int = 3_000
    """Between asking a task to end (TERM) and ending it (KILL), if nobody says otherwise."""
    silence_max_ms: int = 10_000
    """A new link is given up if no master welcomes the agent for this long. At least 100."""
    resend_first_ms: int = 10_000
    """A report that no master takes is sent again after this long, then after twice as long ..."""
    resend_most_ms: int = 600_000
    """... but never later than this."""
    stop_flush_ms: int = 2_000
    """How long a stopping agent waits for a master to take its last reports."""
    executor_registration_ms: int = 60_000
    """How long a started executor may take to subscribe, before it is killed."""
    executor_return_ms: int = 2_000
    """How long executors may take to subscribe again to a restarted agent. At most 15000."""
    executor_shutdown_grace_ms: int = 5_000
    """Between asking an executor to end and ending it, if it names no time of its own."""
    executor_idle_ms: int = 60_000
    """An executor that has had no task for so long is asked to end."""
    executor_token: bool = False
    """Refuse executors that do not send the token in their environment."""
    ended_max: int = 10_000
    """How many ended tasks are remembered, so that a late order cannot start one again."""
    sandboxes_max: int = 10_000
    """How many sandboxes of ended tasks are kept; the oldest go first."""
    sandbox_age_max_ms: int = 7 * 24 * 60 * 60 * 1000
    """How long the sandbox of an ended task is kept at most."""
    gc_disk_headroom: float = 0.1
    """The share of the disk that is to stay free: the fuller the disk, the sooner sandboxes of
    ended tasks go (age x (1 - headroom - used)), and all of them once no more than this is free."""
    enforce_container_disk_quota: bool = False
    """End tasks whose sandbox is larger than the disk that they asked for."""
    container_disk_watch_interval_ms: int = 15_000
    """How often the sandboxes of running tasks are measured for that."""
    allow_exec: str = ONLY_ON_LOOPBACK
    """Whether `trimast task exec` may run commands beside tasks: loopback, if http_host is one;
    always; never. Whoever reaches the agent's HTTP port can then act as any of its tasks."""
    log_bytes_max: int = 10 * MIB
    """The stdout and the stderr of a task are rotated once they are larger. At least 65536."""
    log_files_max: int = 5
    """How many older files are kept of each: stdout.1, the newest, to stdout.5."""
    journal_bytes_max: int = 4 * 1024 * 1024
    """The checkpoint journal is rewritten once it has grown this large. At least 65536."""
    isolation: str = Isolation.AUTO.value
    """What holds tasks to their share: cgroup (v2 or v1), process (nothing does), or auto: cgroup
    where it can be, else process."""
    cgroups_root: str = "trimast"
    """Below this, wherever cgroups are mounted, every agent of the machine makes its own."""
    enforce_cpu_limit: bool = False
    """A task that names no limit gets no more CPU than it asks for, even if there is more."""
    pids_max: int = 4_096
    """How many processes and threads a task may have; 0 for as many as the machine bears."""
    allow_new_privileges: bool = False
    """Programs that a task runs may give it more than it has, as sudo and ping do."""
    fetcher_bytes_max: int = 4096 * MIB
    """How large what a uri of a task names may be."""
    fetcher_unpacked_bytes_max: int = 16_384 * MIB
    """How much an archive may unpack to."""
    fetcher_entries_max: int = 100_000
    """How many files, directories and links an archive may hold."""
    fetcher_stall_ms: int = 60_000
    """A server that sends nothing for this long is given up, and with it the task."""
    fetcher_timeout_ms: int = 900_000
    """How long fetching all uris of a task may take."""
    fetcher_parallel_max: int = 16
    """For how many tasks at once uris are fetched; others wait."""
    fetcher_cache_bytes_max: int = 2048 * MIB
    """How much of what tasks want cached is kept; what was not wanted for longest goes first."""
    fetcher_file_roots: tuple[str, ...] = ()
    """Directories of this machine, below which tasks may have files fetched; empty: nowhere.
    Whatever the agent can read there, every task can have."""
    fetcher_allow_loopback: bool = False
    """Tasks may have something fetched from this machine's own 127.0.0.1 and ::1."""
    podman: str = "podman"
    """What runs tasks that have an image: a path, or a name to look for; empty: no such tasks."""
    podman_args: str = ""
    """Further arguments of every command of podman, like --runtime runc."""
    podman_run_args: str = ""
    """Further arguments of podman run, which starts each container."""
    podman_devices: tuple[str, ...] = ()
    """Devices that tasks may have by name, like /dev/nvidia0,nvidia.com/gpu=all; empty: none."""
    podman_start_timeout_ms: int = 60_000
    """How long podman may take to start a container whose image is there."""
    image_pull: str = ImagePull.IF_NOT_PRESENT.value
    """When an image is pulled: if-not-present, or whenever a task asks for that; always; never."""
    image_pull_timeout_ms: int = 900_000
    """How long pulling an image may take."""
    volume_host_roots: tuple[str, ...] = ()
    """Directories of this machine, at or below which volumes of containers may be; empty: nowhere.
    Whatever is there, every task can have."""
    ready_file: Path | None = None
    """Written once the agent listens, and again once a master has admitted it: JSON with its id
    (null until it has one), http address and pid."""
    log_level: str = "info"
    """debug, info, warning or error."""
    log_json: bool = False
    """Write the log as one JSON object a line."""

    def __post_init__(self) -> None:
        """Raises ValueError, which names the setting and says what would be right."""
        if not self.masters:
            raise ValueError("masters must name at least one, like 127.0.0.1:5052")
        for address in self.masters:
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"masters must be host:port each, not {address!r}")
        if not 0 <= self.http_port < 65_536:
            raise ValueError(f"http_port must be between 0 and 65535, not {self.http_port}")
        if self.reconfiguration not in set(Reconfiguration):
            names = ", ".join(Reconfiguration)
            raise ValueError(
                f"reconfiguration must be one of {names}, not {self.reconfiguration!r}"
            )
        if self.recover not in {RECONNECT, CLEANUP}:
            raise ValueError(f"recover must be {RECONNECT} or {CLEANUP}, not {self.recover!r}")
        if self.isolation not in set(Isolation):
            names = ", ".join(Isolation)
            raise ValueError(f"isolation must be one of {names}, not {self.isolation!r}")
        if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", self.cgroups_root, re.ASCII):
            raise ValueError(
                f"cgroups_root must be names like trimast or a/b, not {self.cgroups_root!r}"
            )
        if self.log_level not in LOG_LEVELS:
            raise ValueError(f"log_level must be one of {', '.join(LOG_LEVELS)}")
        if self.allow_exec not in {ONLY_ON_LOOPBACK, ALWAYS, NEVER}:
            raise ValueError(
                f"allow_exec must be {ONLY_ON_LOOPBACK}, {ALWAYS} or {NEVER},"
                f" not {self.allow_exec!r}"
            )
        if not 0 <= self.gc_disk_headroom <= 1:
            raise ValueError(f"gc_disk_headroom must be from 0 to 1, not {self.gc_disk_headroom}")
        for name in ("fetcher_file_roots", "volume_host_roots"):
            for root in getattr(self, name):
                if not root.startswith("/"):
                    raise ValueError(f"{name} must be absolute paths, not {root!r}")
        if self.image_pull not in set(ImagePull):
            names = ", ".join(ImagePull)
            raise ValueError(f"image_pull must be one of {names}, not {self.image_pull!r}")
        _check_text("podman_args", self.podman_args, shlex.split)
        _check_text("podman_run_args", self.podman_run_args, shlex.split)
        if self.executor_return_ms > EXECUTOR_RETURN_MS_MAX:
            raise ValueError(
                f"executor_return_ms must be at most {EXECUTOR_RETURN_MS_MAX}, not "
                f"{self.executor_return_ms}"
            )
        _check_text("resources", self.resources, resources_from_text)
        _check_text("attributes", self.attributes, attributes_from_text)
        for name, least in (
            ("kill_grace_ms", 0),
            ("silence_max_ms", 100),
            ("resend_first_ms", 1),
            ("resend_most_ms", self.resend_first_ms),
            ("stop_flush_ms", 0),
            ("executor_registration_ms", 1),
            ("executor_return_ms", 1),
            ("executor_shutdown_grace_ms", 0),
            ("executor_idle_ms", 0),
            ("ended_max", 1),
            ("pids_max", 0),
            ("sandboxes_max", 0),
            ("sandbox_age_max_ms", 0),
            ("container_disk_watch_interval_ms", 100),
            ("log_bytes_max", 65_536),
            ("log_files_max", 0),
            ("journal_bytes_max", 65_536),
            ("fetcher_bytes_max", 1),
            ("fetcher_unpacked_bytes_max", 1),
            ("fetcher_entries_max", 1),
            ("fetcher_stall_ms", 1),
            ("fetcher_timeout_ms", 1),
            ("fetcher_parallel_max", 1),
            ("fetcher_cache_bytes_max", 0),
            ("podman_start_timeout_ms", 1),
            ("image_pull_timeout_ms", 1),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")


def _check_text(name: str, text: str, read: object) -> None:
    assert callable(read)
    try:
        read(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
