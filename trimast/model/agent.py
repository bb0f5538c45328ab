"""An agent: a machine that runs tasks."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

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


@lru_cache(maxsize=4096)
def address_in(hostname: str) -> str | None:
    """The IP address that an agent goes by; None if it goes by a name."""
    try:
        return str(ip_address(hostname))
    except ValueError:
        return None
