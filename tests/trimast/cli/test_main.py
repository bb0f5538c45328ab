"""The command as a whole: help, wrong usage, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.trimast.cli.command import ROOT, Ended, trimast
from tests.trimast.framework.fake_master import FakeMaster, run


def ended(*arguments: str, **variables: str) -> Ended:
    results: list[Ended] = []

    async def story() -> None:
        results.append(await trimast(*arguments, **variables))

    run(story())
    return results[0]


def test_help_needs_neither_grpc_nor_rich() -> None:
    script = (
        "import sys\n"
        "from trimast.cli.__main__ import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "assert not {'grpc', 'google.protobuf', 'rich', 'asyncio'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "kill-leader" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rnu"], "there is no command 'rnu'; did you mean 'run'?"),
        (["run", "--cpsu", "1", "--", "true"], "No such option '--cpsu'"),
        (["run"], "Missing argument '-- CMD ...'"),
        (["run", "--cpus", "none", "--", "true"], "'--cpus'"),
        (["run", "--master", "here", "--", "true"], "should look like 127.0.0.1:5052"),
        (["run", "--name", "a/b", "--", "true"], "an id has no slash"),
        (["up", "--masters", "0"], "'--masters'"),
        (["up", "--agent-resources", "lots"], "write them like cpus:4"),
        (["tasks", "--master", "a:1", "--dir", "d"], "give one of them"),
        (["drill", "kill-leader", "--times", "0"], "'--times'"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], told: str) -> None:
    result = ended(*arguments)
    assert result.code == 2
    assert told in result.err
    assert len(result.err.splitlines()) == 1
    assert result.out == ""


@pytest.mark.parametrize(
    "command",
    ["down", "revive", "kill-leader", "tasks", "run -- true", "drill kill-leader"],
)
def test_a_folder_without_a_cluster_is_named(command: str, tmp_path: Path) -> None:
    name, *more = command.split(" -- ")
    tail = ["--", *more] if more else []
    result = ended(*name.split(), "--dir", str(tmp_path), *tail)
    assert result.code == 2
    assert f"there is no cluster in {tmp_path}; start one: trimast up" in result.err


@pytest.mark.parametrize("command", [["tasks"], ["run", "--", "true"]], ids=["tasks", "run"])
def test_without_a_leader_the_exit_code_is_3(command: list[str]) -> None:
    async def story() -> None:
        async with FakeMaster(leads=False) as master:
            name, *tail = command
            options = ["--master", master.address, "--timeout", "0.2"]
            result = await trimast(name, *options, *tail)
        assert result.code == 3
        assert "no master leads" in result.err
        assert master.address in result.err
        assert len(result.err.splitlines()) == 1

    run(story())


def test_masters_may_be_named_by_the_environment() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("agents", "--json", TRIMAST_MASTERS=master.address)
        assert (result.code, result.document) == (0, [])

    run(story())


@pytest.mark.parametrize("process", ["master", "agent"])
def test_a_process_answers_for_its_own_flags(process: str) -> None:
    result = ended(process, "--help")
    assert result.code == 0
    assert "--ready-file" in result.out
