"""What can be set about a master."""

from dataclasses import dataclass
from pathlib import Path

from master.leader.settings import LeaderSettings

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterConfig:
    id: str = "m1"
    """The name of this master, different from all others of its cluster, and never changed."""
    data_dir: Path
    """Where the replicated log is kept. Of one master alone; lose it and its promises are lost."""
    cluster: str = "trimast"
    """The cluster's name. A data directory of another cluster is refused."""
    host: str = "127.0.0.1"
    """The address on which to listen. Only the Raft link can be encrypted yet: keep it so."""
    http_port: int = 5050
    """For people and Prometheus; 0 picks a free one."""
    grpc_port: int = 5052
    """For agents, frameworks and the command line; 0 picks a free one."""
    raft_port: int = 5053
    """For the other masters."""
    raft_tls_dir: Path | None = None
    """Where this master's ca.pem, cert.pem and key.pem are, as `trimast tls init` makes them.
    Needed unless all masters are on loopback; not used by one alone. Replaced files are used
    without a restart."""
    raft_insecure: bool = False
    """Let the masters talk in plaintext on other addresses than loopback. Whoever reaches the Raft
    port can then play a master, and rule the whole cluster."""
    credentials: Path | None = None
    """Who may speak to this master over HTTP: a file with a line `principal secret` for each, which
    nobody else may read. They say who they are by HTTP Basic authentication. Without it everybody
    is served who reaches the port. The gRPC port knows no credentials yet."""
    peers: tuple[str, ...] = ()
    """All masters that begin a cluster together, this one included: id=raft/grpc/http with
    host:port each, as in m1=10.0.0.1:5053/10.0.0.1:5052/10.0.0.1:5050,m2=... . They begin when all
    are there. A master that joins later names itself and those that it joins. Once it belongs to a
    cluster, the cluster knows. Empty: this is the only one."""
    election_timeout_min_ms: int = 450
    """So long a leader may be unheard before the others elect a new one. At least 300."""
    election_timeout_max_ms: int = 800
    """Each master waits a random time up to this before it tries to lead."""
    snapshot_after_bytes: int = 64 * 1024 * 1024
    """The log is compacted whenever so many bytes of commands came. At least 65536."""
    disk_reserve_bytes: int = 64 * 1024 * 1024
    """While less than this is free where the data is, nothing is added to the log; 0 for never."""
    offer_timeout_ms: int = 30_000
    """How long a framework may hold an offer unanswered. At least 1000."""
    agent_ping_ms: int = 2_000
    """How often an agent is asked for a sign of life. At least 50."""
    agent_silence_max_ms: int = 30_000
    """An agent unheard for this long is unreachable. At least twice agent_ping_ms."""
    agent_return_ms: int = 60_000
    """How long a new leader waits for agents to come to it."""
    framework_return_ms: int = 60_000
    """How long a new leader waits for frameworks at least, whatever their failover timeout."""
    heartbeat_ms: int = 2_000
    """How often a framework hears that its subscription stands. At least 50."""
    ready_file: Path | None = None
    """Written once the master listens: JSON with its id, http and grpc address and pid."""
    log_level: str = "info"
    """debug, info, warning or error."""
    log_json: bool = False
    """Write the log as one JSON object a line."""

    def __post_init__(self) -> None:
        """Raises ValueError, which names the setting and says what would be right."""
        for name in ("http_port", "grpc_port", "raft_port"):
            if not 0 <= getattr(self, name) < 65_536:
                raise ValueError(f"{name} must be between 0 and 65535, not {getattr(self, name)}")
        if self.raft_insecure and self.raft_tls_dir is not None:
            raise ValueError("raft_insecure and raft_tls_dir exclude each other")
        if self.log_level not in LOG_LEVELS:
            raise ValueError(f"log_level must be one of {', '.join(LOG_LEVELS)}")
        for name, least in (
            ("election_timeout_min_ms", 300),
            ("election_timeout_max_ms", self.election_timeout_min_ms + 1),
            ("snapshot_after_bytes", 65_536),
            ("disk_reserve_bytes", 0),
            ("offer_timeout_ms", 1_000),
            ("agent_ping_ms", 50),
            ("agent_silence_max_ms", 2 * self.agent_ping_ms),
            ("agent_return_ms", 0),
            ("framework_return_ms", 0),
            ("heartbeat_ms", 50),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if self.peers and self.id not in {peer.partition("=")[0] for peer in self.peers}:
            raise ValueError(f"peers must name all masters, and {self.id} is not among them")

    @property
    def leader_settings(self) -> LeaderSettings:
        return LeaderSettings(
            offer_timeout_ms=self.offer_timeout_ms,
            agent_ping_ms=self.agent_ping_ms,
            agent_silence_max_ms=self.agent_silence_max_ms,
            agent_return_ms=self.agent_return_ms,
            framework_return_ms=self.framework_return_ms,
            heartbeat_ms=self.heartbeat_ms,
        )
