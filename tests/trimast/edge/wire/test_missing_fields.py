"""What a message lacks is named."""

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.missing_fields import missing_fields


def test_what_is_there_lacks_nothing() -> None:
    assert missing_fields(mesos_pb2.FrameworkID(value="f")) == ""


def test_what_is_missing_is_named() -> None:
    assert "value" in missing_fields(mesos_pb2.FrameworkID())
