"""Whose API this is, as clients of Mesos ask before all else."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

MESOS_VERSION: Final = "1.11.0"
CAPABILITIES: Final = (
    "RESERVATION_REFINEMENT",
    "AGENT_OPERATION_FEEDBACK",
    "TASK_RESOURCE_LIMITS",
)
"""Of agents, as far as Mesos has a word for what they do here."""


def version_document() -> dict[str, Any]:
    return {
        "version": MESOS_VERSION,
        "build_date": "",
        "build_time": 0.0,
        "build_user": "",
        "trimast_version": own_version(),
    }


def own_version() -> str:
    try:
        return version("trimast")
    except PackageNotFoundError:
        return "0"  # Run from a checkout.
