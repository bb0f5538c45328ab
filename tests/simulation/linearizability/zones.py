"""A register whose written values are all different: then the question is an easy one.

Source: Gibbons & Korach, "Testing Shared Memories", SIAM Journal on Computing 1997, section 5.1.
A write and the reads of its value must stand together in any order, so each such group has a zone
of time, and only two kinds of pairs of zones are in each other's way.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from tests.simulation.linearizability.checker import Operation
from tests.simulation.linearizability.models import Read, Write

_INFINITE = float("inf")


@dataclass(slots=True)
class _Group:
    """Attributes:
    written_s: when its write was called; never, as long as none is known.
    first_return_s: before it, at least one of the group had happened.
    last_call_s: after it, at least one of the group happens.
    """

    written_s: float = _INFINITE
    first_read_s: float = _INFINITE
    first_return_s: float = _INFINITE
    last_call_s: float = -_INFINITE


def fits_some_order(history: Iterable[Operation]) -> bool:
    """Of reads and writes only; None is the value before all writes.

    Writes that nobody was told of may be among them: they count if their value was read.
    """
    by_key: dict[Hashable, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    return all(_fits(part) for part in by_key.values())


def _fits(history: list[Operation]) -> bool:
    groups = _groups(history)
    if any(group.first_read_s < group.written_s for group in groups):
        return False  # Read before it was written, or never written.
    forward = sorted(
        (group.first_return_s, group.last_call_s)
        for group in groups
        if group.first_return_s < group.last_call_s
    )
    if any(begin_s < end_s for (_, end_s), (begin_s, _) in pairwise(forward)):
        return False
    backward = [group for group in groups if group.first_return_s >= group.last_call_s]
    return not any(
        begin_s < group.last_call_s and group.first_return_s < end_s
        for group in backward
        for begin_s, end_s in forward
    )


def _groups(history: list[Operation]) -> list[_Group]:
    groups: dict[object, _Group] = defaultdict(_Group)
    groups[None] = _Group(-_INFINITE, _INFINITE, -_INFINITE, -_INFINITE)
    for operation in history:
        returned_s = _INFINITE if operation.returned is None else operation.returned
        if isinstance(operation.asked, Write):
            group = groups[operation.asked.value]
            assert group.written_s == _INFINITE, "a value was written twice"
            group.written_s = operation.called
        elif isinstance(operation.asked, Read) and operation.returned is not None:
            group = groups[operation.told]
            group.first_read_s = min(group.first_read_s, returned_s)
        else:
            continue
        group.first_return_s = min(group.first_return_s, returned_s)
        group.last_call_s = max(group.last_call_s, operation.called)
    # What nobody was told of and nobody saw may never have happened.
    return [group for group in groups.values() if group.first_return_s < _INFINITE]
