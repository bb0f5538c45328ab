"""`trimast tls` as its users type it."""

import asyncio
from pathlib import Path

from tests.trimast.cli.command import trimast


def test_certificates_are_made_added_renewed_and_shown(tmp_path: Path) -> None:
    at = ("--dir", str(tmp_path / "tls"))

    async def story() -> None:
        made = await trimast("tls", "init", *at, "--cluster", "blue", "--masters", "m1, m2,m3")
        assert (made.code, made.err) == (0, "")
        assert f"{tmp_path / 'tls' / 'm2'}  is for m2 alone" in made.out
        assert (await trimast("tls", "add", *at, "m4", "--days", "10")).code == 0
        shown = await trimast("tls", "show", *at, "--json")
        assert [(row["id"], row["identity"], row["days_left"]) for row in shown.document] == [
            ("authority", None, 3649),
            ("m1", "trimast://blue/master/m1", 364),
            ("m2", "trimast://blue/master/m2", 364),
            ("m3", "trimast://blue/master/m3", 364),
            ("m4", "trimast://blue/master/m4", 9),
        ]
        assert {row["state"] for row in shown.document} == {"valid"}
        assert (await trimast("tls", "renew", *at, "m4")).code == 0
        assert (await trimast("tls", "show", *at, "--json")).document[-1]["days_left"] == 364
        table = await trimast("tls", "show", *at)
        assert "trimast://blue/master/m4" in table.out

    asyncio.run(story())


def test_what_cannot_be_done_is_one_line(tmp_path: Path) -> None:
    at = ("--dir", str(tmp_path / "tls"))

    async def story() -> None:
        to_init = ("tls", "init", *at, "--cluster", "blue", "--masters")
        for command, code, words in (
            (("tls", "show", *at), 2, "holds no authority"),
            ((*to_init, ","), 2, "names nobody"),
            ((*to_init, "m/1"), 2, "'m/1' cannot be a name"),
            ((*to_init, "m1"), 0, ""),
            ((*to_init, "m1"), 2, "is not empty"),
            (("tls", "add", *at, "m1"), 2, "m1 exists"),
        ):
            ended = await trimast(*command)
            assert (ended.code, ended.err.count("\n")) == (code, 1 if code else 0)
            assert words in ended.err
        (tmp_path / "tls" / "m1" / "cert.pem").write_text("nothing")
        damaged = await trimast("tls", "show", *at)
        assert (damaged.code, damaged.err.count("\n")) == (1, 1)
        assert "cert.pem is not a PEM certificate" in damaged.err

    asyncio.run(story())
