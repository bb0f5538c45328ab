"""Says at the end of a run how much of a cluster's life it has seen."""

import pytest

from tests.simulation.raft.world import TOLD


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TOLD.took_s > 0:
        hours, minutes = TOLD.simulated_s / 3600, TOLD.took_s / 60
        terminalreporter.write_line(
            f"the replicated log: {hours:.2f} simulated hours in {minutes:.1f} minutes, "
            f"{hours / minutes:.2f} h a minute"
        )
