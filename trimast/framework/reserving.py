"""Reservations and persistent volumes: what to do with an offer before tasks are launched on it."""

from dataclasses import replace

from trimast.model.ids import OperationId
from trimast.model.operation import Operation, OperationKind
from trimast.model.resource_kind import Kind, VolumeName, kind_of, rekeyed, selected
from trimast.model.resources import Resources


def reserve(
    role: str,
    *,
    cpus: float = 0,
    mem_mib: float = 0,
    disk_mib: float = 0,
    principal: str = "",
) -> Operation:
    """From now on only frameworks of this role are offered so much of the agent.

    Args:
        role: the framework's.
        principal: the framework's, if it has one.
    """
    amounts = _amounts(cpus=cpus, mem=mem_mib, disk=disk_mib)
    kind = Kind("", role, principal)
    resources = rekeyed(amounts, lambda each: replace(kind, name=each.name))
    return Operation(OperationKind.RESERVE, resources)


def unreserve(resources: Resources) -> Operation:
    """Args:
    resources: reserved ones, as `reserved_in` has them of an offer.
    """
    return Operation(OperationKind.UNRESERVE, resources)


def create_volume(
    role: str,
    persistence_id: str,
    container_path: str,
    *,
    disk_mib: float,
    principal: str = "",
) -> Operation:
    """Make a volume of so much reserved disk.

    Args:
        persistence_id: of each role and agent there is one at a time.
        container_path: where tasks find it, relative to their sandboxes.
    """
    kind = Kind("disk", role, principal, volume=VolumeName(persistence_id, container_path))
    return Operation(OperationKind.CREATE, rekeyed(_amounts(disk=disk_mib), lambda _: kind))


def destroy_volumes(volumes: Resources) -> Operation:
    """For ever, with all that is in them.

    Args:
        volumes: as `volumes_in` has them of an offer.
    """
    return Operation(OperationKind.DESTROY, volumes)


def tracked(operation: Operation, operation_id: str) -> Operation:
    """The scheduler is told how it went: see `Scheduler.operation_update`.

    Args:
        operation_id: that no other operation of the framework has, until its end is acknowledged.
    """
    return replace(operation, operation_id=OperationId(operation_id))


def reserved_in(resources: Resources) -> Resources:
    """What is reserved, volumes left aside."""
    return selected(resources, lambda kind: bool(kind.role) and kind.volume is None)


def volumes_in(resources: Resources, persistence_id: str | None = None) -> Resources:
    """The persistent volumes; or the one that is called so. Add it to the resources of a task."""
    return selected(
        resources,
        lambda kind: (
            kind.volume is not None and persistence_id in {None, kind.volume.persistence_id}
        ),
    )


def volume_ids(resources: Resources) -> list[str]:
    kinds = (kind_of(name) for name, _ in resources.scalars)
    return [kind.volume.persistence_id for kind in kinds if kind.volume is not None]


def _amounts(**amounts: float) -> Resources:
    return Resources.of({name: round(amount * 1000) for name, amount in amounts.items()})
