"""Listings through the operators' door: rows of one moment, in portions, while all else goes on."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import grpc.aio
from google.protobuf.message import Message

from master.edge.long_answers import LongAnswers, write
from trimast.edge.slicing import Slice, rest
from trimast.edge.wire.batches import in_batches

LISTINGS_MAX: Final = 20
"""At a time. Each has a pointer for each row that is still to be sent: 8 MB for a million tasks."""
PORTION_ROWS_MAX: Final = 500

RowT = TypeVar("RowT", bound=Message)

_Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Listing(Generic[RowT]):
    """
    Attributes:
        rows: None stands for something that is looked at and not shown.
        portion: the message that has these rows.
    """

    rows: Iterator[RowT | None]
    portion: Callable[[list[RowT]], Message]


class Listings:
    def __init__(self) -> None:
        self._answers = LongAnswers("listings", LISTINGS_MAX)
        # A hundred slices in one turn of the loop would be a long one: they go one after another.
        self._turn = asyncio.Lock()

    async def send(self, context: _Context, begin: Callable[[], Listing[RowT]]) -> None:
        """
        Args:
            begin: called once it is its turn; the rows are of that moment.
        """
        async with self._answers.one_more(context):
            listing = await self._begin(begin)
            are_sent, are_more = False, True
            while are_more:
                made, are_more = await self._slice_of(listing.rows)
                for rows in in_batches(made):
                    await write(context, listing.portion(rows))
                    are_sent = True
            if not are_sent:
                await write(context, listing.portion([]))

    async def _begin(self, begin: Callable[[], Listing[RowT]]) -> Listing[RowT]:
        async with self._turn:
            current = Slice()
            listing = begin()
            if current.is_over:
                await rest()
        return listing

    async def _slice_of(self, rows: Iterator[RowT | None]) -> tuple[list[RowT], bool]:
        """The next few, perhaps none, and whether there may be more."""
        made: list[RowT] = []
        async with self._turn:
            current = Slice()
            for row in rows:
                if row is not None:
                    made.append(row)
                if current.is_over or len(made) == PORTION_ROWS_MAX:
                    break
            else:
                return made, False
            await rest()
        return made, True


def message_of(kind: Callable[..., RowT], row: Any) -> RowT:
    """
    Args:
        kind: of message, which has the fields of the row.
        row: a slotted dataclass. `asdict` copies deeply, and takes five times as long.
    """
    return kind(**{name: getattr(row, name) for name in row.__slots__})
