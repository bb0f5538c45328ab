"""Puts one master together: the log, the registry on it, the leader over that, and the doors."""

import asyncio
import signal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from master.config import MasterConfig
from master.edge.agent_link_codec import AgentOrder
from master.edge.agent_service import AgentService
from master.edge.authenticating import authenticate
from master.edge.backing_up import BackingUp, LogPosition
from master.edge.cluster_service import ClusterService
from master.edge.credentials import Credentials
from master.edge.directory import Directory, MasterAddress
from master.edge.doors import Doorkeeper
from master.edge.effects import EffectPerformer
from master.edge.handing_over import hand_over_before_stop
from master.edge.health_page import add_health_page
from master.edge.leadership import Leadership
from master.edge.mesos.about import About
from master.edge.mesos.cluster_watch import ClusterWatch
from master.edge.mesos.mounting import MesosDoors
from master.edge.metrics import MasterMetrics, StateCollector
from master.edge.operator_questions import OperatorQuestions
from master.edge.peers_text import host_and_port, peers_from_text
from master.edge.registry_log import RegistryLog
from master.edge.scheduler_codec import FrameworkNews
from master.edge.scheduler_service import SchedulerService
from master.edge.streams import Streams
from master.leader.effects import CloseFrameworkStream
from master.leader.state import LeaderState
from protos.trimast.v1 import (
    agent_link_pb2_grpc,
    cluster_pb2_grpc,
    scheduler_link_pb2_grpc,
)
from replication.config import PeerAddress, ReplicationConfig, TlsFiles
from replication.engine.fail_stop import Fatal
from replication.engine.raft_log import RaftLog
from trimast.edge.clock import wall_ms
from trimast.edge.collecting import collect_in_small_portions
from trimast.edge.cross_site import CrossSiteGuard
from trimast.edge.fatal import end_process, make_failed_asserts_fatal
from trimast.edge.grpc_server import new_grpc_server, start_grpc_server
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.loop_watch import LoopWatch
from trimast.edge.metrics_page import add_metrics_page, new_registry
from trimast.edge.open_files import allow_many_open_files
from trimast.edge.ready_file import write_ready_file
from trimast.edge.systemd_notify import SystemdNotify
from trimast.edge.tls.files import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from trimast.model.addresses import is_loopback
from trimast.model.ids import MasterId

log = structlog.get_logger()

STOP_GRACE_S: Final = 0.5
HAND_OVER_MAX_S: Final = 1.0
"""A leader that is told to stop tries so long to have another master lead first."""

COMMANDS_A_TURN_MAX: Final = 100
"""Each takes a leader 0.1 ms to apply and to tell of, and more while a snapshot is written."""

LOOP_WATCH_S: Final = 0.1
OBJECTS_A_TASK: Final = 16
"""Of those that Python's search for garbage looks at, with labels and the like."""


