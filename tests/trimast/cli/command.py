"""Runs the `trimast` command as its users do: a process, its output, its exit code."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


async def trimast(*arguments: str, **variables: str) -> Ended:
    """
    Args:
        variables: added to an environment that has no settings of ours.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TRIMAST_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "trimast.cli", *arguments),
        env={**kept, "PYTHONPATH": str(ROOT), **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
