"""How a leader decides: a command names its epoch, and the time for people."""

from master.leader.effects import Propose
from master.leader.state import LeaderState
from master.registry.commands import Command, Decision


def propose(state: LeaderState, decision: Decision, now_ms: int, regards: int = 0) -> Propose:
    return Propose(Command(state.epoch, state.wall_ms(now_ms), decision), regards)
