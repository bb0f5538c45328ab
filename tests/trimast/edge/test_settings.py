import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trimast.edge.settings import settings_command


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyConfig:
    name: str
    """Whom it serves."""
    offer_timeout_ms: int = 30_000
    """How long a framework may hold an offer
    unanswered."""
    share: float = 0.5
    """A part."""
    masters: tuple[str, ...] = ()
    """Some of them."""
    data_dir: Path | None = None
    """Where."""
    log_json: bool = False
    """How."""

    def __post_init__(self) -> None:
        if self.offer_timeout_ms < 1000:
            raise ValueError("offer_timeout_ms must be at least 1000")


def invoke(*arguments: str, env: dict[str, str] | None = None) -> tuple[Result, ToyConfig | None]:
    got: list[ToyConfig] = []
    command = settings_command(ToyConfig, got.append, name="master", about="A toy.")
    result = CliRunner().invoke(command, arguments, env=env or {})
    return result, got[0] if got else None


def config(*arguments: str, env: dict[str, str] | None = None) -> ToyConfig:
    result, got = invoke("--name", "n", *arguments, env=env)
    assert got is not None, result.output
    return got


def refusal(*arguments: str, env: dict[str, str] | None = None) -> str:
    result, got = invoke(*arguments, env=env)
    assert (result.exit_code, got) == (2, None)
    return " ".join(result.output.split())


def test_what_is_not_set_has_its_default() -> None:
    assert config() == ToyConfig(name="n")


def test_every_kind_of_setting_can_be_a_flag() -> None:
    flags = "--offer-timeout-ms 2000 --share 0.1 --masters a:1,b:2 --data-dir /d --log-json"
    assert config(*flags.split()) == ToyConfig(
        name="n",
        offer_timeout_ms=2000,
        share=0.1,
        masters=("a:1", "b:2"),
        data_dir=Path("/d"),
        log_json=True,
    )


def test_every_kind_of_setting_can_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(
        'data_dir = "/d"\n[master]\noffer_timeout_ms = 2000\nshare = 1\n'
        'masters = ["a:1", "b:2"]\nlog_json = true\n[agent]\nwhatever = 1\n'
    )
    assert config("--config", str(file)) == ToyConfig(
        name="n",
        offer_timeout_ms=2000,
        share=1,
        masters=("a:1", "b:2"),
        data_dir=Path("/d"),
        log_json=True,
    )


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("offer_timeout_ms = 2000\n[master]\noffer_timeout_ms = 3000\n")
    from_file = ["--config", str(file)]
    env = {"TRIMAST_OFFER_TIMEOUT_MS": "4000"}
    assert config(*from_file).offer_timeout_ms == 3000
    assert config(*from_file, env=env).offer_timeout_ms == 4000
    assert config(*from_file, "--offer-timeout-ms", "5000", env=env).offer_timeout_ms == 5000


def test_the_file_itself_may_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("offer_timeout_ms = 2000")
    assert config(env={"TRIMAST_CONFIG": str(file)}).offer_timeout_ms == 2000


def test_help_tells_what_each_is_for_and_its_default() -> None:
    result, _ = invoke("--help")
    text = " ".join(result.output.split())
    assert "--offer-timeout-ms INTEGER How long a framework may hold an offer unanswered." in text
    assert "default: 30000" in text
    assert "TRIMAST_OFFER_TIMEOUT_MS" in text


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ("[master]\nofer_timeout_ms = 1", "'ofer_timeout_ms'; did you mean offer_timeout_ms?"),
        ("[master]\nxyz = 1", "[master]: no setting is called 'xyz'; there are: data_dir,"),
        ("xyz = 1", "no setting is called 'xyz'"),
        ("[schedule]\nx = 1", "no setting is called 'schedule'"),
        ("master = 1", "master must be a table, [master]"),
        ('offer_timeout_ms = "a"', "offer_timeout_ms must be a whole number, not 'a'"),
        ("offer_timeout_ms = 1.5", "offer_timeout_ms must be a whole number, not 1.5"),
        ("offer_timeout_ms = true", "offer_timeout_ms must be a whole number, not True"),
        ('log_json = "yes"', "log_json must be true or false, not 'yes'"),
        ("name = 1", "name must be a text in quotes, not 1"),
        ("masters = [1]", "masters must be a list of texts"),
        ("offer_timeout_ms = 5", "offer_timeout_ms must be at least 1000"),
        ("= 5", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path: Path, toml: str, text: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(toml)
    assert text in refusal("--name", "n", "--config", str(file))


@pytest.mark.parametrize(
    ("arguments", "env", "text"),
    [
        (["--offer-timeout", "1"], {}, "--offer-timeout"),
        (["--offer-timeout-ms", "x"], {}, "'x' is not a valid integer"),
        ([], {"TRIMAST_OFFER_TIMEOUT_MS": "x"}, "TRIMAST_OFFER_TIMEOUT_MS"),
        (["--offer-timeout-ms", "5"], {}, "offer_timeout_ms must be at least 1000"),
        (["--config", "/no/such/file"], {}, "does not exist"),
        (["extra"], {}, "unexpected extra argument"),
    ],
)
def test_flags_that_cannot_be_right_are_refused(
    arguments: list[str], env: dict[str, Any], text: str
) -> None:
    assert text in refusal("--name", "n", *arguments, env=env)


def test_what_must_be_given_is_asked_for() -> None:
    assert "Missing option '--name'" in refusal()


def test_an_agent_refuses_what_it_does_not_know_with_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--masters", "nowhere", "--work-dir", "/x"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "masters must be host:port each, not 'nowhere'" in done.stderr
