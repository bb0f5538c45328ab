"""The demonstration ends well, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import psutil


def processes_with(text: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if any(text in argument for argument in process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_the_demonstration_counts_right_and_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "trimast.cli", "demo", "--keep", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kill -9" in done.stdout
    assert "took over" in done.stdout
    assert done.stdout.count("ok  ") == 3
    assert processes_with(str(folder)) == []
