"""Objects as they would be if operations came one at a time."""

from dataclasses import dataclass
from typing import Final

from tests.simulation.linearizability.checker import REFUTED, Operation, _Refuted


@dataclass(frozen=True, slots=True)
class Read:
    pass


@dataclass(frozen=True, slots=True)
class Write:
    value: object


@dataclass(frozen=True, slots=True)
class CompareAndSet:
    """Told: whether it was set."""

    expected: object
    value: object


@dataclass(frozen=True, slots=True)
class Append:
    text: str


ANYTHING: Final = "whatever it was told"
"""The client forgot what it was told, but it was told something."""


class Register:
    """Holds one value; None at first."""

    initial: object = None

    def step(self, state: object, operation: Operation) -> object | _Refuted:
        match operation.asked:
            case Read():
                return state if operation.told in (ANYTHING, state) else REFUTED
            case Write(value):
                return value
            case CompareAndSet(expected, value):
                is_set = state == expected
                if operation.returned is not None and operation.told != is_set:
                    return REFUTED
                return value if is_set else state
            case other:
                raise AssertionError(other)

    def only_looks(self, operation: Operation) -> bool:
        if isinstance(operation.asked, CompareAndSet):
            return operation.returned is not None and operation.told is False
        return isinstance(operation.asked, Read)


class Text:
    """Holds a text that can be read, replaced and added to; empty at first."""

    initial = ""

    def step(self, state: str, operation: Operation) -> object | _Refuted:
        match operation.asked:
            case Read():
                return state if operation.told == state else REFUTED
            case Write(value):
                return value
            case Append(text):
                return state + text
            case other:
                raise AssertionError(other)

    def only_looks(self, operation: Operation) -> bool:
        return isinstance(operation.asked, Read)
