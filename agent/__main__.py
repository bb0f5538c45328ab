"""`python -m agent`: an agent, until it is told to stop."""

import trimast.edge.without_rich  # noqa: F401

# isort: split
import asyncio
import sys

from agent.assembly import run_agent
from agent.config import AgentConfig
from trimast.edge.logs import set_up_logs
from trimast.edge.settings import settings_command


def run(config: AgentConfig) -> None:
    set_up_logs(config.log_level, config.log_json)
    sys.exit(asyncio.run(run_agent(config)))


main = settings_command(
    AgentConfig,
    run,
    name="agent",
    about="Runs tasks on this machine for the masters of a cluster.",
)

if __name__ == "__main__":
    main()
