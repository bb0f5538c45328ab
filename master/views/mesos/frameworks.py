"""Frameworks in the older JSON of Mesos, with their tasks and offers."""

from collections.abc import Iterable
from typing import Any

from master.registry.records import FrameworkRecord, FrameworkState
from master.views.grouping import Groups
from master.views.mesos.amounts import amounts_document
from master.views.mesos.json_pieces import Pieces, list_of, list_of_pieces, object_of
from master.views.mesos.tasks import executor_documents, labels_document, task_documents
from master.views.picture import Picture
from trimast.model.offer import Offer
from trimast.model.resources import NOTHING, total_of


def framework_list(
    picture: Picture, groups: Groups, frameworks: Iterable[FrameworkRecord]
) -> Pieces:
    return list_of_pieces(framework_pieces(picture, groups, each) for each in frameworks)


def framework_pieces(picture: Picture, groups: Groups, framework: FrameworkRecord) -> Pieces:
    framework_id = framework.framework_id
    offers = groups.offers.get(framework_id, [])
    active = groups.active.get(framework_id, [])
    unreachable = groups.unreachable.get(framework_id, [])
    completed = groups.completed.get(framework_id, [])
    executors = executor_documents(picture, (*active, *unreachable))
    return object_of(
        _fields(picture, framework, offers),
        (
            ("tasks", list_of(task_documents(picture, active))),
            ("unreachable_tasks", list_of(task_documents(picture, unreachable))),
            ("completed_tasks", list_of(task_documents(picture, completed))),
            ("executors", list_of(executors)),
            ("offers", list_of(map(offer_document, offers))),
        ),
    )


def is_connected(picture: Picture, framework: FrameworkRecord) -> bool:
    return framework.framework_id in picture.subscribed


def is_recovered(picture: Picture, framework: FrameworkRecord) -> bool:
    """Known from an earlier leader, and not here yet."""
    return framework.state is FrameworkState.ACTIVE and not is_connected(picture, framework)


def offer_document(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.offer_id,
        "framework_id": offer.framework_id,
        "slave_id": offer.agent_id,
        "allocation_info": {"role": offer.role},
        "resources": amounts_document(offer.resources),
    }


def _fields(picture: Picture, framework: FrameworkRecord, offers: list[Offer]) -> dict[str, Any]:
    info = framework.info
    used = picture.held.get(framework.framework_id, NOTHING)
    offered = total_of(offer.resources.amounts for offer in offers)
    is_over = framework.state is FrameworkState.REMOVED
    connected = not is_over and is_connected(picture, framework)
    fields: dict[str, Any] = {
        "id": framework.framework_id,
        "name": info.name,
        "used_resources": amounts_document(used),
        "offered_resources": amounts_document(offered),
        "resources": amounts_document(used + offered),
        "capabilities": sorted(info.capabilities),
        "hostname": info.hostname,
        "webui_url": info.webui_url,
        "active": connected,
        "connected": connected,
        "recovered": is_recovered(picture, framework),
        "user": info.user,
        "failover_timeout": info.failover_timeout_ms / 1000,
        "checkpoint": info.checkpoint,
        "registered_time": framework.admitted_at_ms / 1000,
        "unregistered_time": framework.changed_at_ms / 1000 if is_over else 0.0,
    }
    if framework.subscription > 1 and not is_over:
        fields["reregistered_time"] = framework.changed_at_ms / 1000
    if info.principal:
        fields["principal"] = info.principal
    if "MULTI_ROLE" in info.capabilities:
        fields["roles"] = info.roles
    else:
        fields["role"] = info.roles[0]
    if info.labels:
        fields["labels"] = labels_document(info.labels)
    return fields
