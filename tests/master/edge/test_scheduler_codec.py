"""The frameworks' vocabulary: calls to events, news to events on the wire."""

import contextlib
import math

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from master.edge.scheduler_codec import (
    RECONCILED_MAX,
    STEPS_MAX,
    FrameworkNews,
    error_event,
    event_from_call,
    event_from_news,
)
from master.leader.effects import (
    AnnounceAgentFailure,
    ConfirmSubscription,
    RescindOffer,
    SendHeartbeat,
    SendOffers,
    SendUpdate,
)
from master.leader.events import (
    FrameworkSubscribed,
    FrameworkUpdateRequested,
    InvalidOperation,
    InvalidTask,
    KillRequested,
    OffersAccepted,
    OffersDeclined,
    OffersRevived,
    OffersSuppressed,
    ReconciliationRequested,
    ReportAcknowledged,
    Step,
)
from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.master.led_cluster import AGENT, FRAMEWORK, STREAM, TASK, TWO_CORES, a_report, a_task
from trimast.edge.wire.bad_message import BadMessage
from trimast.edge.wire.offer_codec import offer_from_proto
from trimast.edge.wire.status_codec import status_from_proto
from trimast.edge.wire.task_codec import task_info_to_proto
from trimast.model.ids import OfferId
from trimast.model.offer import REFUSE_DEFAULT_MS, REFUSE_MAX_MS, Offer
from trimast.model.task_lifecycle import TaskState

Call = scheduler_pb2.Call
MASTER = mesos_pb2.MasterInfo(id="m1", ip=0, port=1)


def an_accept(*tasks: mesos_pb2.TaskInfo) -> scheduler_pb2.Call:
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.add(value="o1")
    operation = call.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH)
    operation.launch.task_infos.extend(tasks)
    return call


def test_an_accept_names_its_offers_and_its_tasks() -> None:
    event = event_from_call(STREAM, an_accept(task_info_to_proto(a_task())))
    assert event == OffersAccepted(STREAM, (OfferId("o1"),), (a_task(),), REFUSE_DEFAULT_MS)


def test_a_task_that_cannot_be_read_does_not_take_the_others_with_it() -> None:
    broken = task_info_to_proto(a_task())
    del broken.resources[:]
    event = event_from_call(STREAM, an_accept(broken, task_info_to_proto(a_task())))
    assert isinstance(event, OffersAccepted)
    assert event.launches == (InvalidTask(TASK, "Task uses no resources"), a_task())


def test_a_task_that_asks_for_what_cannot_be_together_is_refused() -> None:
    task = task_info_to_proto(a_task())
    task.container.type = mesos_pb2.ContainerInfo.MESOS
    task.container.network_infos.add(name="none")
    task.health_check.type = mesos_pb2.HealthCheck.TCP
    task.health_check.tcp.port = 80
    event = event_from_call(STREAM, an_accept(task))
    assert isinstance(event, OffersAccepted)
    [launch] = event.launches
    assert isinstance(launch, InvalidTask)
    assert "cannot be checked by HTTP or TCP" in launch.fault


def test_an_accept_of_nothing_is_a_decline() -> None:
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.add(value="o1")
    call.accept.filters.refuse_seconds = 1.5
    assert event_from_call(STREAM, call) == OffersDeclined(STREAM, (OfferId("o1"),), 1_500)


@pytest.mark.parametrize(
    ("seconds", "ms"),
    [
        (0.0, 0),
        (0.25, 250),
        (-1.0, REFUSE_DEFAULT_MS),
        (math.nan, REFUSE_DEFAULT_MS),
        (math.inf, REFUSE_MAX_MS),
        (1e300, REFUSE_MAX_MS),
    ],
)
def test_a_filter_that_makes_no_sense_is_the_default(seconds: float, ms: int) -> None:
    call = Call(type=Call.DECLINE)
    call.decline.offer_ids.add(value="o1")
    call.decline.filters.refuse_seconds = seconds
    event = event_from_call(STREAM, call)
    assert isinstance(event, OffersDeclined)
    assert event.refuse_ms == ms


def test_small_calls_say_what_they_mean() -> None:
    kill = Call(type=Call.KILL)
    kill.kill.task_id.value = TASK
    kill.kill.kill_policy.grace_period.nanoseconds = 2_000_000_000
    assert event_from_call(STREAM, kill) == KillRequested(STREAM, TASK, None, 2_000)
    acknowledge = Call(type=Call.ACKNOWLEDGE)
    acknowledge.acknowledge.agent_id.value = AGENT
    acknowledge.acknowledge.task_id.value = TASK
    acknowledge.acknowledge.uuid = b"u" * 16
    assert event_from_call(STREAM, acknowledge) == ReportAcknowledged(STREAM, TASK, b"u" * 16)
    reconcile = Call(type=Call.RECONCILE)
    reconcile.reconcile.tasks.add().task_id.value = TASK
    assert event_from_call(STREAM, reconcile) == ReconciliationRequested(STREAM, ((TASK, None),))


def test_a_framework_without_an_id_wants_a_new_one() -> None:
    call = Call(type=Call.SUBSCRIBE)
    call.subscribe.framework_info.name, call.subscribe.framework_info.user = "n", "u"
    event = event_from_call(STREAM, call)
    assert isinstance(event, FrameworkSubscribed)
    assert (event.framework_id, event.info.name, event.info.roles) == (None, "n", ("*",))


