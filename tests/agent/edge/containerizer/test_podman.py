"""What is asked of podman, and what it means if podman does not answer as it should."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.containerizer.podman import Podman, PodmanFailed
from agent.edge.containerizer.podman_rules import PodmanRules
from agent.isolation.image_pull import ImagePull
from tests.agent.edge.containerizer.container_node import fake_rules


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PodmanRules:
    return fake_rules(tmp_path / "home", monkeypatch)


def ask(rules: PodmanRules, question: Callable[[Podman], Awaitable[object]]) -> object:
    async def main() -> object:
        return await question(Podman(rules))

    return asyncio.run(main())


def pulls(tmp_path: Path) -> int:
    return (tmp_path / "home/podman/calls").read_text().count('"pull"')


def test_an_image_is_pulled_if_it_is_not_there_or_is_wanted_anew(
    rules: PodmanRules, tmp_path: Path
) -> None:
    ask(rules, lambda podman: podman.provide("good", always=False))
    assert pulls(tmp_path) == 0
    ask(rules, lambda podman: podman.provide("good", always=True))
    assert pulls(tmp_path) == 1
    always = replace(rules, pull=ImagePull.ALWAYS)
    ask(always, lambda podman: podman.provide("good", always=False))
    assert pulls(tmp_path) == 2

    async def many(podman: Podman) -> None:
        await asyncio.gather(*(podman.provide("far", always=False) for _ in range(3)))

    ask(rules, many)
    assert pulls(tmp_path) == 3


def test_an_agent_may_pull_nothing(rules: PodmanRules, tmp_path: Path) -> None:
    never = replace(rules, pull=ImagePull.NEVER)
    ask(never, lambda podman: podman.provide("good", always=True))
    with pytest.raises(PodmanFailed, match="this agent pulls none: see its --image-pull"):
        ask(never, lambda podman: podman.provide("far", always=True))
    assert pulls(tmp_path) == 0


def test_what_is_not_there_is_not_inspected_and_removed_without_a_word(rules: PodmanRules) -> None:
    assert ask(rules, lambda podman: podman.inspect("x")) is None
    ask(rules, lambda podman: podman.remove("x"))
    assert ask(rules, lambda podman: podman.containers_of("me")) == {}


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("", "this agent is not to use podman"),
        ("no-such-podman", "no-such-podman is not on this machine"),
        ("/etc/passwd", "is not on this machine"),
    ],
)
def test_without_podman_it_is_said_what_is_missing(program: str, fault: str) -> None:
    with pytest.raises(PodmanFailed, match=fault):
        ask(PodmanRules(program), lambda podman: podman.check())


def test_one_that_does_not_answer_is_given_up(rules: PodmanRules, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    hasty = replace(rules, program=str(slow), pull=ImagePull.ALWAYS, pull_timeout_ms=50)
    with pytest.raises(PodmanFailed, match=r"podman pull x has not answered in 0.05 s"):
        ask(hasty, lambda podman: podman.provide("x", always=True))
