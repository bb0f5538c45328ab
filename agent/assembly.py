"""Puts an agent together and runs it until it is asked to stop."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import Final

import structlog

from agent.checkpoints.compacting import records_of
from agent.config import CLEANUP, AgentConfig
from agent.dispatch import Agent
from agent.edge import machine
from agent.edge.agent_metrics import AgentMetrics, LauncherMetrics
from agent.edge.checking.prober import Prober
from agent.edge.checkpoint_files import CheckpointFiles, CheckpointsUnusable, read_journal
from agent.edge.containerizer.isolating import Isolating
from agent.edge.containerizer.launched import LaunchedContainerizer
from agent.edge.containerizer.launcher_link import LauncherUnusable
from agent.edge.containerizer.podman_rules import podman_rules
from agent.edge.doors import add_doors
from agent.edge.executors.executor_streams import ExecutorStreams
from agent.edge.fetcher.fetch_metrics import FetchMetrics
from agent.edge.fetcher.fetcher import Fetcher
from agent.edge.fetcher.rules import fetch_rules
from agent.edge.master_link import MasterLink
from agent.edge.performing import Performer
from agent.edge.sandbox.disk_watch import DiskWatch
from agent.edge.sandbox.log_rotation import LogRotation
from agent.edge.sandbox.sandboxes import Sandboxes, disk_share_used
from agent.edge.sandbox.volumes import Volumes
from agent.edge.stamps import RealStamps
from agent.edge.usage_metrics import UsageMetrics
from agent.edge.work_dir import WorkDir, WorkDirUnusable, open_work_dir
from agent.effects import AgentEffect
from agent.events import AgentEvent, DeadlinePassed, RecordsWritten, StopAsked
from agent.executors.executor import executor_key
from agent.isolation.bounds import BoundsRules
from agent.isolation.modes import Isolation
from agent.launcher.processes import boot_id
from agent.reconfiguring import Reconfiguration, describe, why_not
from agent.recovering import recover
from agent.state import AgentRules, AgentState
from agent.tasks import TaskKey
from trimast.edge.clock import monotonic_ms
from trimast.edge.core_runner import CoreRunner
from trimast.edge.fatal import fatal_if_it_fails, make_failed_asserts_fatal, own_task
from trimast.edge.http_server import HttpServer, new_application
from trimast.edge.leader_finder import LeaderFinder
from trimast.edge.listening import CannotListen
from trimast.edge.loop_watch import LoopWatch
from trimast.edge.metrics_page import add_metrics_page, new_registry
from trimast.edge.ready_file import write_ready_file
from trimast.edge.systemd_notify import SystemdNotify
from trimast.model.agent import AgentInfo
from trimast.model.attributes import attributes_from_text
from trimast.model.resources_text import resources_from_text

log = structlog.get_logger()

LOOP_WATCH_S: Final = 0.5
CANNOT_START: Final = 1
KILLED_TWICE: Final = 130


class Reconfigured(Exception):
    """The settings are not those that the tasks here were launched under."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"tasks run here, and {fault}. They run on. Start the agent as before, or with"
            " --reconfiguration any, or end them with --recover cleanup"
        )


async def run_agent(config: AgentConfig) -> int:
    """The exit code, once the agent has ended."""
    make_failed_asserts_fatal(asyncio.get_running_loop())
    try:
        agent = RunningAgent(config, open_work_dir(config.work_dir))
        # Before anyone can hear that it is ready, and ask it to stop.
        _stop_on_signals(agent)
        await agent.start()
    except (
        WorkDirUnusable,
        CheckpointsUnusable,
        Reconfigured,
        LauncherUnusable,
        CannotListen,
        OSError,
    ) as error:
        log.error("agent_cannot_start", why=str(error))
        return CANNOT_START
    exit_code = await agent.ended
    await agent.close()
    return exit_code


