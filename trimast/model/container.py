"""What surrounds a task on its machine, as far as it is the framework's choice."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NAMES: Final = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
    SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
    SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
    WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES: Final = tuple(_NAMES.split())
"""In the order of the kernel's numbers, from 0."""


@dataclass(frozen=True, slots=True)
class Rlimit:
    """
    Attributes:
        name: as in setrlimit(2), without its prefix: "NOFILE".
        soft, hard: None is without.
    """

    name: str
    soft: int | None = None
    hard: int | None = None


class Network(StrEnum):
    HOST = "host"
    """The machine's own: its addresses, its ports."""
    NONE = "none"
    """Nothing but a loopback of its own."""


@dataclass(frozen=True, slots=True)
class Volume:
    """
    Attributes:
        container_path: absolute, or below the sandbox.
        host_path: absolute, or below the sandbox, where it is made if it is not there.
    """

    container_path: str
    host_path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a task finds as its root directory, and how that is joined to its machine.

    Attributes:
        name: as registries have it: "docker.io/library/alpine:3".
        is_docker: asked for as with Docker: a command that is not for the shell is what the entry
            point of the image is given. Else it takes the place of that.
        always_pull: even if the machine has one of that name.
        devices: of the machine, by name: "/dev/nvidia0", "nvidia.com/gpu=all".
    """

    name: str
    is_docker: bool = False
    network: Network = Network.HOST
    always_pull: bool = False
    devices: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """
    Attributes:
        image: None: it runs among the files of its machine.
        capabilities: those of `CAPABILITIES` that a task that runs as root keeps; None for all.
        own_pids: it sees no processes but its own.
        own_ipc: nor shared memory, semaphores and queues.
        network: of a task without an image; what has one says it there.
    """

    rlimits: tuple[Rlimit, ...] = ()
    capabilities: tuple[str, ...] | None = None
    own_pids: bool = False
    own_ipc: bool = False
    network: Network = Network.HOST
    image: ImageInfo | None = None
