"""Ids, attributes, inventories, waits."""

from random import Random

import pytest

from trimast.model.attributes import Attribute, attributes_from_text
from trimast.model.backoff import retry_delay_ms
from trimast.model.ids import FrameworkId, TaskId, fault_of_id
from trimast.model.inventory import HeldTask, inventory_digest


@pytest.mark.parametrize("text", ["a", "task-1", "ünï.côde", "x" * 255, "a b"])
def test_these_can_be_ids(text: str) -> None:
    assert fault_of_id(text) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0", "\x1b[0m", "x" * 256]
)
def test_these_cannot(text: str) -> None:
    assert fault_of_id(text) is not None


def test_attributes_are_names_with_a_text() -> None:
    attributes = (Attribute("rack", "r1"), Attribute("zone", "a:b"))
    assert attributes_from_text("rack:r1; zone:a:b") == attributes
    with pytest.raises(ValueError, match="should look like rack:r1"):
        attributes_from_text("rack")


def held(task_id: str, fence: int) -> HeldTask:
    return HeldTask(FrameworkId("f"), TaskId(task_id), fence)


def test_an_inventory_is_known_by_what_is_in_it_and_not_by_its_order() -> None:
    one, two = held("a", 1), held("b", 2)
    assert inventory_digest([one, two]) == inventory_digest([two, one])
    different = [[], [one], [two], [one, held("b", 3)]]
    assert len({inventory_digest(tasks) for tasks in different}) == len(different)


def test_waits_grow_to_their_most_and_never_vanish() -> None:
    random = Random(1)
    for attempt in range(40):
        ceiling_ms = min(1_000, 10 << attempt)
        delay_ms = retry_delay_ms(attempt, random, first_ms=10, most_ms=1_000)
        assert ceiling_ms // 2 <= delay_ms <= ceiling_ms
