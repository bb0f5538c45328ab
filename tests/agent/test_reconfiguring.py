"""Other settings than before: fine, fine if there is only more, or refused with what differs."""

from dataclasses import replace

import pytest

from agent.checkpoints.records import AgentAdmitted, AgentDescribed, Record
from agent.effects import WriteRecords
from agent.reconfiguring import Reconfiguration, describe, why_not
from agent.recovering import recover
from agent.state import AgentState
from tests.agent.one_agent import AGENT, INFO, RULES, accepted
from trimast.model.attributes import attributes_from_text
from trimast.model.resources_text import resources_from_text

EQUAL, ADDITIVE, ANY = Reconfiguration
RESOURCES = "cpus:4;mem:1024;ports:[31000-32000]"
ATTRIBUTES = "rack:r1"


def state_with(resources: str, attributes: str, records: list[Record]) -> AgentState:
    info = replace(
        INFO,
        resources=resources_from_text(resources),
        attributes=attributes_from_text(attributes),
    )
    return recover(records, RULES, info)[0]


def restarted(resources: str, attributes: str, *, with_task: bool = True) -> AgentState:
    """An agent that had RESOURCES and ATTRIBUTES, and a task."""
    before = state_with(RESOURCES, ATTRIBUTES, [])
    [written] = describe(before)
    assert isinstance(written, WriteRecords)
    records: list[Record] = [AgentAdmitted(AGENT), *written.records]
    return state_with(resources, attributes, [*records, accepted()] if with_task else records)


@pytest.mark.parametrize("allowed", Reconfiguration)
def test_what_is_as_it_was_is_fine_and_not_written_again(allowed: Reconfiguration) -> None:
    state = restarted("mem:1024;cpus:4;ports:[31000-32000]", ATTRIBUTES)
    assert why_not(state, allowed) == ""
    assert describe(state) == []


MORE = "cpus:8;mem:1024;disk:10;ports:[31000-33000]"


@pytest.mark.parametrize(
    ("resources", "attributes", "equal", "additive"),
    [
        (MORE, ATTRIBUTES, f"resources were {RESOURCES}, and are", ""),
        (RESOURCES, "rack:r1;gpu:no", "attribute gpu:no is new", ""),
        ("cpus:2;mem:1024;ports:[31000-32000]", ATTRIBUTES, "resources were", "resources were"),
        ("cpus:4;mem:1024", ATTRIBUTES, "resources were", "resources were"),
        (RESOURCES, "rack:r2", "attribute rack:r1 is gone", "attribute rack:r1 is gone"),
    ],
)
def test_what_differs_is_named(resources: str, attributes: str, equal: str, additive: str) -> None:
    state = restarted(resources, attributes)
    assert equal in why_not(state, EQUAL)
    assert why_not(state, EQUAL) != ""
    assert additive in why_not(state, ADDITIVE)
    assert bool(why_not(state, ADDITIVE)) == bool(additive)
    assert why_not(state, ANY) == ""


def test_without_tasks_anything_may_change() -> None:
    assert why_not(restarted("cpus:1", "", with_task=False), EQUAL) == ""


def test_what_has_changed_is_what_the_next_life_is_compared_with() -> None:
    state = restarted("cpus:8", "a:b")
    assert describe(state) == [WriteRecords(1, (AgentDescribed("cpus:8", (("a", "b"),)),))]
    assert describe(state) == []
