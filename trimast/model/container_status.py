"""Where a task runs, for whoever wants to reach it or to look at it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """
    Attributes:
        container_id: as its agent calls it; no other launch of the cluster has it.
        pid: on its machine, of its first process or of its executor.
        ip_address: "" if it cannot be reached, or nobody knows where.
    """

    container_id: str
    pid: int = 0
    ip_address: str = ""