class RunningAgent:
    """One agent: its core, and everything that brings it events or performs its effects.

    Raises CheckpointsUnusable, Reconfigured, OSError.

    Attributes:
        ended: its exit code, once it has one.
    """

    def __init__(self, config: AgentConfig, work_dir: WorkDir) -> None:
        self._config = config
        self._work_dir = work_dir
        self._is_closing = False
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        records = read_journal(work_dir.journal)
        stamps = RealStamps()
        info = _agent_info(config, work_dir)
        self._state, self._first_effects = recover(records, _rules(config), info)

        allowed = Reconfiguration.ANY if config.recover == CLEANUP else config.reconfiguration
        fault = why_not(self._state, Reconfiguration(allowed))
        if fault:
            raise Reconfigured(fault)
        self._first_effects = [*describe(self._state), *self._first_effects]

        registry = new_registry()
        self._metrics = AgentMetrics(registry, self._state)
        random = Random()
        finder = LeaderFinder(config.masters, random=random)
        self._link = MasterLink(finder, random=random, submit=self.submit)
        self._sandboxes = Sandboxes(
            work_dir.sandboxes,
            kept_max=config.sandboxes_max,
            age_max_ms=config.sandbox_age_max_ms,
            headroom=config.gc_disk_headroom,
            disk_share_used=disk_share_used,
        )
        self._logs = LogRotation(
            self._sandboxes,
            bytes_max=config.log_bytes_max,
            files_max=config.log_files_max,
            registry=registry,
        )
        self._disk = DiskWatch(
            self._state,
            self._sandboxes,
            self.submit,
            every_ms=config.container_disk_watch_interval_ms,
            registry=registry,
        )
        self._fetcher = Fetcher(work_dir.fetcher, fetch_rules(config), FetchMetrics(registry))
        self._volumes = Volumes(work_dir.volumes, self.submit)
        self._containerizer = LaunchedContainerizer(
            work_dir.launcher,
            self._sandboxes,
            self.submit,
            isolating=_isolating(config),
            fetcher=self._fetcher,
            volumes=self._volumes,
            podman=podman_rules(config),
        )
        registry.register(LauncherMetrics(self._containerizer.link))
        self._loop_watch = LoopWatch(registry, period_s=LOOP_WATCH_S)
        self._systemd = SystemdNotify()
        self._usage = UsageMetrics(lambda: not self._containerizer.why_not_isolated)
        registry.register(self._usage)
        self._executors = ExecutorStreams()
        besides, metrics = self._containerizer.besides, self._metrics
        self._prober = Prober(self._sandboxes, besides, self.submit, metrics.count_probe)
        self._checkpoints = CheckpointFiles(
            work_dir.journal,
            bytes_max=config.journal_bytes_max,
            all_records=lambda: records_of(self._state),
            on_written=self._on_written,
        )
        self._performer = Performer(
            self._state,
            link=self._link,
            checkpoints=self._checkpoints,
            containerizer=self._containerizer,
            sandboxes=self._sandboxes,
            metrics=self._metrics,
            executors=self._executors,
            prober=self._prober,
            volumes=self._volumes,
            on_admitted=self._write_ready_file,
            on_end=self.end,
        )
        self._runner = CoreRunner[AgentEvent, AgentEffect](
            Agent(self._state, stamps),
            perform=self._performer.perform,
            now_ms=monotonic_ms,
            deadline_passed=DeadlinePassed(),
        )
        self._submit_or_die = fatal_if_it_fails(self._runner.submit)

        app = new_application()
        add_metrics_page(app, registry)
        add_doors(
            app,
            self._state,
            config,
            work_dir=work_dir.path,
            masters=lambda: finder.addresses,
            containerizer=self._containerizer,
            sandboxes=self._sandboxes,
            logs=self._logs,
            metrics=metrics,
            registry=registry,
            executors=self._executors,
            submit=self.submit,
        )
        self._http = HttpServer(app, host=config.http_host, port=config.http_port)

    @property
    def http_address(self) -> str:
        return self._http.address

    async def start(self) -> None:
        """Raises CannotListen, LauncherUnusable, OSError."""
        await self._http.start()
        self._fetcher.open()
        self._volumes.open()
        await self._containerizer.open()
        self._state.info = replace(self._state.info, http_port=self._http.port)
        held = list(_sandboxes_in_use(self._state))
        self._state.endpoint = _endpoint(self._config.http_host, self._http.port)
        self._state.address = machine.address(self._config.http_host)
        for effect in self._first_effects:
            self._performer.perform(effect)
        self._containerizer.end_strays()
        self._keeping = [
            own_task(self._sandboxes.keep_collecting(held)),
            own_task(self._logs.keep_rotating()),
            own_task(self._usage.keep_sampling(self._containerizer.usage)),
        ]
        if self._config.enforce_container_disk_quota:
            self._keeping.append(own_task(self._disk.keep_watching()))
        log.info(
            "agent_started",
            agent_id=self._state.agent_id,
            http=self.http_address,
            resources=str(self._state.info.resources),
            launcher=self._containerizer.link.pid,
            isolation=self._containerizer.link.isolation,
            tasks_held=len(self._state.tasks),
        )
        if self._containerizer.why_not_isolated:
            log.warning("tasks_not_isolated", why=self._containerizer.why_not_isolated)
        if self._config.recover == CLEANUP:
            self.submit(StopAsked(end_tasks=True))
        self._write_ready_file()
        self._systemd.ready()

    def submit(self, event: AgentEvent) -> None:
        """Once the agent closes, nothing more happens to it: its next life starts from the disk."""
        if not self._is_closing:
            self._submit_or_die(event)

    def end(self, exit_code: int) -> None:
        """At once, without waiting for tasks or reports."""
        if not self.ended.done():
            self.ended.set_result(exit_code)

    async def close(self) -> None:
        self._is_closing = True
        self._systemd.stopping()
        self._loop_watch.stop()
        self._systemd.stop()
        self._runner.stop()
        for keeping in self._keeping:
            keeping.cancel()
        await self._link.stop()
        stopping = self._state.stopping
        await self._containerizer.close(end=stopping is not None and stopping.end_tasks)
        await self._fetcher.close()
        self._volumes.close()
        await self._checkpoints.close()
        self._sandboxes.close()
        self._logs.close()
        self._disk.close()
        await self._prober.close()
        self._executors.close()
        await self._http.stop()
        self._work_dir.close()

    def _on_written(self, batch_id: int, took_s: float) -> None:
        self._metrics.fsync.observe(took_s)
        self.submit(RecordsWritten(batch_id))

    def _write_ready_file(self) -> None:
        path = self._config.ready_file
        if path is None:
            return
        try:
            write_ready_file(path, id=self._state.agent_id, http=self.http_address)
        except OSError as error:
            log.error("ready_file_not_written", path=str(path), error=str(error))


