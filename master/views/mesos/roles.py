"""Roles in the older JSON of Mesos: those that somebody has, or that something is reserved for."""

from dataclasses import dataclass, field
from typing import Any

from master.views.mesos.amounts import amounts_document
from master.views.picture import Picture
from trimast.model.framework import DEFAULT_ROLE
from trimast.model.ids import FrameworkId
from trimast.model.resource_kind import Kind, kinds_in, selected
from trimast.model.resources import NOTHING, Resources

WEIGHT = 1.0


@dataclass(slots=True)
class RoleSums:
    """Of amounts, over all agents."""

    allocated: Resources = NOTHING
    offered: Resources = NOTHING
    reserved: Resources = NOTHING
    frameworks: list[FrameworkId] = field(default_factory=list)


def role_sums(picture: Picture) -> dict[str, RoleSums]:
    roles = {DEFAULT_ROLE: RoleSums()}
    for framework in picture.frameworks.values():
        for name in framework.info.roles:
            roles.setdefault(name, RoleSums()).frameworks.append(framework.framework_id)
        # Offers are made to the first of its roles, so what it uses is of that.
        sums = roles[framework.info.roles[0]]
        sums.allocated += picture.held.get(framework.framework_id, NOTHING)
    for offer in picture.offers:
        sums = roles.setdefault(offer.role, RoleSums())
        sums.offered += offer.resources.amounts
    for reserved in picture.reserved.values():
        for name in {kind.role for kind in kinds_in(reserved)}:
            sums = roles.setdefault(name, RoleSums())
            sums.reserved += _of_role(reserved, name).amounts
    return dict(sorted(roles.items()))


def role_documents(picture: Picture) -> list[dict[str, Any]]:
    return [_document(name, sums) for name, sums in role_sums(picture).items()]


def _document(name: str, sums: RoleSums) -> dict[str, Any]:
    return {
        "name": name,
        "weight": WEIGHT,
        "quota": {
            "role": name,
            "guarantee": {},
            "limit": {},
            "consumed": amounts_document(sums.allocated),
        },
        "resources": amounts_document(sums.allocated + sums.offered),
        "allocated": amounts_document(sums.allocated),
        "offered": amounts_document(sums.offered),
        "reserved": amounts_document(sums.reserved),
        "frameworks": sums.frameworks,
    }


def _of_role(resources: Resources, name: str) -> Resources:
    def is_of_role(kind: Kind) -> bool:
        return kind.role == name

    return selected(resources, is_of_role)
