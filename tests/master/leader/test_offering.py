"""Offers: all that is free, to who has least; for as long as they hold."""

from dataclasses import replace

from master.leader.effects import RescindOffer
from master.leader.events import OffersDeclined, OffersRevived, OffersSuppressed
from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    ONE_CORE,
    STREAM,
    TWO_CORES,
    a_cluster_with_agent_and_framework,
    a_report,
)
from trimast.model.ids import AgentId, FrameworkId
from trimast.model.resources import Resources
from trimast.model.task_lifecycle import TaskState

OTHER = FrameworkId("f2")


def test_an_offer_names_the_agent_and_holds_all_that_is_free() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    assert offer.resources == TWO_CORES
    assert (offer.hostname, offer.http_port, offer.framework_id) == ("host-1", 5051, FRAMEWORK)


def test_what_is_offered_is_not_offered_twice() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.next_offer()
    cluster.framework_comes(OTHER, stream_id=StreamId(2))
    assert cluster.offers_within(1_000) == []


def test_who_has_least_is_served_first() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.framework_comes(OTHER, stream_id=StreamId(2))
    cluster.agent_comes(AgentId("a2"), link_id=LinkId(2))
    offers = {o.agent_id: o.framework_id for o in cluster.offers_within(30)}
    # The one who runs nothing gets what is left on the first agent; now both have one core.
    assert offers == {AGENT: OTHER, AgentId("a2"): FRAMEWORK}


def test_a_declined_offer_comes_back_after_its_time() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.feed(OffersDeclined(STREAM, (offer.offer_id,), refuse_ms=5_000))
    assert cluster.offers_within(4_500) == []
    assert len(cluster.offers_within(2_000)) == 1


def test_a_declined_offer_goes_to_another_at_once() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.framework_comes(OTHER, stream_id=StreamId(2))
    offer = cluster.next_offer()
    cluster.feed(OffersDeclined(STREAM, (offer.offer_id,), refuse_ms=60_000))
    assert cluster.next_offer().framework_id == OTHER


def test_more_than_was_declined_is_offered_again() -> None:
    cluster = a_cluster_with_agent_and_framework()
    fence = cluster.running_task()
    offer = cluster.next_offer()
    assert offer.resources == ONE_CORE
    cluster.feed(OffersDeclined(STREAM, (offer.offer_id,), refuse_ms=60_000))
    assert cluster.offers_within(1_000) == []
    cluster.report(a_report(TaskState.FINISHED, 2, fence=fence))
    assert cluster.next_offer().resources == TWO_CORES


def test_who_suppresses_hears_of_no_offers_until_it_revives() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.feed(OffersSuppressed(STREAM))
    cluster.feed(OffersDeclined(STREAM, (offer.offer_id,), refuse_ms=0))
    assert cluster.offers_within(20_000) == []
    cluster.feed(OffersRevived(STREAM))
    assert cluster.next_offer().resources == TWO_CORES


def test_an_offer_nobody_answers_is_rescinded_and_made_again() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.leader.state.agents.link_of[offer.agent_id].heard_ms += 60_000
    effects = cluster.wait(cluster.settings.offer_timeout_ms + 1_500)
    assert RescindOffer(STREAM, offer.offer_id) in effects
    assert cluster.leader.state.ledger.open_offers


def test_crumbs_are_not_offered() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.next_offer()
    crumbs = replace(AGENT_INFO, resources=Resources.of({"cpus": 9, "mem": 31_000}))
    cluster.agent_comes(AgentId("a2"), link_id=LinkId(2), info=crumbs)
    assert cluster.offers_within(1_000) == []
