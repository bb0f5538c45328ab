"""transfer-leader: who leads then is told; a refusal is one line."""

from tests.trimast.cli.command import trimast
from tests.trimast.framework.fake_master import FakeMaster, run


def test_it_says_who_leads_now() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            anyone = await trimast("transfer-leader", "--master", master.address)
            chosen = await trimast("transfer-leader", "--to", "m3", "--master", master.address)
        assert (anyone.code, anyone.err) == (0, "m2 leads\n")
        assert (chosen.code, chosen.err) == (0, "m3 leads\n")

    run(story())


def test_a_refusal_says_why() -> None:
    async def story() -> None:
        async with FakeMaster() as master:
            result = await trimast("transfer-leader", "--to", "unknown", "--master", master.address)
        assert result.code == 1
        assert "NOT_FOUND: there is no such master" in result.err

    run(story())
