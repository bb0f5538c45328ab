"""Frameworks come, come back, fail over and stay away."""

from dataclasses import replace

from master.leader.effects import (
    CloseFrameworkStream,
    ConfirmSubscription,
    CountOffers,
    KillTask,
    SendHeartbeat,
)
from master.leader.events import FrameworkDisconnected, TeardownRequested
from master.presence.frameworks import StreamId
from master.registry.records import FrameworkState
from tests.master.led_cluster import (
    FRAMEWORK,
    FRAMEWORK_INFO,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_cluster_with_agent_and_framework,
    a_task,
)
from trimast.model.ids import FrameworkId

AGAIN = StreamId(2)


def test_a_new_framework_is_named_confirmed_and_hears_a_heartbeat_at_once() -> None:
    cluster = LedCluster()
    assert cluster.framework_comes(None) == [
        ConfirmSubscription(STREAM, FrameworkId("c-1-F1")),
        SendHeartbeat(STREAM),
    ]


def test_an_id_nobody_knows_is_accepted_as_it_is() -> None:
    cluster = LedCluster()
    cluster.framework_comes(FrameworkId("from-elsewhere"))
    assert list(cluster.registry.frameworks) == ["from-elsewhere"]


def test_a_second_instance_takes_over_and_the_first_is_told() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.next_offer()
    assert cluster.framework_comes(stream_id=AGAIN) == [
        CountOffers("rescinded", 1),
        CloseFrameworkStream(STREAM, "Framework failed over"),
        ConfirmSubscription(AGAIN, FRAMEWORK),
        SendHeartbeat(AGAIN),
    ]
    # That the first stream ends then is not news of the framework.
    assert cluster.feed(FrameworkDisconnected(STREAM)) == []
    assert cluster.registry.frameworks[FRAMEWORK].state is FrameworkState.ACTIVE
    assert cluster.next_offer().framework_id == FRAMEWORK


def test_what_a_framework_changes_of_itself_counts_but_not_its_user() -> None:
    cluster = a_cluster_with_agent_and_framework()
    changed = replace(FRAMEWORK_INFO, name="new name", user="root")
    cluster.framework_comes(stream_id=AGAIN, info=changed)
    info = cluster.registry.frameworks[FRAMEWORK].info
    assert (info.name, info.user) == ("new name", "nobody")


def test_another_principal_is_refused() -> None:
    cluster = a_cluster_with_agent_and_framework()
    other = replace(FRAMEWORK_INFO, principal="mallory")
    refusal = "Changing framework's principal is not allowed."
    effects = cluster.framework_comes(stream_id=AGAIN, info=other)
    assert effects == [CloseFrameworkStream(AGAIN, refusal)]


def test_a_framework_that_stays_away_too_long_is_removed_and_its_tasks_are_killed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    cluster.feed(FrameworkDisconnected(STREAM))
    assert cluster.registry.frameworks[FRAMEWORK].state is FrameworkState.AWAY
    assert KillTask(LINK, FRAMEWORK, TASK, None) not in cluster.wait(9_000)
    assert KillTask(LINK, FRAMEWORK, TASK, None) in cluster.wait(2_500)
    refusal = CloseFrameworkStream(AGAIN, "Framework has been removed")
    assert cluster.framework_comes(stream_id=AGAIN) == [refusal]


def test_a_framework_that_is_back_in_time_is_not_removed() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(FrameworkDisconnected(STREAM))
    cluster.wait(9_000)
    cluster.framework_comes(stream_id=AGAIN)
    cluster.wait(60_000)
    assert cluster.registry.frameworks[FRAMEWORK].state is FrameworkState.ACTIVE


def test_a_removal_that_is_overtaken_by_a_subscription_is_void() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.feed(FrameworkDisconnected(STREAM))
    cluster.holds_log = True
    cluster.wait(9_500)
    cluster.framework_comes(stream_id=AGAIN)
    cluster.wait(2_000)
    # The subscription was proposed first, so it is decided first.
    cluster.release_log()
    assert cluster.registry.frameworks[FRAMEWORK].state is FrameworkState.ACTIVE


def test_without_a_failover_timeout_the_end_of_the_stream_is_the_end() -> None:
    cluster = LedCluster()
    cluster.framework_comes(info=replace(FRAMEWORK_INFO, failover_timeout_ms=0))
    cluster.feed(FrameworkDisconnected(STREAM))
    assert cluster.registry.frameworks == {}
    assert list(cluster.registry.completed_frameworks) == [FRAMEWORK]


def test_a_new_leader_gives_every_framework_time_to_find_it() -> None:
    cluster = LedCluster()
    cluster.framework_comes(info=replace(FRAMEWORK_INFO, failover_timeout_ms=0))
    cluster.begin_reign("m2")
    cluster.wait(cluster.settings.framework_return_ms - 1_000)
    assert FRAMEWORK in cluster.registry.frameworks
    cluster.wait(2_500)
    assert FRAMEWORK not in cluster.registry.frameworks


def test_a_framework_that_leaves_before_it_is_admitted_is_away() -> None:
    cluster = LedCluster()
    cluster.holds_log = True
    cluster.framework_comes()
    cluster.feed(FrameworkDisconnected(STREAM))
    cluster.release_log()
    assert cluster.registry.frameworks[FRAMEWORK].state is FrameworkState.AWAY


def test_a_stream_that_was_superseded_accepts_nothing() -> None:
    cluster = a_cluster_with_agent_and_framework()
    offer = cluster.next_offer()
    cluster.framework_comes(stream_id=AGAIN)
    assert cluster.accept(a_task(), offers=[offer.offer_id], stream_id=STREAM) == []
    assert cluster.registry.tasks == {}


def test_teardown_ends_the_tasks_and_the_stream() -> None:
    cluster = a_cluster_with_agent_and_framework()
    cluster.running_task()
    effects = cluster.feed(TeardownRequested(STREAM))
    assert KillTask(LINK, FRAMEWORK, TASK, None) in effects
    assert effects[-1] == CloseFrameworkStream(STREAM, "")
    assert cluster.registry.tasks[FRAMEWORK, TASK].reports == ()


def test_heartbeats_come_at_their_interval() -> None:
    cluster = LedCluster()
    cluster.framework_comes()
    beats = [e for e in cluster.wait(20_900) if isinstance(e, SendHeartbeat)]
    assert len(beats) == 20_900 // cluster.settings.heartbeat_ms
