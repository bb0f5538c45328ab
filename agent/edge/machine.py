"""What there is on this machine."""

import ipaddress
import os
import shutil
import socket
from pathlib import Path

from trimast.model.resources import Resources

_MIB = 1024 * 1024
_KEPT_MEM_MIB = 1024
_KEPT_DISK_MIB = 5 * 1024
_PORTS = (31_000, 32_000)


def hostname() -> str:
    return socket.gethostname() or "localhost"


def address(host: str) -> str:
    """Of this machine, as others reach it, if the agent listens on `host`; "" if nobody knows."""
    try:
        listens_on = ipaddress.ip_address(host)
    except ValueError:
        return _address_of(host or hostname())
    return _address_of(hostname()) if listens_on.is_unspecified else host


def _address_of(name: str) -> str:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return ""
    return str(found[0][4][0])


def resources_found(work_dir: Path) -> Resources:
    """What tasks may have of it: all cores; memory and disk but a part that stays with the system.

    The parts are those that Mesos keeps.
    """
    mem_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    disk_mib = shutil.disk_usage(work_dir).total // _MIB
    return Resources.of(
        {
            "cpus": len(os.sched_getaffinity(0)) * 1000,
            "mem": max(mem_mib - _KEPT_MEM_MIB, mem_mib // 2) * 1000,
            "disk": max(disk_mib - _KEPT_DISK_MIB, disk_mib // 2) * 1000,
        },
        {"ports": [_PORTS]},
    )
