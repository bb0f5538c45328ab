"""Is there one order of all operations that explains every answer? Wing & Gong, after Lowe.

Sources: Wing & Gong, "Testing and Verifying Concurrent Objects", JPDC 1993; Lowe, "Testing for
Linearizability", 2017 (the memory of what was tried); Horn & Kroening, "Faster Linearizability
Checking via P-Compositionality", 2015 (each key by itself).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

_CALL: Final = 0
_RETURN: Final = 1


class SearchTooLong(Exception):
    """So many steps were tried that the question stays open."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one client asked, and what it was told.

    Attributes:
        called, returned: when, on one clock; None: it was never told, so the operation may have
            happened at any time after the call, or not at all.
        key: operations on different keys do not touch each other.
        asked, told: whatever the model understands.
    """

    called: float
    returned: float | None
    asked: Hashable
    told: Hashable = None
    key: Hashable = None


class Model(Protocol):
    """The object as it would be if operations came one at a time. States are hashable."""

    initial: Any

    def step(self, state: Any, operation: Operation) -> Any:
        """The state afterwards, or `REFUTED`: in this state nobody could have been told that."""

    def only_looks(self, operation: Operation) -> bool:
        """In no state would an operation that is told this change anything."""


class _Refuted:
    def __repr__(self) -> str:
        return "REFUTED"


REFUTED: Final = _Refuted()


def is_linearizable(model: Model, history: Iterable[Operation], *, steps_max: int = 10**8) -> bool:
    """
    Args:
        steps_max: for each key.

    Raises:
        SearchTooLong: neither yes nor no.
    """
    by_key: dict[Hashable, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    return all(_Search(model, part).finds_order(steps_max) for part in by_key.values())


class _Search:
    """Depth first, over the calls that stand before the first return of what is not yet placed.

    The events form a linked list, so that to place an operation and to take it back costs little.
    """

    def __init__(self, model: Model, history: Sequence[Operation]) -> None:
        self._model = model
        # Who was never told what it looked at explains nothing, and disturbs nobody.
        self._operations = [
            operation
            for operation in history
            if operation.returned is not None or not model.only_looks(operation)
        ]
        self._only_looks = [model.only_looks(operation) for operation in self._operations]
        self._twin_before = self._find_twins()
        events: list[tuple[float, int, int]] = []
        for number, operation in enumerate(self._operations):
            events.append((operation.called, _CALL, number))
            if operation.returned is not None:
                events.append((operation.returned, _RETURN, number))
        # A call at the very time of a return counts as concurrent with it.
        events.sort(key=lambda event: event[:2])
        self._kinds = [-1, *(kind for _, kind, _ in events)]
        self._numbers = [-1, *(number for _, _, number in events)]
        self._next = [*range(1, len(events) + 1), 0]
        self._previous = [len(events), *range(len(events))]
        self._return_at = {
            number: at
            for at, (kind, number) in enumerate(zip(self._kinds, self._numbers, strict=True))
            if kind == _RETURN
        }

    def finds_order(self, steps_max: int) -> bool:
        step, operations, kinds = self._model.step, self._operations, self._kinds
        state = self._model.initial
        placed = 0
        missing = len(self._return_at)
        tried: set[tuple[int, Any]] = set()
        stack: list[tuple[int, Any]] = []
        at = self._next[0]
        for _ in range(steps_max):
            if missing == 0:
                return True
            if at != 0 and kinds[at] == _CALL:
                number = self._numbers[at]
                after = REFUTED
                if not self._is_pointless(number, placed):
                    after = step(state, operations[number])
                is_told = operations[number].returned is not None
                if after is not REFUTED and (is_told or after != state):
                    now_placed = placed | 1 << number
                    if (now_placed, after) not in tried:
                        tried.add((now_placed, after))
                        stack.append((at, state))
                        state, placed = after, now_placed
                        missing -= is_told
                        self._take_out(at, number)
                        at = self._next[0]
                        continue
                at = self._next[at]
                continue
            # A return before its call was placed, or the end: the last choice was wrong.
            while stack:
                at, state = stack.pop()
                number = self._numbers[at]
                placed &= ~(1 << number)
                missing += operations[number].returned is not None
                self._put_back(at, number)
                # Who only looks may always look at once: no other order is better.
                if not self._only_looks[number]:
                    break
            else:
                return False
            at = self._next[at]
        raise SearchTooLong(f"{steps_max} steps for {len(operations)} operations")

    def _find_twins(self) -> list[int | None]:
        """Of equal calls that nobody was told of, the earliest is tried first, and the others
        only after it: it can do all that they can."""
        last: dict[Hashable, int] = {}
        twins: list[int | None] = []
        order = sorted(range(len(self._operations)), key=lambda n: self._operations[n].called)
        twins = [None] * len(self._operations)
        for number in order:
            operation = self._operations[number]
            if operation.returned is None:
                twins[number] = last.get(operation.asked)
                last[operation.asked] = number
        return twins

    def _is_pointless(self, number: int, placed: int) -> bool:
        twin = self._twin_before[number]
        return twin is not None and not placed >> twin & 1

    def _take_out(self, at: int, number: int) -> None:
        self._unlink(at)
        if number in self._return_at:
            self._unlink(self._return_at[number])

    def _put_back(self, at: int, number: int) -> None:
        if number in self._return_at:
            self._link(self._return_at[number])
        self._link(at)

    def _unlink(self, at: int) -> None:
        self._next[self._previous[at]] = self._next[at]
        self._previous[self._next[at]] = self._previous[at]

    def _link(self, at: int) -> None:
        self._next[self._previous[at]] = at
        self._previous[self._next[at]] = at
