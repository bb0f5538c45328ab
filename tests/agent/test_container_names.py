"""Names of containers: none is another's."""

from agent.container_names import container_id, fence_of
from tests.agent.one_agent import KEY, OTHER


def test_tasks_that_were_launched_together_have_names_of_their_own() -> None:
    assert container_id(KEY, 7) != container_id(OTHER, 7)
    assert container_id(KEY, 7) != container_id(KEY, 8)
    assert container_id(KEY, 7).startswith("7-")


def test_a_name_leads_back_to_its_launch() -> None:
    assert fence_of(container_id(KEY, 7), KEY) == 7
    assert fence_of("7", KEY) == 7


def test_what_is_no_name_leads_nowhere() -> None:
    for name in (container_id(OTHER, 7), "7-", "-7", "", "seven", "\u0667", "7" * 21):
        assert fence_of(name, KEY) is None
