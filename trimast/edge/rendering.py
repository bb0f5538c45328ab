"""Large listings are made in slices, between which a process does all else that it has to do."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from trimast.edge.mesos_http import Refusal
from trimast.edge.slicing import REST_S, SLICE_S, Slice, rest

WAITING_MAX: Final = 100
"""Different listings that are asked for at once; who asks for one more is sent away."""

_BUCKETS_S: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Renderer:
    """One listing after the other. Who asks for the same before it is begun shares it: so what
    anybody gets is never older than the question.

    Args:
        part: whose listings they are, in the names of what is measured.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        part: str,
        *,
        slice_s: float = SLICE_S,
        rest_s: float = REST_S,
    ) -> None:
        self._slice_s = slice_s
        self._rest_s = rest_s
        self._turn = asyncio.Lock()
        self._waiting: dict[Hashable, asyncio.Task[bytes]] = {}
        self._begun: set[asyncio.Task[bytes]] = set()
        self._asked = Counter(
            f"trimast_{part}_listings_asked",
            "Listings asked for over HTTP; those who ask at once for the same share one.",
            registry=registry,
        )
        self._duration = Histogram(
            f"trimast_{part}_listing_seconds",
            "Making one of them, with all that was done in between.",
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def render(self, key: Hashable, begin: Callable[[], Iterator[bytes]]) -> bytes:
        """
        Args:
            key: the same for the same listing.
            begin: called once it is its turn; gives pieces, each of which takes little.

        Raises:
            Refusal: too many are waiting; or what `begin` has raised.
        """
        self._asked.inc()
        task = self._waiting.get(key)
        if task is None:
            if len(self._waiting) >= WAITING_MAX:
                raise Refusal(503, "Too many listings are asked for at once")
            task = asyncio.create_task(self._make(key, begin))
            self._waiting[key] = task
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)
        # Who has enough and goes must not take it from the others.
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, begin: Callable[[], Iterator[bytes]]) -> bytes:
        async with self._turn:
            del self._waiting[key]
            with self._duration.time():
                return await put_together(begin(), self._slice_s, self._rest_s)


async def put_together(
    pieces: Iterator[bytes], slice_s: float = SLICE_S, rest_s: float = REST_S
) -> bytes:
    """All pieces, with a moment for others whenever they have taken so long as a slice."""
    gathered: list[bytes] = []
    current = Slice(slice_s)
    for piece in pieces:
        gathered.append(piece)
        if current.is_over:
            await rest(rest_s)
            current = Slice(slice_s)
    return b"".join(gathered)