async def run_master(config: MasterConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        CannotListen, CredentialsRefused, OSError, DataDirectoryRefused, TlsFilesRefused,
        WalDamaged, TermFileDamaged: it cannot start; the text says why.
    """
    make_failed_asserts_fatal(asyncio.get_running_loop())
    allow_many_open_files()
    credentials = Credentials.read(config.credentials) if config.credentials else None
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    own_id = MasterId(config.id)
    prometheus = new_registry()
    metrics = MasterMetrics(prometheus)
    registry_log = RegistryLog()
    links: Streams[AgentOrder] = Streams()
    streams: Streams[FrameworkNews | CloseFrameworkStream] = Streams()
    leadership = Leadership(own_id, config.cluster, registry_log, config.leader_settings, metrics)
    replicated_log = await RaftLog.start(
        replication_config(config),
        registry_log,
        leadership,
        on_fatal=_die,
        observer=metrics,
    )
    directory = Directory(
        own_id, _masters(config), lambda: replicated_log.membership().configuration
    )
    doorkeeper = Doorkeeper(leadership, directory, replicated_log)
    backing_up = BackingUp(
        config.cluster, doorkeeper, registry_log, lambda: _position(replicated_log)
    )
    questions = OperatorQuestions()
    cluster = ClusterService(doorkeeper, registry_log, backing_up, questions)
    watch = ClusterWatch(lambda: _leader_of(leadership), prometheus)
    about = About(config, directory, wall_ms() / 1000)
    performer = EffectPerformer(links, streams, questions, watch, metrics)
    leadership.begin(replicated_log, performer)
    # A follower may be late; the cluster waits for a leader.
    collect_in_small_portions(
        soon=asyncio.get_running_loop().call_soon_threadsafe,
        in_use=lambda: OBJECTS_A_TASK * len(registry_log.state.tasks),
        may_take_long=lambda: leadership.reign is None,
    )
    _add_collector(prometheus, registry_log, leadership, replicated_log)
    loop_watch = LoopWatch(prometheus, period_s=LOOP_WATCH_S)
    systemd = SystemdNotify()

    server = new_grpc_server()
    cluster_pb2_grpc.add_ClusterServicer_to_server(cluster, server)
    agent_link_pb2_grpc.add_AgentLinkServicer_to_server(AgentService(doorkeeper, links), server)
    scheduler_link_pb2_grpc.add_SchedulerLinkServicer_to_server(
        SchedulerService(doorkeeper, streams, metrics.called), server
    )
    app = new_application()
    authenticate(app, config.host, credentials, prometheus)
    app.middlewares.append(CrossSiteGuard(is_local=is_loopback(config.host)).middleware)
    add_metrics_page(app, prometheus)
    add_health_page(app, doorkeeper, registry_log)
    MesosDoors(doorkeeper, about, streams, questions, watch, metrics, prometheus).mount(app)
    http = HttpServer(app, host=config.host, port=config.http_port)
    try:
        grpc_port = await start_grpc_server(server, host=config.host, port=config.grpc_port)
        await http.start()
        grpc_address = f"{config.host}:{grpc_port}"
        if not config.peers:
            directory.listens(grpc=grpc_address, http=http.address)
        log.info("master_serves", id=own_id, grpc=grpc_address, http=http.address)
        if config.ready_file is not None:
            write_ready_file(config.ready_file, id=own_id, http=http.address, grpc=grpc_address)
        systemd.ready()
        await stopped.wait()
        systemd.stopping()
        outcome = await hand_over_before_stop(replicated_log, within_s=HAND_OVER_MAX_S)
        log.info("master_stops", id=own_id, hand_over=outcome)
    finally:
        loop_watch.stop()
        systemd.stop()
        # The log first: its going ends the reign and all streams, so that others can take over.
        await replicated_log.stop()
        await server.stop(STOP_GRACE_S)
        await http.stop()
    log.info("master_stopped", id=own_id)


def _masters(config: MasterConfig) -> dict[MasterId, MasterAddress]:
    if config.peers:
        return peers_from_text(config.peers)
    own = MasterAddress(
        raft=f"{config.host}:{config.raft_port}",
        grpc=f"{config.host}:{config.grpc_port}",
        http=f"{config.host}:{config.http_port}",
    )
    return {MasterId(config.id): own}


def replication_config(config: MasterConfig) -> ReplicationConfig:
    """
    Raises:
        ValueError: names the setting, and says what would be right.
    """
    masters = _masters(config)
    return ReplicationConfig(
        cluster_id=config.cluster,
        replica_id=config.id,
        data_directory=config.data_dir,
        listen_host=config.host,
        listen_port=config.raft_port,
        peers={
            master_id: PeerAddress(*host_and_port(address.raft))
            for master_id, address in masters.items()
            if master_id != config.id
        },
        notes={master_id: address.note for master_id, address in masters.items()},
        advertised=_advertised(masters[MasterId(config.id)]),
        tls=None if config.raft_tls_dir is None else _tls_files(config.raft_tls_dir),
        insecure=config.raft_insecure,
        snapshot_after_bytes=config.snapshot_after_bytes,
        disk_reserve_bytes=config.disk_reserve_bytes,
        state_format=_state_format(),
        election_timeout_min_ms=config.election_timeout_min_ms,
        election_timeout_max_ms=config.election_timeout_max_ms,
        entry_commands_max=COMMANDS_A_TURN_MAX,
        apply_commands_per_turn_max=COMMANDS_A_TURN_MAX,
    )


def _advertised(own: MasterAddress) -> PeerAddress | None:
    """None if the system chooses the port: then nobody can be told it beforehand."""
    if own.raft.endswith(":0"):
        return None
    return PeerAddress(*host_and_port(own.raft))


def _state_format() -> str:
    try:
        return version("trimast")
    except PackageNotFoundError:
        return "0"  # Run from a checkout.


def _position(replicated_log: RaftLog) -> LogPosition:
    index, term = replicated_log.applied_position()
    return LogPosition(index, term, replicated_log.membership().configuration)


def _tls_files(folder: Path) -> TlsFiles:
    return TlsFiles(folder / CA_FILE, folder / CERTIFICATE_FILE, folder / KEY_FILE)


def _add_collector(
    prometheus: CollectorRegistry,
    registry_log: RegistryLog,
    leadership: Leadership,
    replicated_log: RaftLog,
) -> None:
    prometheus.register(
        StateCollector(
            log_status=replicated_log.status,
            certificate_expires_in_s=replicated_log.certificate_expires_in_s,
            registry=registry_log.state,
            leader=lambda: _leader_of(leadership),
        )
    )


def _leader_of(leadership: Leadership) -> LeaderState | None:
    return leadership.reign.state if leadership.reign is not None else None


def _die(fatal: Fatal) -> None:
    end_process("log_failed", cause=fatal.cause, error=str(fatal.error))
