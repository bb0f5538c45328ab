"""A framework that reserves what it is offered, gives it back, and wants to hear how that went."""

from dataclasses import dataclass, field

from protos.mesos.v1 import mesos_pb2
from protos.mesos.v1.scheduler import scheduler_pb2
from tests.simulation.cluster.framework_actor import FrameworkActor
from tests.simulation.cluster.world import Pipe
from trimast.edge.wire.offer_codec import offer_from_proto
from trimast.edge.wire.operation_codec import operation_to_proto
from trimast.edge.wire.operation_update_codec import operation_update_from_proto
from trimast.framework.reserving import reserve, reserved_in, tracked, unreserve
from trimast.model.ids import OperationId
from trimast.model.offer import Offer
from trimast.model.operation import Operation, OperationKind
from trimast.model.operation_update import OperationState, OperationUpdate
from trimast.model.resources import NOTHING, Resources

Call = scheduler_pb2.Call
Event = scheduler_pb2.Event
ROLE = "db"
PIECE = reserve(ROLE, cpus=0.5)
ASK_AGAIN_MS = 700


@dataclass(slots=True)
class ReservingActor(FrameworkActor):
    """
    Attributes:
        wanted: how many operations it begins; it waits for one before it begins the next.
        begun: all of them.
        ends: of each, in which state; each uuid counts once.
        heard: how often it was told of each with a uuid.
        acknowledges: with the chance of forgetting that.
    """

    begun: dict[OperationId, Operation] = field(default_factory=dict)
    pending: set[OperationId] = field(default_factory=set)
    outcomes: dict[OperationId, list[OperationState]] = field(default_factory=dict)
    heard: dict[OperationId, int] = field(default_factory=dict)
    uuids: set[bytes] = field(default_factory=set)
    acknowledges: float = 0.9
    links: int = 0

    def linked(self, up: Pipe) -> None:
        self.up = up
        self.links += 1
        call = Call(type=Call.SUBSCRIBE)
        call.framework_id.value = self.framework_id
        info = call.subscribe.framework_info
        info.id.value, info.name, info.user = self.framework_id, "reserving", ""
        info.failover_timeout = 600.0
        info.roles.append(ROLE)
        for name in ("MULTI_ROLE", "PARTITION_AWARE", "RESERVATION_REFINEMENT"):
            kind = mesos_pb2.FrameworkInfo.Capability.Type.Value(name)
            info.capabilities.add(type=kind)
        self._say(call)

    def hears(self, data: bytes) -> None:
        event = Event.FromString(data)
        match event.type:
            case Event.SUBSCRIBED:
                self._ask_for_pending(self.links)
            case Event.OFFERS:
                for message in event.offers.offers:
                    self._use(offer_from_proto(message))
            case Event.UPDATE_OPERATION_STATUS:
                status = event.update_operation_status.status
                self._hear(operation_update_from_proto(status, self.framework_id))
            case _:
                pass

    @property
    def is_done(self) -> bool:
        return len(self.begun) >= self.wanted and not self.pending

    @property
    def has_reserved(self) -> Resources:
        """As far as it was told."""
        total = NOTHING
        for operation_id, states in self.outcomes.items():
            if OperationState.FINISHED in states:
                operation = self.begun[operation_id]
                is_more = operation.kind is OperationKind.RESERVE
                total = total + PIECE.resources if is_more else total - PIECE.resources
        return total

    def _use(self, offer: Offer) -> None:
        call = Call(type=Call.ACCEPT)
        call.accept.offer_ids.add(value=offer.offer_id)
        call.accept.filters.refuse_seconds = 0.1
        operation = self._next(offer)
        if operation is not None:
            call.accept.operations.append(operation_to_proto(operation))
        self._say(call)

    def _next(self, offer: Offer) -> Operation | None:
        if self.pending or len(self.begun) >= self.wanted:
            return None
        gives_back = self.world.random.random() < 0.4
        if gives_back and reserved_in(offer.resources).covers(PIECE.resources):
            operation = unreserve(PIECE.resources)
        elif offer.resources.covers(PIECE.consumed):
            operation = PIECE
        else:
            return None
        operation_id = OperationId(f"op-{len(self.begun) + 1}")
        self.begun[operation_id] = tracked(operation, operation_id)
        self.pending.add(operation_id)
        return self.begun[operation_id]

    def _hear(self, update: OperationUpdate) -> None:
        if update.uuid:
            self.heard[update.operation_id] = self.heard.get(update.operation_id, 0) + 1
            if self.world.random.random() < self.acknowledges:
                self.acknowledge(update)
            if update.uuid in self.uuids:
                return
            self.uuids.add(update.uuid)
            self.outcomes.setdefault(update.operation_id, []).append(update.state)
        elif update.state in {OperationState.UNKNOWN, OperationState.ERROR}:
            if update.operation_id in self.pending:
                self.outcomes.setdefault(update.operation_id, []).append(update.state)
        else:
            return  # It is being decided, or will be told with a uuid.
        self.pending.discard(update.operation_id)

    def acknowledge(self, update: OperationUpdate) -> None:
        call = Call(type=Call.ACKNOWLEDGE_OPERATION_STATUS)
        call.acknowledge_operation_status.agent_id.value = update.agent_id
        call.acknowledge_operation_status.operation_id.value = update.operation_id
        call.acknowledge_operation_status.uuid = update.uuid
        self._say(call)

    def _ask_for_pending(self, link: int) -> None:
        if link != self.links or self.up is None:
            return
        call = Call(type=Call.RECONCILE_OPERATIONS)
        for operation_id in sorted(self.pending):
            call.reconcile_operations.operations.add().operation_id.value = operation_id
        if self.pending:
            self._say(call)
        self.world.after(ASK_AGAIN_MS, lambda: self._ask_for_pending(link))

    def _say(self, call: scheduler_pb2.Call) -> None:
        if self.up is not None:
            self.up.send(call.SerializeToString())
