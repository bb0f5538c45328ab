"""Processes without a terminal do not load what only a terminal shows."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("process", ["agent", "master"])
def test_a_process_does_not_load_what_draws_tables(process: str) -> None:
    program = (
        f"import {process}.__main__, sys;"
        "print([name for name in sys.modules if name.startswith('rich.')])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
