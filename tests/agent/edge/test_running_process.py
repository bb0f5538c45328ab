import os
import subprocess

import pytest

from agent.edge.running_process import NotRunning, likeness_of
from agent.launcher.processes import process_facts


def test_a_process_is_looked_at() -> None:
    line = ["/bin/sh", "-c", "echo; read -r _"]
    variables = {"A": "1", "B": "x=y\n"}
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=variables, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()  # It is what it is to be by now.
        facts = process_facts(process.pid)
        assert facts is not None
        like = likeness_of(process.pid, facts.start_ticks)
        with pytest.raises(NotRunning):
            likeness_of(process.pid, facts.start_ticks + 1)
        process.kill()
    assert like.environment == variables
    assert (like.uid, like.gid, set(like.groups)) == (os.getuid(), os.getgid(), set(os.getgroups()))
    with pytest.raises(NotRunning):
        likeness_of(process.pid, facts.start_ticks)
