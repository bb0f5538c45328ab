"""What must end a process does, and what must not does not. Each in a process of its own."""

import subprocess
import sys

import pytest

from trimast.edge.fatal import FATAL_EXIT_CODE

PRELUDE = """
import asyncio
from trimast.edge.fatal import *
from trimast.edge.logs import set_up_logs
set_up_logs("info", as_json=False)

def fail(error):
    raise error
"""


def run(program: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stderr


def test_the_end_is_said_in_the_log_and_nothing_runs_after_it() -> None:
    code, said = run(
        "try:\n    end_process('disk_failed', path='/x')\nfinally:\n    print('tidied')\n"
    )
    assert code == FATAL_EXIT_CODE
    assert "disk_failed path=/x" in said


@pytest.mark.parametrize("error", ["ValueError('x')", "AssertionError()", "KeyError(1)"])
def test_a_core_that_fails_ends_the_process(error: str) -> None:
    code, said = run(f"fatal_if_it_fails(lambda event: fail({error}))('event')")
    assert (code, "core_failed what=str" in said) == (FATAL_EXIT_CODE, True)
    assert "Traceback" in said


def test_a_failed_assert_in_a_callback_ends_the_process() -> None:
    code, said = run(
        """
async def main():
    loop = asyncio.get_running_loop()
    make_failed_asserts_fatal(loop)
    loop.call_soon(fail, AssertionError("sum"))
    await asyncio.sleep(10)
asyncio.run(main())
"""
    )
    assert (code, "assertion_failed" in said) == (FATAL_EXIT_CODE, True)


def test_another_error_in_a_callback_is_logged_and_survived() -> None:
    code, said = run(
        """
async def main():
    loop = asyncio.get_running_loop()
    make_failed_asserts_fatal(loop)
    loop.call_soon(fail, ValueError("odd"))
    await asyncio.sleep(0.01)
asyncio.run(main())
"""
    )
    assert (code, "callback_failed" in said) == (0, True)


def test_a_task_of_ours_that_fails_ends_the_process() -> None:
    code, said = run(
        """
async def work():
    fail(ValueError("odd"))
async def main():
    task = own_task(work())
    await asyncio.sleep(10)
asyncio.run(main())
"""
    )
    assert (code, "task_failed" in said) == (FATAL_EXIT_CODE, True)


def test_a_task_of_ours_may_be_cancelled() -> None:
    code, _ = run(
        """
async def main():
    task = own_task(asyncio.sleep(10))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0.01)
asyncio.run(main())
"""
    )
    assert code == 0
