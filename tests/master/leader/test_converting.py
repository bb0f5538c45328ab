"""Operations of an accept: decided in order, and nobody else is offered what is reserved."""

from dataclasses import replace

from master.leader.effects import KeepVolumes, NoteOperation, Propose, RunTask
from master.leader.events import AgentDisconnected, OffersAccepted, VolumesDestroyed
from master.presence.agents import LinkId
from master.presence.frameworks import StreamId
from tests.master.led_cluster import (
    AGENT,
    AGENT_INFO,
    FRAMEWORK,
    FRAMEWORK_INFO,
    LINK,
    STREAM,
    TASK,
    LedCluster,
    a_report,
    a_task,
    updates_in,
)
from trimast.framework.reserving import create_volume, destroy_volumes, reserve, unreserve
from trimast.model.ids import FrameworkId, TaskId
from trimast.model.operation import Operation
from trimast.model.resource_kind import visible_to
from trimast.model.resources import Resources
from trimast.model.status_update import StatusReason
from trimast.model.task import TaskInfo
from trimast.model.task_lifecycle import TaskState
from trimast.model.volume import HeldVolume, VolumeRecord

HAS = Resources.of({"cpus": 2000, "mem": 512_000, "disk": 100_000})
INFO = replace(AGENT_INFO, resources=HAS)
DATABASE = replace(FRAMEWORK_INFO, roles=("db",))
RESERVE = reserve("db", disk_mib=64)
CREATE = create_volume("db", "files", "data", disk_mib=64)
SMALL = Resources.of({"cpus": 500})
WITH_VOLUME = a_task(resources=SMALL + CREATE.resources)


def a_cluster() -> LedCluster:
    cluster = LedCluster()
    cluster.agent_comes(info=INFO)
    cluster.framework_comes(info=DATABASE)
    return cluster


def accepted(cluster: LedCluster, *steps: Operation | TaskInfo) -> OffersAccepted:
    offers = [opened.offer_id for opened in cluster.offers_within(1000)]
    return OffersAccepted(STREAM, tuple(offers), steps, refuse_ms=0)


def test_a_task_uses_the_volume_that_was_made_just_before_it() -> None:
    cluster = a_cluster()
    effects = cluster.feed(accepted(cluster, RESERVE, CREATE, WITH_VOLUME))
    kinds = [type(effect) for effect in effects]
    assert kinds.index(KeepVolumes) < kinds.index(RunTask)
    [keep] = [effect for effect in effects if isinstance(effect, KeepVolumes)]
    fence = cluster.registry.volumes[AGENT][0].volume.fence
    assert keep == KeepVolumes(LINK, (VolumeRecord(HeldVolume("db", "files", fence)),))
    assert cluster.registry.used_on(AGENT) == WITH_VOLUME.resources


def test_nobody_hears_of_a_volume_before_it_is_committed() -> None:
    cluster = a_cluster()
    event = accepted(cluster, RESERVE, CREATE, WITH_VOLUME)
    effects = cluster.leader.handle(event, cluster.now_ms)
    assert [type(effect) for effect in effects[1:]] == [Propose]
    account = cluster.leader.state.ledger.accounts[AGENT]
    assert account.promised == account.total


def test_one_that_cannot_be_is_passed_over_and_the_next_goes_on() -> None:
    cluster = a_cluster()
    faults = {
        "reserves for 'web'": reserve("web", cpus=1),
        "its principal is 'me'": reserve("db", cpus=1, principal="me"),
        "is left": reserve("db", cpus=3),
        "takes disk(db):64": CREATE,
    }
    effects = cluster.feed(accepted(cluster, *faults.values(), RESERVE, a_task(resources=SMALL)))
    notes = [effect for effect in effects if isinstance(effect, NoteOperation)]
    assert [note.fault == "" for note in notes] == [False] * 4 + [True]
    for part, note in zip(faults, notes, strict=False):
        assert part in note.fault
    assert (FRAMEWORK, TASK) in cluster.registry.tasks


def test_what_is_reserved_is_offered_to_its_role_alone() -> None:
    cluster = a_cluster()
    cluster.framework_comes(FrameworkId("f2"), stream_id=StreamId(2), info=FRAMEWORK_INFO)
    cluster.feed(accepted(cluster, reserve("db", cpus=1, disk_mib=64)))
    offers = {offer.framework_id: offer.resources for offer in cluster.offers_within(1000)}
    assert offers[FRAMEWORK].covers(reserve("db", cpus=1, disk_mib=64).resources)
    for framework_id, resources in offers.items():
        if framework_id != FRAMEWORK:
            assert resources == visible_to(resources, "*")


def test_a_volume_is_offered_again_and_destroyed_and_forgotten() -> None:
    cluster = a_cluster()
    cluster.feed(accepted(cluster, RESERVE, CREATE))
    destroy = destroy_volumes(CREATE.resources)
    effects = cluster.feed(accepted(cluster, destroy, unreserve(RESERVE.resources)))
    [keep] = [effect for effect in effects if isinstance(effect, KeepVolumes)]
    [record] = keep.volumes
    assert record.is_doomed
    assert cluster.registry.total_on(AGENT) == HAS
    cluster.feed(VolumesDestroyed(LINK, (record.volume,)))
    assert cluster.registry.volumes == {}
    assert cluster.feed(VolumesDestroyed(LINK, (record.volume,))) == []


def test_an_agent_that_comes_back_is_told_of_its_volumes_and_a_new_leader_counts_them() -> None:
    cluster = a_cluster()
    cluster.feed(accepted(cluster, RESERVE, CREATE))
    cluster.begin_reign("m2")
    effects = cluster.agent_comes(info=INFO, link_id=LinkId(9))
    volumes = cluster.registry.volumes[AGENT]
    assert KeepVolumes(LinkId(9), volumes) in effects
    cluster.framework_comes(info=DATABASE)
    [offer] = cluster.offers_within(1000)
    assert offer.resources == cluster.registry.total_on(AGENT)


def test_if_the_agent_goes_meanwhile_the_rest_is_dropped_and_nothing_stays_promised() -> None:
    cluster = a_cluster()
    cluster.holds_log = True
    cluster.feed(accepted(cluster, RESERVE, CREATE, WITH_VOLUME))
    cluster.feed(AgentDisconnected(LINK))
    effects = cluster.release_log()
    [update] = updates_in(effects)
    assert (update.state, update.reason) == (TaskState.DROPPED, StatusReason.AGENT_DISCONNECTED)
    account = cluster.leader.state.ledger.accounts[AGENT]
    assert account.free == account.total == cluster.registry.total_on(AGENT)


def test_a_part_of_a_volume_is_an_error() -> None:
    cluster = a_cluster()
    part = create_volume("db", "files", "data", disk_mib=1).resources
    effects = cluster.feed(accepted(cluster, RESERVE, CREATE, a_task(resources=SMALL + part)))
    [update] = updates_in(effects)
    assert update.state is TaskState.ERROR
    assert "nobody can have a part" in update.message


def test_a_task_gives_its_volume_back_when_it_ends() -> None:
    cluster = a_cluster()
    cluster.feed(accepted(cluster, RESERVE, CREATE, WITH_VOLUME))
    fence = cluster.registry.tasks[FRAMEWORK, TASK].fence
    cluster.report(a_report(TaskState.FINISHED, 1, fence=fence))
    again = replace(WITH_VOLUME, task_id=TaskId("t2"))
    cluster.feed(accepted(cluster, again))
    assert cluster.registry.used_on(AGENT) == WITH_VOLUME.resources
