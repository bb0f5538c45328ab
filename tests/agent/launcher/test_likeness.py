"""What is found out about a process that runs."""

import os
import resource
import subprocess

import pytest

from agent.launcher.likeness import likeness_of


def test_it_is_as_its_process_was_made() -> None:
    with subprocess.Popen(
        ["sleep", "600"],
        env={"A": "1", "B": "x=y"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    ) as process:
        like = likeness_of(process.pid)
        process.kill()
    assert like.pid == process.pid
    assert like.environment == {b"A": b"1", b"B": b"x=y"}
    assert like.user[:2] == (os.getuid(), os.getgid())
    assert [resource.RLIMIT_CORE, 0, 0] in like.box["rlimits"]
    assert like.namespaces == ()


def test_who_is_not_there_is_like_nobody() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(OSError, match=r"No such|gone"):
        likeness_of(process.pid)
