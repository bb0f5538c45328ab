"""master add, remove, replace, list: one order each, told when it is so; refusals are one line."""

import json

import pytest

from tests.trimast.cli.command import trimast
from tests.trimast.framework.fake_master import FakeMaster, run

NEW = "10.0.0.4:5053/10.0.0.4:5052/10.0.0.4:5050"


def test_a_master_is_added_and_how_far_it_is_is_told_on_the_way() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("master", "add", f"m4={NEW}", "--master", master.address)
            assert master.cluster.members["m4"] == NEW
        assert result.code == 0
        assert result.out == "the masters are m1, m2, m4 (configuration 2)\n"
        assert "m4 lacks 7 entries" in result.err

    run(story())


def test_who_is_removed_may_be_switched_off_when_the_command_returns() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("master", "remove", "m2", "--master", master.address)
        assert (result.code, result.err) == (0, "m2 may be switched off\n")

    run(story())


def test_one_takes_the_place_of_another_in_one_step() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast(
                "master", "replace", "m2", f"m3={NEW}", "--json", "--master", master.address
            )
        assert json.loads(result.out) == {"configuration": 2, "members": ["m1", "m3"]}

    run(story())


def test_a_change_that_lost_its_leader_is_asked_for_again() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            master.cluster.changes_to_lose = 2
            result = await trimast("master", "remove", "m2", "--master", master.address)
            assert "m2" not in master.cluster.members
        assert result.code == 0
        assert result.err.count("trying again: leadership was lost meanwhile") == 2

    run(story())


def test_a_refusal_says_why() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("master", "remove", "m9", "--master", master.address)
        assert result.code == 1
        assert "m9 is no member" in result.err

    run(story())


@pytest.mark.parametrize("text", ["m4", "m4=a:1", "=a:1/b:2/c:3"])
def test_an_address_that_cannot_be_one_is_refused_here(text: str) -> None:
    async def story() -> None:
        result = await trimast("master", "add", text, "--master", "127.0.0.1:1")
        assert result.code == 2
        assert "should be ID=RAFT/GRPC/HTTP" in result.err

    run(story())


def test_the_list_names_who_votes_and_who_is_catching_up() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("master", "list", "--json", "--master", master.address)
        rows = json.loads(result.out)
        assert [(r["id"], r["state"], r["votes"], r["lacks"]) for r in rows] == [
            ("m1", "leading", True, None),
            ("m2", "catching up", False, 12),
        ]

    run(story())
