"""Pages that may be large leave the loop to others while they are made."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from agent.edge.mesos.answers import add_everywhere, json_answer, listing_answer
from tests.agent.edge.pages import giving_way, showing

ROWS = 50


def test_others_have_their_turn_between_the_rows_of_a_listing() -> None:
    async def story() -> tuple[int, list[str]]:
        happened: list[str] = []
        loop = asyncio.get_running_loop()

        def row(number: int) -> int:
            happened.append("row")
            loop.call_soon(happened.append, "other")
            return number

        request = make_mocked_request("GET", "/rows")
        answer = await listing_answer(request, giving_way(), "rows", lambda: map(row, range(ROWS)))
        assert isinstance(answer, web.Response)
        assert answer.body == str(list(range(ROWS))).encode()
        return answer.status, happened

    assert asyncio.run(story()) == (200, ["row", "other"] * ROWS)


def test_what_is_refused_is_said_in_json_everywhere() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        return await json_answer(request, {"a": 1}, {"X-More": "yes"})

    async def story(path: str) -> tuple[int, Any, str | None]:
        async with (
            showing(lambda app: add_everywhere(app, "/page", page)) as get,
            get(path) as answer,
        ):
            return answer.status, await answer.json(), answer.headers.get("X-More")

    for path in ("/page", "/page.json", "/slave(1)/page", "/page/more"):
        assert asyncio.run(story(path)) == (200, {"a": 1}, "yes")
        refused = (400, {"error": "jsonp must be the name of a function"}, None)
        assert asyncio.run(story(f"{path}?jsonp=a b".replace(" ", "%20"))) == refused