def _stop_on_signals(agent: RunningAgent) -> None:
    """The first asks the agent to stop; a second does not wait for anything.

    Tasks run on, unless it is told to end them as well: by SIGUSR1, as with Mesos.
    """
    asked = False

    def on_signal(number: signal.Signals) -> None:
        nonlocal asked
        log.warning("signal_received", signal=number.name, again=asked)
        if asked:
            agent.end(KILLED_TWICE)
        else:
            asked = True
            agent.submit(StopAsked(end_tasks=number is signal.SIGUSR1))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        loop.add_signal_handler(number, on_signal, number)


def _agent_info(config: AgentConfig, work_dir: WorkDir) -> AgentInfo:
    resources = (
        resources_from_text(config.resources)
        if config.resources
        else machine.resources_found(work_dir.path)
    )
    return AgentInfo(
        hostname=config.hostname or machine.hostname(),
        http_port=config.http_port,
        resources=resources,
        attributes=attributes_from_text(config.attributes),
        boot_id=boot_id(),
        version=_version(),
    )


def _isolating(config: AgentConfig) -> Isolating:
    rules = BoundsRules(config.pids_max, config.enforce_cpu_limit)
    mode = Isolation(config.isolation)
    return Isolating(mode, config.cgroups_root, rules, config.allow_new_privileges)


def _sandboxes_in_use(state: AgentState) -> Iterator[tuple[TaskKey, int]]:
    for task in state.tasks.values():
        yield task.key, task.fence
        if task.notes.group is not None:
            yield executor_key(task.key.framework_id, task.notes.group), task.fence
    for executor in state.executors.values():
        yield executor.key, executor.fence


def _endpoint(host: str, port: int) -> str:
    """Where the processes of this machine reach the agent."""
    return f"{'127.0.0.1' if host in {'', '0.0.0.0', '::'} else host}:{port}"


def _rules(config: AgentConfig) -> AgentRules:
    return AgentRules(
        kill_grace_ms=config.kill_grace_ms,
        silence_max_ms=config.silence_max_ms,
        resend_first_ms=config.resend_first_ms,
        resend_most_ms=config.resend_most_ms,
        stop_flush_ms=config.stop_flush_ms,
        ended_max=config.ended_max,
        executor_registration_ms=config.executor_registration_ms,
        executor_return_ms=config.executor_return_ms,
        executor_shutdown_grace_ms=config.executor_shutdown_grace_ms,
        executor_idle_ms=config.executor_idle_ms,
    )


def _version() -> str:
    try:
        return version("trimast")
    except PackageNotFoundError:
        return "0"  # Run from a checkout.
