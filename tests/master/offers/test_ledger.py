"""The ledger: whatever moves, the four places of a resource sum up to the agent's total."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from master.offers.ledger import OfferLedger
from trimast.model.ids import AgentId, FrameworkId, OfferId
from trimast.model.offer import Offer
from trimast.model.resources import NOTHING, Resources, total_of

AGENT, FRAMEWORK = AgentId("a1"), FrameworkId("f1")
TOTAL = Resources.of({"cpus": 4_000, "mem": 8_000_000}, {"ports": [(1, 10)]})
PART = Resources.of({"cpus": 500, "mem": 1_000_000})


def an_offer(number: int, resources: Resources) -> Offer:
    return Offer(OfferId(f"o{number}"), FRAMEWORK, AGENT, resources)


def a_ledger() -> OfferLedger:
    ledger = OfferLedger()
    ledger.add_agent(AGENT, TOTAL)
    return ledger


def test_resources_go_round_and_come_back() -> None:
    ledger = a_ledger()
    ledger.open(an_offer(1, TOTAL), expires_ms=5)
    assert ledger.held_by_framework(FRAMEWORK) == TOTAL.amounts
    ledger.close(OfferId("o1"))
    ledger.promise(AGENT, FRAMEWORK, PART)
    ledger.keep_promise(AGENT, PART)
    assert ledger.accounts[AGENT].used == PART
    ledger.release(AGENT, FRAMEWORK, PART)
    assert ledger.accounts[AGENT].free == TOTAL
    assert ledger.held_by_framework(FRAMEWORK) == NOTHING


def test_two_agents_have_ports_of_the_same_numbers_and_each_its_own() -> None:
    """A framework that gave both offers back ended the leading master."""
    ledger = a_ledger()
    ledger.add_agent(AgentId("a2"), TOTAL)
    ledger.open(an_offer(1, TOTAL), expires_ms=5)
    ledger.open(Offer(OfferId("o2"), FRAMEWORK, AgentId("a2"), TOTAL), expires_ms=5)
    assert ledger.held_by_framework(FRAMEWORK) == TOTAL.amounts + TOTAL.amounts
    ledger.close(OfferId("o1"))
    ledger.close(OfferId("o2"))
    assert ledger.held_by_framework(FRAMEWORK) == NOTHING
    assert all(account.free == TOTAL for account in ledger.accounts.values())


def test_only_ports_can_be_held_too() -> None:
    ledger = a_ledger()
    ports = Resources.of({}, {"ports": [(3, 4)]})
    ledger.promise(AGENT, FRAMEWORK, ports)
    ledger.keep_promise(AGENT, ports)
    ledger.release(AGENT, FRAMEWORK, ports)
    assert ledger.accounts[AGENT].free == TOTAL


def test_more_than_is_free_cannot_be_offered() -> None:
    ledger = a_ledger()
    ledger.promise(AGENT, FRAMEWORK, PART)
    with pytest.raises(AssertionError):
        ledger.open(an_offer(1, TOTAL), expires_ms=5)


def test_an_agent_in_use_cannot_be_removed() -> None:
    ledger = a_ledger()
    ledger.promise(AGENT, FRAMEWORK, PART)
    with pytest.raises(AssertionError, match="still in use"):
        ledger.remove_agent(AGENT)
    ledger.break_promise(AGENT, FRAMEWORK, PART)
    ledger.remove_agent(AGENT)
    assert ledger.accounts == {}


class AnyMoves(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = a_ledger()
        self.number = 0
        self.promised: list[Resources] = []
        self.used: list[Resources] = []

    @property
    def free(self) -> Resources:
        return self.ledger.accounts[AGENT].free

    @rule(milli=st.integers(1, 1_000))
    def offer_some(self, milli: int) -> None:
        wanted = Resources.of({"cpus": milli})
        if self.free.covers(wanted):
            self.number += 1
            self.ledger.open(an_offer(self.number, wanted), expires_ms=1)

    @precondition(lambda self: self.ledger.open_offers)
    @rule()
    def close_one(self) -> None:
        self.ledger.close(next(iter(self.ledger.open_offers)))

    @rule(milli=st.integers(1, 1_000))
    def promise_some(self, milli: int) -> None:
        wanted = Resources.of({"cpus": milli})
        if self.free.covers(wanted):
            self.ledger.promise(AGENT, FRAMEWORK, wanted)
            self.promised.append(wanted)

    @precondition(lambda self: self.promised)
    @rule(kept=st.booleans())
    def decide_one(self, kept: bool) -> None:
        resources = self.promised.pop()
        if kept:
            self.ledger.keep_promise(AGENT, resources)
            self.used.append(resources)
        else:
            self.ledger.break_promise(AGENT, FRAMEWORK, resources)

    @precondition(lambda self: self.used)
    @rule()
    def end_one(self) -> None:
        self.ledger.release(AGENT, FRAMEWORK, self.used.pop())

    @invariant()
    def sums_balance(self) -> None:
        self.ledger.accounts[AGENT].assert_balanced()
        offered = total_of(o.offer.resources for o in self.ledger.open_offers.values())
        held = offered + total_of(self.promised) + total_of(self.used)
        assert self.ledger.held_by_framework(FRAMEWORK) == held


TestAnyMoves = AnyMoves.TestCase
TestAnyMoves.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
