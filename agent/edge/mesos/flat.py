"""Values as the older endpoints of Mesos show them: flat JSON, and not as their messages are."""

from typing import Any, Final

from trimast.model.resource_kind import plain
from trimast.model.resources import Resources

ALWAYS_THERE: Final = ("cpus", "gpus", "mem", "disk")


def flat_resources(resources: Resources) -> dict[str, Any]:
    """Amounts as numbers, ranges and sets as text; these four are always there."""
    amounts = plain(resources)
    flat: dict[str, Any] = dict.fromkeys(ALWAYS_THERE, 0)
    flat.update((name, milli / 1000) for name, milli in amounts.scalars)
    for name, ranges in amounts.ranges:
        flat[name] = "[" + ", ".join(f"{first}-{last}" for first, last in ranges) + "]"
    for name, items in amounts.sets:
        flat[name] = "{" + ", ".join(items) + "}"
    return flat
