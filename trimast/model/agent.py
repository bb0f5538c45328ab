"""An agent: a machine that runs tasks."""

from dataclasses import dataclass

from trimast.model.attributes import Attribute
from trimast.model.resources import Resources


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """What an agent says of itself when it registers.

    Attributes:
        http_port: where its metrics and state are served; 0 if nowhere.
        resources: all there is for tasks, in use or not.
        boot_id: the kernel's; another one means that the machine was restarted.
    """

    hostname: str
    http_port: int
    resources: Resources
    attributes: tuple[Attribute, ...] = ()
    boot_id: str = ""
    version: str = ""
