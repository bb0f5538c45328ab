import json
import os
import subprocess
import sys

import pytest

from agent.edge import become


def run(user: object, environment: dict[str, str], *command: str) -> tuple[int, str, str]:
    orders = os.memfd_create("orders")
    os.write(orders, json.dumps({"user": user, "environment": environment}).encode())
    os.lseek(orders, 0, os.SEEK_SET)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", become.__file__, str(orders), *command],
        env={},
        pass_fds=(orders,),
        capture_output=True,
        text=True,
    )
    os.close(orders)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_program_has_the_environment_and_nothing_else() -> None:
    variables = {"PATH": "/usr/bin:/bin", "A": "ü\n"}
    code, out, _ = run(None, variables, "env", "-0")
    assert (code, out) == (0, "PATH=/usr/bin:/bin\0A=ü\n\0")
    script = "ls -l /proc/self/fd | wc -l"
    assert run(None, variables, "sh", "-c", script)[1] == "5\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_is_who_it_is_told_to_be_before_anything_of_the_task_is_loaded() -> None:
    variables = {"PATH": "/usr/bin:/bin", "LD_PRELOAD": "/no/such.so"}
    code, out, err = run([1, 2, [3]], variables, "id")
    assert (code, out.split()[:2]) == (0, ["uid=1(daemon)", "gid=2(bin)"])
    # Once by the program, and not by what started it.
    assert err.count("/no/such.so") == 1


def test_what_cannot_be_run_ends_as_in_a_shell() -> None:
    assert run(None, {}, "no-such-program")[::2] == (
        127,
        "no-such-program: No such file or directory\n",
    )
    assert run(None, {}, "/etc/passwd")[0] == 126