def test_roles_of_suppress_and_revive_are_passed_on() -> None:
    suppress = Call(type=Call.SUPPRESS)
    suppress.suppress.roles.append("web")
    assert event_from_call(STREAM, suppress) == OffersSuppressed(STREAM, ("web",))
    assert event_from_call(STREAM, Call(type=Call.REVIVE)) == OffersRevived(STREAM)


def test_what_needs_nothing_to_be_done_is_understood_all_the_same() -> None:
    for kind in ("REQUEST", "ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS"):
        call = Call(type=Call.Type.Value(kind))
        with pytest.raises(BadMessage, match=f"Expecting '{kind.lower()}' to be present"):
            event_from_call(STREAM, call)
        getattr(call, kind.lower()).SetInParent()
        assert event_from_call(STREAM, call) is None


def test_an_update_of_a_framework_is_about_the_one_that_calls() -> None:
    call = Call(type=Call.UPDATE_FRAMEWORK)
    call.framework_id.value = "f1"
    info = call.update_framework.framework_info
    info.name, info.user, info.id.value = "n", "u", "f2"
    with pytest.raises(BadMessage, match="differs from 'update_framework"):
        event_from_call(STREAM, call)
    info.id.value = "f1"
    call.update_framework.suppressed_roles.append("*")
    event = event_from_call(STREAM, call)
    assert isinstance(event, FrameworkUpdateRequested)
    assert (event.info.name, event.suppressed, event.request) == ("n", True, 0)
    call.update_framework.suppressed_roles.append("other")
    with pytest.raises(BadMessage, match="Suppressed roles must be contained"):
        event_from_call(STREAM, call)


def test_calls_that_would_keep_everybody_waiting_are_refused() -> None:
    accept = Call(type=Call.ACCEPT)
    launch = accept.accept.operations.add(type=mesos_pb2.Offer.Operation.LAUNCH).launch
    for _ in range(STEPS_MAX):
        task = launch.task_infos.add(name="")
        task.task_id.value = task.agent_id.value = "x"
    with pytest.raises(BadMessage, match="has at most 10000 tasks"):
        event_from_call(STREAM, accept)
    reconcile = Call(type=Call.RECONCILE)
    for _ in range(RECONCILED_MAX + 1):
        reconcile.reconcile.tasks.add().task_id.value = "x"
    with pytest.raises(BadMessage, match="names at most 50000 tasks"):
        event_from_call(STREAM, reconcile)


def test_what_is_missing_is_named() -> None:
    call = Call(type=Call.ACKNOWLEDGE)
    call.acknowledge.uuid = b"short"
    with pytest.raises(BadMessage, match=r"Not initialized.*acknowledge.agent_id"):
        event_from_call(STREAM, call)


def test_a_uuid_of_another_length_is_refused() -> None:
    call = Call(type=Call.ACKNOWLEDGE)
    call.acknowledge.agent_id.value = AGENT
    call.acknowledge.task_id.value = TASK
    call.acknowledge.uuid = b"short"
    with pytest.raises(BadMessage, match="Not a valid UUID"):
        event_from_call(STREAM, call)


def test_operations_that_are_not_built_are_refused_by_name() -> None:
    call = Call(type=Call.ACCEPT)
    call.accept.operations.add(type=mesos_pb2.Offer.Operation.GROW_VOLUME)
    with pytest.raises(BadMessage, match="GROW_VOLUME operations are not supported yet"):
        event_from_call(STREAM, call)


def test_an_operation_that_cannot_be_is_passed_over_with_its_fault() -> None:
    call = Call(type=Call.ACCEPT)
    call.accept.operations.add(type=mesos_pb2.Offer.Operation.RESERVE)
    [step] = accepted_steps(call)
    assert step == InvalidOperation("RESERVE", "RESERVE names no resources")


def accepted_steps(call: Call) -> tuple[Step, ...]:
    event = event_from_call(STREAM, call)
    assert isinstance(event, OffersAccepted)
    return event.launches


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_that_parse_are_understood_or_refused_by_name(data: bytes) -> None:
    with contextlib.suppress(BadMessage, DecodeError):
        event_from_call(STREAM, Call.FromString(data))


def test_news_arrives_as_it_was_sent() -> None:
    offer = Offer(OfferId("o1"), FRAMEWORK, AGENT, TWO_CORES, "h", 5051, (), "*")
    report = a_report(TaskState.RUNNING, 1, fence=4)

    def event(news: FrameworkNews) -> scheduler_pb2.Event:
        return event_from_news(news, heartbeat_s=5.0, master=MASTER)

    offers = event(SendOffers(STREAM, (offer,)))
    assert [offer_from_proto(o) for o in offers.offers.offers] == [offer]
    update = event(SendUpdate(STREAM, report)).update.status
    assert status_from_proto(update, FRAMEWORK, sequence=1, fence=4) == report
    assert update.executor_id.value == TASK
    confirmed = event(ConfirmSubscription(STREAM, FRAMEWORK)).subscribed
    assert (confirmed.framework_id.value, confirmed.heartbeat_interval_seconds) == (FRAMEWORK, 5.0)
    assert event(RescindOffer(STREAM, OfferId("o1"))).rescind.offer_id.value == "o1"
    assert event(AnnounceAgentFailure(STREAM, AGENT)).failure.agent_id.value == AGENT
    assert event(SendHeartbeat(STREAM)).type == scheduler_pb2.Event.HEARTBEAT
    assert error_event("why").error.message == "why"
