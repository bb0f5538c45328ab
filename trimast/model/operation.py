"""What a framework does to what it is offered, besides launching: reserve it, make volumes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from trimast.model.framework import DEFAULT_ROLE
from trimast.model.ids import OperationId, fault_of_id
from trimast.model.resource_kind import Kind, kinds_in, rekeyed
from trimast.model.resources import Resources

TAKEN_PATHS: Final = frozenset({"stdout", "stderr", "group"})
"""What a sandbox has anyway."""
PATH_CHARS_MAX: Final = 1024


class OperationKind(StrEnum):
    """Named as in `mesos.v1.Offer.Operation.Type`."""

    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    CREATE = "create"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Operation:
    """
    Attributes:
        resources: reserved, as they will be or have been; for `CREATE` and `DESTROY` volumes.
        operation_id: chosen by a framework that wants to hear how it went; None if it does not.
    """

    kind: OperationKind
    resources: Resources
    operation_id: OperationId | None = None

    @property
    def consumed(self) -> Resources:
        """What there has to be."""
        match self.kind:
            case OperationKind.RESERVE:
                return rekeyed(self.resources, _unreserved)
            case OperationKind.CREATE:
                return rekeyed(self.resources, _without_volume)
            case OperationKind.UNRESERVE | OperationKind.DESTROY:
                return self.resources

    @property
    def converted(self) -> Resources:
        """What there is instead afterwards: as much."""
        match self.kind:
            case OperationKind.RESERVE | OperationKind.CREATE:
                return self.resources
            case OperationKind.UNRESERVE:
                return rekeyed(self.resources, _unreserved)
            case OperationKind.DESTROY:
                return rekeyed(self.resources, _without_volume)


def fault_of_operation(operation: Operation) -> str | None:
    """Why it can be done by nobody and nowhere; None if it can."""
    name = operation.kind.name
    kinds = kinds_in(operation.resources)
    if not kinds:
        return f"{name} names no resources"
    for kind in kinds:
        if not kind.role or kind.role == DEFAULT_ROLE:
            return f"{name} names {kind.text}, which is not reserved for a role"
    if operation.kind in {OperationKind.RESERVE, OperationKind.UNRESERVE}:
        volumes = [kind.text for kind in kinds if kind.volume is not None]
        return f"{name} names {volumes[0]}, which is a persistent volume" if volumes else None
    for kind in kinds:
        fault = _fault_of_volume(kind)
        if fault is not None:
            return f"{name} names {kind.text}, {fault}"
    names = [(kind.role, kind.volume.persistence_id) for kind in kinds if kind.volume is not None]
    if len(set(names)) < len(names):
        return f"{name} names a persistence ID twice"
    return None


def fault_of_container_path(path: str) -> str | None:
    """It is a place below a sandbox."""
    if not path or len(path) > PATH_CHARS_MAX or not path.isprintable():
        return f"has 1 to {PATH_CHARS_MAX} printable characters, not {path[:100]!r}"
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return f"is relative to the sandbox and has no empty part, '.' or '..', not {path!r}"
    if parts[0] in TAKEN_PATHS:
        return f"must not be {parts[0]!r}, which the sandbox has for itself"
    return None


def _fault_of_volume(kind: Kind) -> str | None:
    if kind.volume is None:
        return "which is no persistent volume"
    if kind.name != "disk":
        return "but only disk can be a persistent volume"
    fault = fault_of_id(kind.volume.persistence_id)
    if fault is not None:
        return f"whose persistence ID is not fit: {fault}"
    fault = fault_of_container_path(kind.volume.container_path)
    return None if fault is None else f"but a container_path {fault}"


def _unreserved(kind: Kind) -> Kind:
    return Kind(kind.name)


def _without_volume(kind: Kind) -> Kind:
    return replace(kind, volume=None)
