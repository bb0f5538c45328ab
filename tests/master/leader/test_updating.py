"""A framework describes itself anew, and stays subscribed."""

from dataclasses import replace

import pytest

from master.leader.effects import AnswerOperator, LeaderEffect, RescindOffer
from master.leader.events import (
    FrameworkDisconnected,
    FrameworkUpdateRequested,
    OffersRevived,
    TeardownRequested,
)
from master.presence.frameworks import StreamId
from master.registry.outcome import APPLIED
from tests.master.led_cluster import (
    FRAMEWORK,
    FRAMEWORK_INFO,
    STREAM,
    LedCluster,
    a_cluster_with_agent_and_framework,
)
from trimast.model.framework import FrameworkInfo
from trimast.model.refusal import RefusalReason, Refused

REQUEST = 7
RENAMED = replace(FRAMEWORK_INFO, name="renamed", failover_timeout_ms=5_000)


def update(info: FrameworkInfo = RENAMED, *, suppressed: bool = False) -> FrameworkUpdateRequested:
    return FrameworkUpdateRequested(STREAM, info, suppressed, REQUEST)


def answers_in(effects: list[LeaderEffect]) -> list[AnswerOperator]:
    return [effect for effect in effects if isinstance(effect, AnswerOperator)]


def test_what_it_says_of_itself_is_committed_before_it_is_answered() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.holds_log = True
    assert cluster.feed(update()) == []
    assert cluster.release_log() == [AnswerOperator(REQUEST, APPLIED, 0)]
    assert cluster.registry.frameworks[FRAMEWORK].info == RENAMED
    assert cluster.leader.state.frameworks.subscribed(STREAM) is not None


def test_it_is_still_known_to_be_away_when_it_goes() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(update())
    cluster.feed(FrameworkDisconnected(STREAM))
    cluster.wait(6_000)
    assert FRAMEWORK in cluster.registry.completed_frameworks


@pytest.mark.parametrize(
    "info",
    [
        replace(FRAMEWORK_INFO, user="root"),
        replace(FRAMEWORK_INFO, principal="another"),
        replace(FRAMEWORK_INFO, checkpoint=True),
    ],
)
def test_what_cannot_change_is_refused_by_name(info: FrameworkInfo) -> None:
    cluster = a_cluster_with_agent_and_framework()
    [answer] = answers_in(cluster.feed(update(info)))
    assert isinstance(answer.outcome, Refused)
    assert "Updating 'FrameworkInfo." in answer.outcome.detail
    assert cluster.registry.frameworks[FRAMEWORK].info == FRAMEWORK_INFO


def test_offers_for_a_role_that_it_gives_up_are_rescinded() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    assert not any(isinstance(e, RescindOffer) for e in cluster.feed(update()))
    effects = cluster.feed(update(replace(RENAMED, roles=("web",))))
    assert RescindOffer(STREAM, offer.offer_id) in effects
    assert cluster.next_offer().role == "web"


def test_it_can_say_that_it_wants_no_offers() -> None:
    cluster = LedCluster()
    cluster.framework_comes()
    cluster.feed(update(suppressed=True))
    cluster.agent_comes()
    assert cluster.offers_within(1_000) == []
    cluster.feed(update())
    assert len(cluster.offers_within(1_000)) == 1


def test_of_another_role_nothing_is_suppressed_or_revived() -> None:
    cluster = LedCluster()
    cluster.framework_comes()
    cluster.feed(update(suppressed=True))
    cluster.agent_comes()
    cluster.feed(OffersRevived(STREAM, ("none of its own",)))
    assert cluster.offers_within(1_000) == []
    cluster.feed(OffersRevived(STREAM, ("*",)))
    assert len(cluster.offers_within(1_000)) == 1


def test_one_that_is_not_subscribed_cannot_update() -> None:
    cluster = LedCluster()
    [answer] = answers_in(cluster.feed(update()))
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.reason is RefusalReason.FRAMEWORK_UNKNOWN


@pytest.mark.parametrize("how", ["disconnected", "torn down", "failed over"])
def test_whoever_waits_for_an_answer_gets_one_when_the_stream_ends(how: str) -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.holds_log = True
    if how == "failed over":
        # Its subscription was on its way first.
        cluster.framework_comes(stream_id=StreamId(2))
    if how == "torn down":
        cluster.feed(TeardownRequested(STREAM))
    effects = cluster.feed(update())
    if how == "disconnected":
        effects += cluster.feed(FrameworkDisconnected(STREAM))
    effects += cluster.release_log()
    [answer] = answers_in(effects)
    assert isinstance(answer.outcome, Refused)


def test_the_new_instance_counts_although_the_former_updated_after_it() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.holds_log = True
    cluster.framework_comes(stream_id=StreamId(2))
    cluster.feed(update())
    cluster.release_log()
    cluster.feed(FrameworkDisconnected(StreamId(2)))
    cluster.wait(11_000)
    assert FRAMEWORK in cluster.registry.completed_frameworks
