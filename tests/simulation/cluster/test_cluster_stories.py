"""Leaders die or linger, links break, reports repeat: every launch ends once, and nothing leaks.

SEEDS=500 tells more stories than usual; SEED=7 tells that one alone.
"""

import os
from functools import cache

import pytest

from tests.simulation.cluster.framework_actor import NEVER_RAN
from tests.simulation.cluster.story import TOTAL, Story
from trimast.model.task_lifecycle import TaskState

SEEDS = int(os.environ.get("SEEDS", "60"))
SEED = os.environ.get("SEED")


def seeds() -> list[int]:
    return list(range(SEEDS)) if SEED is None else [int(SEED)]


@cache
def told(seed: int) -> Story:
    return Story(seed).tell()


@pytest.mark.parametrize("seed", seeds())
def test_every_launch_ends_once_and_nothing_leaks(seed: int) -> None:
    story = told(seed)
    registry = story.masters.registry_log.state
    # T1: all it wanted has finished, and it knows the end of everything it launched.
    assert story.framework.is_content, f"seed {seed}: still open: {story.framework.open}"
    # Each end was reported once, and it is what happened.
    started = {key.task_id for agent in story.agents for key, _ in agent.processes.starts}
    for task_id, ends in story.framework.ends.items():
        assert len(ends) == 1, f"seed {seed}: {task_id} ended {ends}"
        if ends[0] is TaskState.FINISHED:
            assert task_id in started
        if ends[0] in NEVER_RAN:
            assert task_id not in started, f"seed {seed}: {task_id} ran, and is {ends[0]}"
    # What started was committed, and everything that was committed is over and acknowledged.
    committed = {(key, fence) for key, fence in registry.completed_tasks}
    for agent in story.agents:
        starts = agent.processes.starts
        assert {((k.framework_id, k.task_id), f) for k, f in starts} <= committed
        assert agent.processes.running == {}
    assert registry.tasks == {}
    # O8: what was used is free again.
    assert all(used.is_empty for used in registry.used.values())
    newest = story.masters.newest
    assert newest is not None
    for account in newest.leader.state.ledger.accounts.values():
        assert account.free + account.offered == TOTAL


@pytest.mark.skipif(SEED is not None, reason="one story says nothing about all")
def test_the_stories_meet_the_danger() -> None:
    """Guards the test above: a simulation that never meets the danger proves nothing."""
    stories = [told(seed) for seed in seeds()]
    assert sum(story.elections for story in stories) > 3 * len(stories)
    assert sum(story.deposed_unaware for story in stories) > len(stories)
    assert sum(story.cuts for story in stories) > 2 * len(stories)
    assert sum(agent.crashes for story in stories for agent in story.agents) > 2 * len(stories)
    assert sum(story.framework.kills for story in stories) > len(stories)
    assert sum(story.framework.launched > 25 for story in stories) > 0


def test_a_seed_tells_the_same_story_again() -> None:
    once, again = Story(3).tell(), Story(3).tell()
    assert once.world.now_ms == again.world.now_ms
    assert repr(once.masters.registry_log.state) == repr(again.masters.registry_log.state)
