"""Operations whose framework wants to hear of them, while leaders and agents come and go.

The numbers are those of the scenarios, the names those of Mesos' own tests.
"""

import pytest

from tests.simulation.cluster.reserving_actor import ReservingActor
from tests.simulation.cluster.story import Story
from tests.simulation.cluster.test_agent_recovery import Stage
from trimast.model.ids import FrameworkId, OperationId
from trimast.model.operation_update import OperationState
from trimast.model.resources import NOTHING, Resources, total_of

OPERATION = OperationId("op-1")


class ReservingStory(Story):
    def _a_framework(self) -> ReservingActor:
        return ReservingActor(self.world, FrameworkId("f1"), wanted=25, dial=self._dial_framework)


class ReservingStage(Stage):
    def _a_framework(self) -> ReservingActor:
        return ReservingActor(self.world, FrameworkId("f1"), wanted=1, dial=self._dial_framework)


def framework_of(story: Story) -> ReservingActor:
    assert isinstance(story.framework, ReservingActor)
    return story.framework


def reserved_in_registry(story: Story) -> Resources:
    return total_of(story.masters.registry_log.state.reserved.values())


@pytest.mark.parametrize("seed", range(12))
def test_20_operation_update_during_failover(seed: int) -> None:
    """Whatever finishes while leaders change is accounted once, and told to its framework."""
    story = ReservingStory(seed).tell()
    framework = framework_of(story)
    assert framework.is_done, f"seed {seed}: {framework.pending} never ended"
    for operation_id, outcomes in framework.outcomes.items():
        assert len(outcomes) == 1, f"seed {seed}: {operation_id} ended as {outcomes}"
    assert reserved_in_registry(story) == framework.has_reserved, f"seed {seed}"
    assert story.masters.registry_log.state.operations == {}
    assert story.elections >= 1


def test_the_stories_hold_what_they_are_about() -> None:
    """Operations that were lost with a leader, and some that were told more than once."""
    frameworks = [framework_of(ReservingStory(seed).tell()) for seed in range(12)]
    outcomes = [
        end for framework in frameworks for ends in framework.outcomes.values() for end in ends
    ]
    assert outcomes.count(OperationState.FINISHED) > 100
    assert set(outcomes) - {OperationState.FINISHED}
    assert any(times > 1 for framework in frameworks for times in framework.heard.values())


def test_57_retry_operation_status_update_after_recovery() -> None:
    """A status that nobody has acknowledged is sent again after an agent's restart and after a
    failover, until it is."""
    stage = ReservingStage()
    framework = framework_of(stage)
    framework.acknowledges = 0
    stage.until(lambda: OPERATION in framework.heard)
    [outcome] = framework.outcomes.values()
    assert outcome == [OperationState.FINISHED]
    restart_agents(stage)
    stage.until(lambda: framework.heard[OPERATION] >= 2)
    stage.depose()
    stage.until(lambda: framework.heard[OPERATION] >= 3)
    assert reserved_in_registry(stage) == framework.has_reserved != NOTHING
    framework.acknowledges = 1
    registry = stage.masters.registry_log.state
    stage.until(lambda: registry.operations == {})
    assert list(framework.outcomes.values()) == [[OperationState.FINISHED]]
    heard = framework.heard.copy()
    stage.wait(30_000)
    assert framework.heard == heard


def restart_agents(stage: Stage) -> None:
    for agent in stage.agents:
        stage.crash(agent)
        agent.begin()
