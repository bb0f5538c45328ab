"""Resources on the wire: what goes out comes back, and what cannot be is named."""

import math

import pytest
from hypothesis import given

from protos.mesos.v1 import mesos_pb2
from tests.trimast.model.test_resources import amounts
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.resources_codec import (
    attributes_from_proto,
    attributes_to_proto,
    resources_from_proto,
    resources_to_proto,
)
from trimast.model.attributes import Attribute
from trimast.model.resources import Resources


def scalar(name: str, value: float) -> mesos_pb2.Resource:
    amount = mesos_pb2.Value.Scalar(value=value)
    return mesos_pb2.Resource(name=name, type=mesos_pb2.Value.SCALAR, scalar=amount)


def ports(begin: int, end: int) -> mesos_pb2.Resource:
    message = mesos_pb2.Resource(name="ports", type=mesos_pb2.Value.RANGES)
    message.ranges.range.add(begin=begin, end=end)
    return message


@given(amounts)
def test_what_goes_out_comes_back(amount: Resources) -> None:
    # GPUs are whole.
    whole = Resources.of(
        {n: milli for n, milli in amount.scalars if n != "gpus"},
        dict(amount.ranges),
        dict(amount.sets),
    )
    assert resources_from_proto(resources_to_proto(whole)) == whole


def test_what_was_read_before_is_not_read_again_unless_it_is_large() -> None:
    small = resources_from_proto([scalar("cpus", 1)])
    assert resources_from_proto([scalar("cpus", 1)]) is small
    many = [ports(10 * number, 10 * number) for number in range(200)]
    large = resources_from_proto(many)
    assert resources_from_proto(many) == large
    assert resources_from_proto(many) is not large


def test_who_changes_a_message_with_resources_changes_no_other() -> None:
    first = mesos_pb2.TaskInfo(resources=resources_to_proto(Resources.of({"cpus": 1_000})))
    first.resources[0].scalar.value = 7
    second = mesos_pb2.TaskInfo(resources=resources_to_proto(Resources.of({"cpus": 1_000})))
    assert second.resources[0].scalar.value == 1


def test_the_same_resource_named_twice_counts_twice() -> None:
    both = resources_from_proto([scalar("cpus", 1), scalar("cpus", 0.5)])
    assert both == Resources.of({"cpus": 1_500})


def test_thousandths_count_and_finer_parts_are_rounded() -> None:
    assert resources_from_proto([scalar("cpus", 0.1234)]) == Resources.of({"cpus": 123})
    # Three times a tenth is three tenths here, which it is not for a float.
    tenths = [scalar("cpus", 0.1)] * 3
    assert resources_from_proto(tenths) == Resources.of({"cpus": 300})


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (scalar("cpus", -1), "not negative"),
        (scalar("cpus", math.nan), "not negative"),
        (scalar("cpus", math.inf), "not negative"),
        (scalar("cpus", 1e308), "at most"),
        (scalar("gpus", 0.5), "unsigned integer"),
        (scalar("", 1), "has no name"),
        (ports(5, 3), "ends before it begins"),
        (ports(1, 2**64 - 1), "ends before it begins"),
        (mesos_pb2.Resource(name="x", type=mesos_pb2.Value.TEXT), "SCALAR, RANGES or SET"),
    ],
)
def test_what_cannot_be_is_named(message: mesos_pb2.Resource, fault: str) -> None:
    with pytest.raises(BadMessage, match=fault):
        resources_from_proto([message])


def test_what_may_be_taken_back_is_refused_until_it_is_built() -> None:
    message = scalar("cpus", 1)
    message.revocable.SetInParent()
    with pytest.raises(BadMessage, match="revocable is not supported yet"):
        resources_from_proto([message])


def test_attributes_keep_their_text() -> None:
    attributes = (Attribute("rack", "r1"), Attribute("generation", "3"))
    assert attributes_from_proto(attributes_to_proto(attributes)) == attributes
    number = mesos_pb2.Attribute(
        name="n", type=mesos_pb2.Value.SCALAR, scalar=mesos_pb2.Value.Scalar(value=1.5)
    )
    assert attributes_from_proto([number]) == (Attribute("n", "1.5"),)
