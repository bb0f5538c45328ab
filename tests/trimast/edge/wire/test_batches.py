"""Messages go together as far as that stays small; each goes, once, in order."""

import pytest

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.batches import in_batches


def of_size(size_bytes: int) -> mesos_pb2.TaskID:
    message = mesos_pb2.TaskID(value="x" * (size_bytes - 2))
    assert message.ByteSize() == size_bytes
    return message


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([], []),
        ([10, 10, 10], [[10, 10, 10]]),
        ([10, 20, 10], [[10, 20], [10]]),
        ([40, 10, 20], [[40], [10, 20]]),
        ([10, 40, 10], [[10], [40], [10]]),
    ],
)
def test_they_go_together_while_they_are_small(sizes: list[int], batches: list[list[int]]) -> None:
    found = in_batches(map(of_size, sizes), bytes_max=30)
    assert [[message.ByteSize() for message in batch] for batch in found] == batches
