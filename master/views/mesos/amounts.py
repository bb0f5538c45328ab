"""Resources in the older JSON of Mesos: flat, or one by one."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trimast.model.framework import DEFAULT_ROLE
from trimast.model.resource_kind import Kind, kind_of, plain, selected
from trimast.model.resources import Resources, Span


@lru_cache(maxsize=4096)
def amounts_document(resources: Resources) -> Mapping[str, float | str]:
    """Shared by all that ask for it, since most tasks ask for the same: not to be changed."""
    document: dict[str, float | str] = {"cpus": 0.0, "gpus": 0.0, "mem": 0.0, "disk": 0.0}
    flat = plain(resources)
    document.update((name, milli / 1000) for name, milli in flat.scalars)
    document.update((name, _spans_text(spans)) for name, spans in flat.ranges)
    document.update((name, "{" + ", ".join(items) + "}") for name, items in flat.sets)
    return document


def reserved_document(resources: Resources) -> dict[str, Mapping[str, float | str]]:
    """By role."""
    roles = {kind.role for kind in _kinds(resources) if kind.role}
    return {
        role: amounts_document(selected(resources, lambda kind, role=role: kind.role == role))  # type: ignore[misc]
        for role in sorted(roles)
    }


def unreserved_document(resources: Resources) -> Mapping[str, float | str]:
    return amounts_document(selected(resources, lambda kind: not kind.role))


def full_documents(resources: Resources) -> list[dict[str, Any]]:
    """As protobuf's JSON has them, one for each kind."""
    rows: list[dict[str, Any]] = []
    for text, milli in resources.scalars:
        rows.append(_row(kind_of(text), "SCALAR", "scalar", {"value": milli / 1000}))
    for text, spans in resources.ranges:
        ranges = {"range": [{"begin": first, "end": last} for first, last in spans]}
        rows.append(_row(kind_of(text), "RANGES", "ranges", ranges))
    for text, items in resources.sets:
        rows.append(_row(kind_of(text), "SET", "set", {"item": list(items)}))
    return rows


def full_reserved_documents(resources: Resources) -> dict[str, list[dict[str, Any]]]:
    documents: dict[str, list[dict[str, Any]]] = {}
    for row in full_documents(resources):
        if row["role"] != DEFAULT_ROLE:
            documents.setdefault(row["role"], []).append(row)
    return documents


def _row(kind: Kind, shape: str, member: str, amount: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": kind.name, "type": shape, member: amount}
    row["role"] = kind.role or DEFAULT_ROLE
    if kind.role:
        reservation: dict[str, Any] = {"type": "DYNAMIC", "role": kind.role}
        if kind.principal:
            reservation["principal"] = kind.principal
        row["reservations"] = [reservation]
    if kind.volume is not None:
        row["disk"] = {
            "persistence": {"id": kind.volume.persistence_id},
            "volume": {"mode": "RW", "container_path": kind.volume.container_path},
        }
    return row


def _kinds(resources: Resources) -> list[Kind]:
    names = [*resources.scalars, *resources.ranges, *resources.sets]
    return [kind_of(row[0]) for row in names]


def _spans_text(spans: tuple[Span, ...]) -> str:
    return "[" + ", ".join(f"{first}-{last}" for first, last in spans) + "]"
