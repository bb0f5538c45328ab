"""Settings as tools of Mesos ask for them."""

from pathlib import Path

from agent.config import AgentConfig
from agent.edge.mesos.flags import flags_of


def test_every_setting_is_a_text_but_those_that_may_hold_a_secret() -> None:
    config = AgentConfig(masters=("a:1", "b:2"), work_dir=Path("w"), podman_run_args="--env A=b")
    flags = flags_of(config, Path("/srv/w"))
    assert (flags["work_dir"], flags["masters"]) == ("/srv/w", "a:1,b:2")
    assert (flags["executor_token"], flags["port"]) == ("false", "5051")
    assert "podman_run_args" not in flags
    assert all(isinstance(value, str) for value in flags.values())
