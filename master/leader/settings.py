"""How patient a leader is. Monotonic milliseconds all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderSettings:
    """
    Attributes:
        offer_interval_ms: between two rounds of offers.
        offer_timeout_ms: how long a framework may hold an offer unanswered.
        agent_ping_ms: how often an agent is asked for a sign of life.
        agent_silence_max_ms: without one for so long, an agent is unreachable.
        agent_return_ms: how long a new leader waits for agents to come to it.
        framework_return_ms: how long a new leader waits for frameworks at least, if their own
            failover timeout is shorter: that a leader died is not their fault.
        heartbeat_ms: how often a framework hears that the connection stands.
        report_retry_first_ms, report_retry_max_ms: until an unacknowledged report is sent again.
    """

    offer_interval_ms: int = 20
    offer_timeout_ms: int = 30_000
    agent_ping_ms: int = 2_000
    agent_silence_max_ms: int = 30_000
    agent_return_ms: int = 60_000
    framework_return_ms: int = 60_000
    heartbeat_ms: int = 2_000
    report_retry_first_ms: int = 10_000
    report_retry_max_ms: int = 600_000

    @property
    def tick_ms(self) -> int:
        """How exactly these are kept."""
        return max(20, min(1_000, self.agent_silence_max_ms // 4, self.agent_ping_ms // 2))
