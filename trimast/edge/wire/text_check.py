"""Strings of messages are text: protobuf looks after that for its newer syntax only.

In messages of proto2, as all of Mesos's are, a string that is not UTF-8 is taken in, and is found
to be `bytes` where somebody reads it, however deep behind the door that is.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from trimast.edge.wire.bad_message import BadMessage

MESSAGES_MAX: Final = 150_000
"""In one. To look at each takes its time, in which nothing else is done."""


class _Budget:
    """Of messages that may still be looked at."""

    def __init__(self) -> None:
        self._left = MESSAGES_MAX

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BadMessage(f"it has more than {MESSAGES_MAX} messages in it")


_Faults = Callable[[Any, _Budget], Iterator[str]]
"""Gives the paths of what is no text, below a value that is set."""


def check_text(message: Message) -> None:
    """
    Raises:
        BadMessage: names the field; or there is more in it than anybody would look at.
    """
    for path in _in_message(message, _Budget()):
        raise BadMessage(f"'{path}' is not valid UTF-8")


def _in_message(message: Message, budget: _Budget) -> Iterator[str]:
    budget.spend()
    plan = _plan_of(message.DESCRIPTOR)
    for field, value in message.ListFields():
        faults = plan.get(field.number)
        if faults is not None:
            for path in faults(value, budget):
                yield f"{field.name}{path and '.'}{path}"


@cache
def _plan_of(descriptor: Descriptor) -> Mapping[int, _Faults]:
    """Of the fields that have text in them."""
    plans = {field.number: _faults_of(field) for field in descriptor.fields}
    return {number: faults for number, faults in plans.items() if faults is not None}


def _faults_of(field: FieldDescriptor) -> _Faults | None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return _faults_of_map(kind)
    one = _faults_of_one(field)
    if one is None or not field.is_repeated:
        return one
    each = one
    return lambda values, budget: (path for value in values for path in each(value, budget))


def _faults_of_map(entry: Descriptor) -> _Faults:
    of_key = _faults_of_one(entry.fields_by_name["key"])
    of_value = _faults_of_one(entry.fields_by_name["value"])

    def faults(entries: Any, budget: _Budget) -> Iterator[str]:
        for key in entries:
            yield from () if of_key is None else of_key(key, budget)
            yield from () if of_value is None else of_value(entries[key], budget)

    return faults


def _faults_of_one(field: FieldDescriptor) -> _Faults | None:
    if field.type == FieldDescriptor.TYPE_STRING:
        return _of_text
    return None if field.message_type is None else _in_message


def _of_text(text: object, _budget: _Budget) -> Iterator[str]:
    if not isinstance(text, str):
        yield ""
