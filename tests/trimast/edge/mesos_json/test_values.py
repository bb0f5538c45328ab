"""The small print of single values."""

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.mesos_json.values import DROPPED, Fault, reader_of

STATUS = mesos_pb2.TaskStatus.DESCRIPTOR.fields_by_name


def test_base64_may_lack_its_padding_and_have_line_breaks() -> None:
    read = reader_of(STATUS["uuid"])
    assert read("AAEC\nAw") == b"\x00\x01\x02\x03"
    with pytest.raises(Fault, match="expecting a string in base64"):
        read("a-b_")


def test_an_unknown_name_is_dropped() -> None:
    read = reader_of(STATUS["reason"])
    assert read("REASON_TASK_INVALID") == mesos_pb2.TaskStatus.REASON_TASK_INVALID
    assert read("REASON_WHIM") is DROPPED


def test_a_number_that_is_too_large_is_refused() -> None:
    read = reader_of(STATUS["timestamp"])
    assert read("Infinity") == float("inf")
    for number in (10**400, float("1e999")):
        with pytest.raises(Fault, match="the number is too large"):
            read(number)


def test_a_fault_names_its_place_from_the_outside_in() -> None:
    fault = Fault("no").within("c").within(3).within("b").within("a")
    assert str(fault) == "a.b[3].c: no"


def test_a_long_value_is_not_repeated_in_full() -> None:
    assert len(str(Fault.expecting("a number", "x" * 10_000))) < 150
