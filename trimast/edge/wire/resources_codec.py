"""Resources and attributes <-> mesos.v1.Resource and mesos.v1.Attribute."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resource_kind_codec import kind_from_proto, put_kind
from trimast.model.attributes import Attribute
from trimast.model.resources import (
    RANGE_END_MAX,
    SCALAR_MILLI_MAX,
    Resources,
    Span,
    milli_text,
)

_REMEMBERED_MAX: Final = 1_024
_REMEMBERED_BYTES_MAX: Final = 1_024
"""Tasks of one kind ask for the same, again and again: that is read, and written, once."""
_UNSUPPORTED = {"revocable", "shared", "provider_id"}


def resources_from_proto(messages: Iterable[mesos_pb2.Resource]) -> Resources:
    """The sum of all that is named, each as the kind it is; allocations are left aside.

    Raises:
        BadMessage: an amount is negative, not a number, too large or of the wrong shape, or the
            resource is of a kind that is not supported yet.
    """
    parts = tuple(message.SerializePartialToString() for message in messages)
    if sum(map(len, parts)) > _REMEMBERED_BYTES_MAX:
        return _read(parts)
    return _read_before(parts)


def _read(parts: tuple[bytes, ...]) -> Resources:
    scalars: dict[str, int] = {}
    ranges: dict[str, list[Span]] = {}
    sets: dict[str, list[str]] = {}
    for part in parts:
        message = mesos_pb2.Resource.FromString(part)
        name = message.name
        if not name:
            raise BadMessage("a resource has no name")
        _refuse_unsupported(message)
        name = kind_from_proto(message).text
        if message.type == mesos_pb2.Value.SCALAR:
            scalars[name] = scalars.get(name, 0) + _scalar_milli(name, message.scalar.value)
        elif message.type == mesos_pb2.Value.RANGES:
            ranges.setdefault(name, []).extend(_spans(name, message.ranges))
        elif message.type == mesos_pb2.Value.SET:
            sets.setdefault(name, []).extend(message.set.item)
        else:
            raise BadMessage(f"resource {name!r} must be SCALAR, RANGES or SET")
    if any(milli % 1000 for name, milli in scalars.items() if name.partition("(")[0] == "gpus"):
        raise BadMessage("The 'gpus' resource must be an unsigned integer")
    if any(milli > SCALAR_MILLI_MAX for milli in scalars.values()):
        raise BadMessage(f"a scalar resource is at most {SCALAR_MILLI_MAX // 1000}")
    return Resources.of(scalars, ranges, sets)


_read_before: Final = lru_cache(_REMEMBERED_MAX)(_read)


def resources_to_proto(resources: Resources) -> Sequence[mesos_pb2.Resource]:
    """To be copied into a message, and never changed: others may be given the same."""
    if resources.ranges or resources.sets:
        return _written(resources)
    return _written_before(resources)


def _written(resources: Resources) -> Sequence[mesos_pb2.Resource]:
    messages: list[mesos_pb2.Resource] = []
    for text, milli in resources.scalars:
        messages.append(_of_kind(text, mesos_pb2.Value.SCALAR))
        messages[-1].scalar.value = milli / 1000
    for text, spans in resources.ranges:
        messages.append(_of_kind(text, mesos_pb2.Value.RANGES))
        for first, last in spans:
            messages[-1].ranges.range.add(begin=first, end=last)
    for text, items in resources.sets:
        messages.append(_of_kind(text, mesos_pb2.Value.SET))
        messages[-1].set.item.extend(items)
    return messages


_written_before: Final = lru_cache(_REMEMBERED_MAX)(_written)


def attributes_from_proto(messages: Iterable[mesos_pb2.Attribute]) -> tuple[Attribute, ...]:
    return tuple(Attribute(m.name, _attribute_text(m)) for m in messages)


def attributes_to_proto(attributes: Iterable[Attribute]) -> list[mesos_pb2.Attribute]:
    return [
        mesos_pb2.Attribute(
            name=attribute.name,
            type=mesos_pb2.Value.TEXT,
            text=mesos_pb2.Value.Text(value=attribute.text),
        )
        for attribute in attributes
    ]


def _refuse_unsupported(message: mesos_pb2.Resource) -> None:
    for field, _ in message.ListFields():
        if field.name in _UNSUPPORTED:
            raise BadMessage(f"resource {message.name!r}: {field.name} is not supported yet")


def _of_kind(text: str, shape: "mesos_pb2.Value.Type.ValueType") -> mesos_pb2.Resource:
    message = mesos_pb2.Resource(type=shape)
    put_kind(message, text)
    return message


def _scalar_milli(name: str, value: float) -> int:
    if not math.isfinite(value) or value < 0:
        raise BadMessage(f"resource {name!r} must be a number that is not negative, not {value}")
    if value > SCALAR_MILLI_MAX / 1000:
        raise BadMessage(f"resource {name!r} is at most {SCALAR_MILLI_MAX // 1000}, not {value}")
    return round(value * 1000)


def _spans(name: str, ranges: mesos_pb2.Value.Ranges) -> list[Span]:
    for span in ranges.range:
        if not span.begin <= span.end <= RANGE_END_MAX:
            raise BadMessage(
                f"resource {name!r}: range {span.begin}-{span.end} ends before it begins"
            )
    return [(span.begin, span.end) for span in ranges.range]


def _attribute_text(message: mesos_pb2.Attribute) -> str:
    if message.type == mesos_pb2.Value.SCALAR:
        return milli_text(_scalar_milli(message.name, message.scalar.value))
    if message.type == mesos_pb2.Value.TEXT:
        return message.text.value
    raise BadMessage(f"attribute {message.name!r} must be TEXT or SCALAR")
