"""What of podman an agent uses, and what its tasks may have of the machine by way of it."""

import shlex
from dataclasses import dataclass
from typing import Final

from agent.config import AgentConfig
from agent.isolation.image_pull import ImagePull


@dataclass(frozen=True, slots=True)
class PodmanRules:
    """The part of the settings that this depends on; see `config.py`.

    Attributes:
        program: a path, or a name that is looked for; "" for none.
        args: of every command of podman. run_args: of `podman run` alone.
    """

    program: str = "podman"
    args: tuple[str, ...] = ()
    run_args: tuple[str, ...] = ()
    pull: ImagePull = ImagePull.IF_NOT_PRESENT
    pull_timeout_ms: int = 900_000
    start_timeout_ms: int = 60_000
    volume_roots: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


NO_PODMAN: Final = PodmanRules(program="")


def podman_rules(config: AgentConfig) -> PodmanRules:
    return PodmanRules(
        config.podman,
        tuple(shlex.split(config.podman_args)),
        tuple(shlex.split(config.podman_run_args)),
        ImagePull(config.image_pull),
        config.image_pull_timeout_ms,
        config.podman_start_timeout_ms,
        config.volume_host_roots,
        config.podman_devices,
    )
