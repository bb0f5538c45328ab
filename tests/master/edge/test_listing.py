"""Listings: portions of one moment, with all else in between, and a bound on how many there are."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import grpc
import pytest

from master.edge import listing
from master.edge.listing import LISTINGS_MAX, PORTION_ROWS_MAX, Listing, Listings, message_of
from master.views.rows import OfferRow, task_rows
from protos.trimast.v1 import cluster_pb2
from tests.master.edge.fake_context import Aborted, FakeContext
from tests.master.led_cluster import FRAMEWORK, a_cluster_with_agent_and_framework, a_task
from tests.virtual_time_loop import run_in_virtual_time
from trimast.edge.wire.batches import BATCH_BYTES_MAX
from trimast.model.ids import AgentId, FrameworkId, OfferId, TaskId

MANY = 3 * PORTION_ROWS_MAX + 1

Context = FakeContext[cluster_pb2.ListTasksReply]
MaybeRow = cluster_pb2.TaskRow | None


class ShortSlice:
    is_over = True


class EndlessSlice:
    is_over = False


def numbered(rows: int) -> list[MaybeRow]:
    return [cluster_pb2.TaskRow(id=str(number)) for number in range(rows)]


def listing_of(rows: Iterable[MaybeRow]) -> Listing[cluster_pb2.TaskRow]:
    return Listing(
        iter(rows),
        lambda tasks: cluster_pb2.ListTasksReply(tasks=tasks, leading=True, applied_index=7),
    )


async def sent(context: Context, rows: Iterable[MaybeRow], listings: Listings) -> None:
    await listings.send(cast(Any, context), lambda: listing_of(rows))


def ids(context: Context) -> list[str]:
    return [row.id for portion in context.sent for row in portion.tasks]


def test_many_rows_come_in_portions_each_of_which_says_the_same() -> None:
    async def story() -> None:
        context = Context()
        await sent(context, numbered(MANY), Listings())
        assert ids(context) == [str(number) for number in range(MANY)]
        assert len(context.sent) >= 4
        assert {(portion.leading, portion.applied_index) for portion in context.sent} == {(True, 7)}
        assert all(0 < len(portion.tasks) <= PORTION_ROWS_MAX for portion in context.sent)

    asyncio.run(story())


@pytest.mark.parametrize("rows", [[], [None], [None] * (2 * PORTION_ROWS_MAX)])
def test_without_rows_there_is_one_portion(rows: list[MaybeRow]) -> None:
    async def story() -> None:
        context = Context()
        await sent(context, rows, Listings())
        assert context.sent == [cluster_pb2.ListTasksReply(leading=True, applied_index=7)]

    asyncio.run(story())


def test_large_rows_come_in_messages_that_grpc_takes() -> None:
    async def story() -> None:
        context = Context()
        rows = [cluster_pb2.TaskRow(message="x" * (BATCH_BYTES_MAX // 2)) for _ in range(20)]
        await sent(context, rows, Listings())
        assert len(ids(context)) == 20
        assert max(portion.ByteSize() for portion in context.sent) <= BATCH_BYTES_MAX + 100

    asyncio.run(story())


def test_a_portion_ends_with_its_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "Slice", ShortSlice)

    async def story() -> None:
        context = Context()
        await sent(context, numbered(3), Listings())
        assert [len(portion.tasks) for portion in context.sent] == [1, 1, 1]

    asyncio.run(story())


@pytest.mark.parametrize("rows", [numbered(3), [None] * 3])
def test_others_have_their_turn_after_each_slice_also_if_nothing_in_it_is_shown(
    rows: list[MaybeRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "Slice", ShortSlice)

    async def story() -> None:
        turns = 0

        def another() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(another)

        loop = asyncio.get_running_loop()
        loop.call_soon(another)
        await sent(Context(), rows, Listings())
        assert turns >= 3

    asyncio.run(story())


def test_listings_that_are_made_at_once_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "Slice", EndlessSlice)

    async def story() -> None:
        order: list[str] = []

        class Noted(Context):
            def __init__(self, name: str) -> None:
                super().__init__()
                self._name = name

            async def write(self, message: cluster_pb2.ListTasksReply) -> None:
                order.append(self._name)
                await super().write(message)

        rows = numbered(4 * PORTION_ROWS_MAX)
        listings = Listings()
        await asyncio.gather(*(sent(Noted(name), rows, listings) for name in "ab"))
        assert sorted(order) == [*"aaaabbbb"]
        assert order[2:6] == [*"baba"]

    asyncio.run(story())


def test_nothing_is_lost_or_doubled_when_the_registry_changes_between_portions() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    [record] = cluster.registry.tasks.values()
    tasks = cluster.registry.tasks
    tasks.clear()

    def put(number: int) -> None:
        task_id = TaskId(f"t{number}")
        tasks[FRAMEWORK, task_id] = type(record)(FRAMEWORK, a_task(task_id), number, 1)

    for number in range(MANY):
        put(number)

    class Changing(Context):
        async def write(self, message: cluster_pb2.ListTasksReply) -> None:
            await super().write(message)
            tasks.pop((FRAMEWORK, TaskId(f"t{MANY - len(self.sent)}")), None)
            tasks.pop((FRAMEWORK, TaskId(f"t{len(self.sent)}")), None)
            put(MANY + len(self.sent))
            put(len(self.sent))  # The same id again, and now the last.

    def begin() -> Listing[cluster_pb2.TaskRow]:
        rows = task_rows(cluster.registry, None, completed=True)
        return listing_of(message_of(cluster_pb2.TaskRow, row) for row in rows)

    async def story() -> None:
        context = Changing()
        await Listings().send(cast(Any, context), begin)
        assert ids(context) == [f"t{number}" for number in range(MANY)]

    asyncio.run(story())


def test_too_many_at_once_are_refused() -> None:
    async def story() -> None:
        listings = Listings()
        contexts = [Context() for _ in range(LISTINGS_MAX)]
        for context in contexts:
            context.may_go_on.clear()
        sending = [asyncio.create_task(sent(each, numbered(1), listings)) for each in contexts]
        await asyncio.sleep(0)
        refused = Context()
        with pytest.raises(Aborted, match="20 listings are being made already; ask again when"):
            await sent(refused, numbered(1), listings)
        assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        for context in contexts:
            context.may_go_on.set()
        await asyncio.gather(*sending)
        assert {tuple(ids(context)) for context in contexts} == {("0",)}

    run_in_virtual_time(story())


def test_who_takes_nothing_holds_nobody_up_and_is_given_up() -> None:
    async def story() -> None:
        listings = Listings()
        silent, other = Context(), Context()
        silent.may_go_on.clear()
        stuck = asyncio.create_task(sent(silent, numbered(MANY), listings))
        await sent(other, numbered(MANY), listings)
        assert len(ids(other)) == MANY
        with pytest.raises(Aborted, match="you read too slowly"):
            await stuck

    run_in_virtual_time(story())


def test_a_row_becomes_a_message_field_by_field() -> None:
    row = OfferRow(OfferId("o"), "outstanding", FrameworkId("f"), AgentId("a"), "cpus:1")
    assert message_of(cluster_pb2.OfferRow, row) == cluster_pb2.OfferRow(
        id="o", state="outstanding", framework_id="f", agent_id="a", resources="cpus:1"
    )
