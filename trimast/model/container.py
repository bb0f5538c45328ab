"""What surrounds a task on its machine, as far as it is the framework's choice."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """
    Attributes:
        capabilities: those of `CAPABILITIES` that a task that runs as root keeps; None for all.
        own_pids: it sees no processes but its own.
        own_ipc: nor shared memory, semaphores and queues.
    """

    rlimits: tuple[Rlimit, ...] = ()
    capabilities: tuple[str, ...] | None = None
    own_pids: bool = False
    own_ipc: bool = False
