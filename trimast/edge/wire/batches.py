"""Messages that go together as one, as far as that one stays small."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound=Message)

BATCH_BYTES_MAX: Final = 512 * 1024


def in_batches(
    messages: Iterable[MessageT], *, bytes_max: int = BATCH_BYTES_MAX
) -> Iterator[list[MessageT]]:
    """In order, none of them empty. A message that is larger than `bytes_max` goes alone."""
    batch: list[MessageT] = []
    batch_bytes = 0
    for message in messages:
        size_bytes = message.ByteSize()
        if batch and batch_bytes + size_bytes > bytes_max:
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size_bytes
    if batch:
        yield batch
