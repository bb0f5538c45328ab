"""What is to hold tasks to their share of the machine."""

from enum import StrEnum


class Isolation(StrEnum):
    AUTO = "auto"
    """By cgroups if there are any, else by process groups."""
    CGROUP = "cgroup"
    """By cgroups, or the agent does not start."""
    PROCESS = "process"
    """By process groups, which hold nobody to anything."""
